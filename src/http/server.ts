import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type ErrorCode, SseError } from '../errors.ts';
import type { Observe } from '../hub/activity.ts';
import type { Bodies } from './bodies.ts';
import { isBeingRead } from './body.ts';
import { type Exchange, type Handler, openExchange, refusal } from './exchange.ts';
import { hasWaiting, itsTurn } from './pipelining.ts';
import { problemOf, STATUS } from './problem.ts';
import { NamedResponse, newRequestId, REQUEST_ID } from './request-id.ts';
import { sendProblem } from './respond.ts';
import { isStreaming } from './subscribe.ts';

/** A client that takes nothing of its answer for this long is cut, in ms. Event streams have a time of their own. */
const STALL_TIME = 30_000;

/** How long a client whose request could not be read may take to close its side, in ms. */
const FAREWELL = 1000;

/** Node's limits, each on purpose. Times in ms. */
const LIMITS = {
  // `openExchange` does, in our words and with a report.
  requireHostHeader: false,
  // Whole headers, and whole requests: slow senders are cut (checked every second).
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1000,
  // Longer than the 60 s that common proxies keep idle connections, so that the server is not the one who closes first.
  keepAliveTimeout: 72_000,
  // TCP keepalive finds peers that vanished without a word.
  keepAlive: true,
  keepAliveInitialDelay: 30_000,
  noDelay: true,
};

export interface HttpServerOptions {
  readonly handler: Handler;
  readonly addressOf: (req: IncomingMessage) => string;
  readonly requestIdOf: (req: IncomingMessage) => string;
  /** Of all servers of the process together. */
  readonly bodies: Bodies;
  readonly observe: Observe;
  /** Of a request's head, its first line included, in bytes. */
  readonly headerLimit: number;
  /** Of a request's target, in bytes; undefined is no limit but that of its head. Asked each time: it may change while the server runs. */
  readonly urlLimit: () => number | undefined;
}

/** An HTTP server that opens exchanges, hands them to a handler, and turns whatever that throws into the answer. */
export function httpServer(options: HttpServerOptions): Server {
  const { handler, addressOf, requestIdOf, bodies, observe, headerLimit, urlLimit } = options;
  const answer = async (req: IncomingMessage, res: NamedResponse): Promise<void> => {
    res.requestId = requestIdOf(req);
    // Nothing may follow on a connection that carries an event stream: it never ends.
    // Nor on one that was answered already, by a time-out or because what came was no HTTP.
    if (isStreaming(req.socket) || req.socket.writableEnded) return void req.socket.destroy();
    // No socket yet: a request before it is still to be answered.
    if (!res.socket && !(await itsTurn(req, res))) return;
    const { method = '', url = '' } = req;
    // Never with its query: there may be a ticket in it.
    const path = pathOf(url);
    const { requestId } = res;
    let exchange: Pick<Exchange, 'method' | 'path' | 'ip' | 'requestId' | 'headers'> = {
      method,
      path,
      ip: addressOf(req),
      requestId,
      headers: {},
    };
    try {
      const opened = openExchange(req, res, { ip: exchange.ip, requestId, bodies }, urlLimit());
      exchange = opened;
      await handler(opened);
    } catch (error) {
      if (error instanceof SseError) observe(refusal(exchange, error));
      else observe({ kind: 'failed', what: `${exchange.method} ${exchange.path}`, requestId, error });
      fail(res, error, exchange.headers);
    }
  };
  const server = createServer({ ...LIMITS, maxHeaderSize: headerLimit, ServerResponse: NamedResponse }, answer);
  // Node would stop reading headers here without a word; they are counted in `openExchange`.
  server.maxHeadersCount = 0;
  server.timeout = STALL_TIME;
  // Node answers by itself, without a report, and keeps the connection with the body that is still to come.
  server.on('checkExpectation', (req: IncomingMessage, res: NamedResponse) => {
    if (isStreaming(req.socket) || req.socket.writableEnded || !res.socket) return void req.socket.destroy();
    const detail = 'of what can be expected only 100-continue is known';
    const requestId = requestIdOf(req);
    res.requestId = requestId;
    const { method = '', url = '' } = req;
    const path = pathOf(url);
    observe({ kind: 'refused', code: 'invalid-request', detail, method, path, ip: addressOf(req), requestId });
    res.writeHead(417, { connection: 'close', 'content-length': 0 }).end();
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const code = brokenRequest(error);
    // Answered already: this is more of the same.
    if (socket.writableEnded) return;
    const requestId = newRequestId();
    const ip = socket.remoteAddress ?? '';
    const limit = `the head of a request has at most ${headerLimit} bytes, its URL included; see --header-limit`;
    const detail = code === 'too-many-headers' ? limit : error.message;
    if (code) observe({ kind: 'refused', code, detail, method: '', path: '', ip, requestId });
    if (code && code !== 'timeout' && closesAfterAnswer(socket)) return;
    if (!code || !socket.writable || isAnswering(socket)) return void socket.destroy();
    socket.end(bareAnswer(new SseError(code, detail), requestId));
    // A reset at once could overtake the answer; but whoever goes on sending and never closes its side would stay for ever.
    const timer = setTimeout(() => socket.destroy(), FAREWELL);
    socket.once('close', () => clearTimeout(timer));
  });
  return server;
}

