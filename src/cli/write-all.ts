import type { Writable } from 'node:stream';
import { SseError } from '../errors.ts';

/** Its reader went (`sse-server tail | head`), which is no mistake; whoever writes on finds the stream ended. */
const GONE: readonly (string | undefined)[] = ['EPIPE', 'ERR_STREAM_DESTROYED'];

/**
 * Writes, and settles when it is written: what a slow reader has not taken must not pile up here.
 * @throws SseError `request-failed` for what cannot be written: a full disk
 */
export function writeAll(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      const { code, message } = (error ?? {}) as NodeJS.ErrnoException;
      if (!error || GONE.includes(code)) resolve();
      else reject(new SseError('request-failed', `stdout cannot be written: ${message}`));
    });
  });
}
