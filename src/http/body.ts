import type { IncomingMessage } from 'node:http';
import { SseError } from '../errors.ts';

const NOTHING = Buffer.alloc(0);

/** Whether somebody waits for more of a request's body: nothing has been done for it yet. */
export function isBeingRead(req: IncomingMessage): boolean {
  return req.readableFlowing === true && !req.readableEnded;
}

/**
 * Reads a request's body.
 * @param limit in bytes
 * @param hold hears how large the memory is that it needs, before that is taken; what it throws ends the reading
 * @throws SseError `too-large` as soon as that is known, by the announced length if there is one; `invalid-request` if it breaks off
 */
export function readBody(req: IncomingMessage, limit: number, hold: (bytes: number) => void): Promise<Buffer> {
  const announced = Number(req.headers['content-length'] ?? 0);
  // One buffer that grows, and not a list of chunks: each would cost far more than the one byte that may be in it.
  let body: Buffer = NOTHING;
  let size = 0;
  const grow = (bytes: number): void => {
    const room = Math.min(bytes, limit);
    hold(room);
    const grown = Buffer.allocUnsafe(room);
    body.copy(grown, 0, 0, size);
    body = grown;
  };
  const take = (chunk: Buffer): void => {
    if (size + chunk.length > limit) throw tooLarge(limit);
    // Not before its first byte: who only announces a body costs nothing.
    if (size + chunk.length > body.length) grow(size === 0 && announced > 0 ? announced : 2 * (size + chunk.length));
    chunk.copy(body, size);
    size += chunk.length;
  };
  // By its events: iterating over a stream takes several times as long as reading a short body.
  return new Promise((resolve, reject) => {
    if (announced > limit) throw tooLarge(limit);
    const leave = (): void => {
      req.off('data', onData).off('end', onEnd).off('error', onBreak).off('close', onBreak);
    };
    const onData = (chunk: Buffer): void => {
      try {
        take(chunk);
      } catch (error) {
        leave();
        reject(error as Error);
      }
    };
    const onEnd = (): void => {
      leave();
      resolve(body.subarray(0, size));
    };
    const onBreak = (): void => {
      leave();
      // It may have more than one word for it.
      req.on('error', () => {});
      reject(new SseError('invalid-request', 'the request broke off before its body was complete'));
    };
    req.on('data', onData).on('end', onEnd).on('error', onBreak).on('close', onBreak);
  });
}

function tooLarge(limit: number): SseError {
  return new SseError('too-large', `a body has at most ${limit} bytes; see --body-limit`);
}

// The byte order mark is data here: what goes in comes out.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Refuses percent-escapes that are no UTF-8: decoding would silently put U+FFFD in their place. @throws SseError `invalid-request` */
export function checkEscapes(text: string, what: string): void {
  if (!text.includes('%')) return;
  for (const [escapes] of text.matchAll(/(?:%[0-9a-f]{2})+/gi)) decodeUtf8(Buffer.from(escapes.replaceAll('%', ''), 'hex'), what);
}

/** Decodes UTF-8. @throws SseError `invalid-request` where the bytes are none */
export function decodeUtf8(bytes: Uint8Array, what: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new SseError('invalid-request', `${what} is not valid UTF-8`);
  }
}