/** What a request gets that Node could not read. Only where a limit of ours was met is there more to say than the status does. */
function bareAnswer(error: SseError, requestId: string): string {
  const status = STATUS[error.code];
  const isAtLimit = error.code === 'too-many-headers';
  const body = isAtLimit ? `${JSON.stringify(problemOf(error, requestId))}\n` : '';
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    ...(isAtLimit ? ['Content-Type: application/problem+json; charset=utf-8'] : []),
    `Content-Length: ${Buffer.byteLength(body)}`,
    `${REQUEST_ID}: ${requestId}`,
    '',
    body,
  ].join('\r\n');
}

function pathOf(url: string): string {
  const mark = url.indexOf('?');
  return mark === -1 ? url : url.slice(0, mark);
}

/** What Node's own handlers look at. */
interface Conversing {
  /** The answer that is on its way. */
  readonly _httpMessage?: NamedResponse | null;
  /** The request that comes, or that came last. */
  readonly parser?: { readonly incoming?: IncomingMessage | null } | null;
}

/**
 * Whether an answer or an event stream is on its way, into which nothing else may be written, or a request is being carried out, or was
 * answered before its body came: whatever is written now would be taken for an answer to that, or to the next one.
 */
function isAnswering({ _httpMessage: res, parser }: Socket & Conversing): boolean {
  return res ? res.headersSent || !isBeingRead(res.req) : parser?.incoming?.complete === false;
}

/** Requests that change nothing, whose answers can be had again. */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Where what cannot be read stands behind an order that is being carried out, that still gets its answer, and then the connection is
 * closed. Nothing is read meanwhile. @returns whether that is so
 */
function closesAfterAnswer(socket: Socket & Conversing): boolean {
  const { _httpMessage: res } = socket;
  if (!res || SAFE.has(res.req.method ?? '') || res.headersSent || !res.req.complete || hasWaiting(socket)) return false;
  socket.pause();
  res.shouldKeepAlive = false;
  return true;
}

/** What Node's parser found; undefined when the client has just gone. */
function brokenRequest({ code }: NodeJS.ErrnoException): ErrorCode | undefined {
  if (code === 'ECONNRESET' || code === 'EPIPE') return undefined;
  if (code === 'HPE_HEADER_OVERFLOW') return 'too-many-headers';
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return 'too-large';
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'timeout' : 'invalid-request';
}

function fail(res: NamedResponse, error: unknown, headers: OutgoingHttpHeaders): void {
  if (res.headersSent || res.destroyed || res.socket?.writableEnded) res.destroy();
  else if (error instanceof SseError) sendProblem(res, error, res.requestId, { ...headersFor(error), ...headers });
  else res.writeHead(500, { connection: 'close', 'content-length': 0 }).end();
}

/** What an error's answer carries. RFC 6750 §3: a bare challenge where nothing was shown, `invalid_token` for whatever is wrong with what was. */
function headersFor({ code }: SseError): OutgoingHttpHeaders {
  if (code === 'unauthenticated') return { 'www-authenticate': 'Bearer' };
  if (STATUS[code] === 503) return { 'retry-after': '5' };
  if (code === 'invalid-credential') return { 'www-authenticate': 'Bearer error="invalid_token"' };
  return {};
}
