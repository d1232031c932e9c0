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
export function sendProblem(res: ServerResponse, error: SseError, headers: OutgoingHttpHeaders = {}): void {
  const close = res.req.complete ? {} : { connection: 'close' };
  send(res, STATUS[error.code], 'application/problem+json; charset=utf-8', `${JSON.stringify(problemOf(error))}\n`, {
    ...headers,
    ...close,
  });
}

/** Sends plain text. */
export function sendText(res: ServerResponse, status: number, text: string, headers: OutgoingHttpHeaders = {}): void {
  send(res, status, 'text/plain; charset=utf-8', text, headers);
}

function send(res: ServerResponse, status: number, type: string, text: string, headers: OutgoingHttpHeaders): void {
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
