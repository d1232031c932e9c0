import type { IncomingMessage } from 'node:http';

/** More of an answer than any reason needs is not read. */
const MOST_READ = 64 * 1024;

/** Why there was no answer, in words. */
export function networkReason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ECONNREFUSED' || code === 'ENOENT' ? 'no server listens there' : message || String(code);
}

/** What an answer that is no success says: the detail of an RFC 9457 problem, or whatever else came, in one line. */
export async function detailIn(response: IncomingMessage): Promise<string> {
  const body = await beginningOf(response);
  try {
    const { detail } = JSON.parse(body) as { detail?: unknown };
    if (typeof detail === 'string') return detail;
  } catch {
    // Not a server of ours.
  }
  return body.split('\n', 1)[0]?.slice(0, 200) || 'no more is said';
}

async function beginningOf(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      pieces.push(piece);
      length += piece.length;
      if (length >= MOST_READ) break;
    }
  } catch {
    // It broke off; what came until then may say enough.
  }
  return Buffer.concat(pieces).toString('utf8');
}
