import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { finished } from 'node:stream';
import type { SseError } from '../errors.ts';
import { problemOf, STATUS } from './problem.ts';

/** Sends a JSON body, and a line break, which terminals like. */
export function sendJson(res: ServerResponse, status: number, value: unknown, headers: OutgoingHttpHeaders = {}): void {
  send(res, status, 'application/json; charset=utf-8', `${JSON.stringify(value)}\n`, headers);
}

/** Sends one JSON value a line (NDJSON). */
export function sendLines(res: ServerResponse, status: number, values: readonly unknown[]): void {
  send(res, status, 'application/x-ndjson', values.map((value) => `${JSON.stringify(value)}\n`).join(''), {});
}

/** Sends the problem that an error is (RFC 9457). The connection closes if the request was not read to its end. */
export function sendProblem(res: ServerResponse, error: SseError, requestId: string, headers: OutgoingHttpHeaders): void {
  const close = res.req.complete ? {} : { connection: 'close' };
  send(res, STATUS[error.code], 'application/problem+json; charset=utf-8', `${JSON.stringify(problemOf(error, requestId))}\n`, {
    ...headers,
    ...close,
  });
}

/** Sends plain text. */
export function sendText(res: ServerResponse, status: number, text: string, headers: OutgoingHttpHeaders = {}): void {
  send(res, status, 'text/plain; charset=utf-8', text, headers);
}

/** At least this many bytes go into one write, if there are as many. */
const CHUNK = 64 * 1024;
/** A client that takes nothing of a long answer for this long is cut, in ms. */
const STALL_TIME = 30_000;

/**
 * Sends text as it is made, no faster than the client takes it. If making it fails at the beginning, that is thrown and
 * nothing was sent; later, the connection breaks off, so that nobody takes the answer for whole.
 */
export async function sendStream(res: ServerResponse, type: string, text: AsyncIterable<string>): Promise<void> {
  const chunks = inChunks(text);
  // Making it may take its time; only a client that keeps us waiting is cut.
  res.setTimeout(0);
  let chunk = await chunks.next();
  res.writeHead(200, { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  for (; !chunk.done && !res.destroyed; chunk = await chunks.next()) if (!res.write(chunk.value)) await room(res);
  await chunks.return();
  if (res.destroyed) return;
  res.setTimeout(STALL_TIME);
  res.end();
}

async function* inChunks(text: AsyncIterable<string>): AsyncGenerator<string, void> {
  let pieces: string[] = [];
  let length = 0;
  for await (const piece of text) {
    pieces.push(piece);
    length += piece.length;
    if (length < CHUNK) continue;
    yield pieces.join('');
    pieces = [];
    length = 0;
  }
  yield pieces.join('');
}

/** Settles when there is room for more, or nobody there any more. */
function room(res: ServerResponse): Promise<void> {
  res.setTimeout(STALL_TIME);
  return new Promise((resolve) => {
    const settle = () => {
      res.off('drain', settle).off('close', settle);
      res.setTimeout(0);
      resolve();
    };
    res.on('drain', settle).on('close', settle);
  });
}

function send(res: ServerResponse, status: number, type: string, text: string, headers: OutgoingHttpHeaders): void {
  // Bytes: ended with a text, an answer to a client that has just gone can meet an assertion of Node's own (20.20, `resOnFinish`).
  const body = Buffer.from(text);
  res.writeHead(status, {
    'content-type': type,
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  if (res.req.method === 'HEAD') return void res.end();
  if (res.req.complete) return void res.end(body);
  res.write(body);
  // Ending now would close the connection while the client is still sending, and the reset could destroy the answer before it is
  // read. What is still coming is read away; the server's time-out for requests bounds it.
  finished(res.req, { writable: false }, () => res.end());
  res.req.resume();
}
