import type { IncomingMessage } from 'node:http';
import { SseError } from '../errors.ts';

const NOTHING = Buffer.alloc(0);

/**
 * Reads a request's body.
 * @param limit in bytes
 * @param hold hears how large the memory is that it needs, before that is taken; what it throws ends the reading
 * @throws SseError `too-large` as soon as that is known, by the announced length if there is one; `invalid-request` if it breaks off
 */
export async function readBody(req: IncomingMessage, limit: number, hold: (bytes: number) => void): Promise<Buffer> {
  const tooLarge = () => new SseError('too-large', `a body has at most ${limit} bytes; see --body-limit`);
  const announced = Number(req.headers['content-length'] ?? 0);
  if (announced > limit) throw tooLarge();
  // One buffer that grows, and not a list of chunks: each would cost far more than the one byte that may be in it.
  const room = (bytes: number): Buffer => {
    const most = Math.min(bytes, limit);
    hold(most);
    return Buffer.allocUnsafe(most);
  };
  let body: Buffer = NOTHING;
  let size = 0;
  try {
    // Leaving the loop must not destroy the socket: the answer is still to come.
    for await (const chunk of req.iterator({ destroyOnReturn: false })) {
      if (size + chunk.length > limit) throw tooLarge();
      if (size + chunk.length > body.length) {
        // Not before its first byte: who only announces a body costs nothing.
        const grown = room(size === 0 && announced > 0 ? announced : 2 * (size + chunk.length));
        body.copy(grown, 0, 0, size);
        body = grown;
      }
      chunk.copy(body, size);
      size += chunk.length;
    }
  } catch (error) {
    throw error instanceof SseError
      ? error
      : new SseError('invalid-request', 'the request broke off before its body was complete');
  }
  return body.subarray(0, size);
}

// The byte order mark is data here: what goes in comes out.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Refuses percent-escapes that are no UTF-8: decoding would silently put U+FFFD in their place. @throws SseError `invalid-request` */
export function checkEscapes(text: string, what: string): void {
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
