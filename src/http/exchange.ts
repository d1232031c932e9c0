import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { SseError } from '../errors.ts';
import type { Activity } from '../hub/activity.ts';
import type { Bodies } from './bodies.ts';
import { hostName } from './host.ts';

/** A request and its response, with what every handler asks for. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly method: string;
  /** As it was sent, not decoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Whether there are several `Authorization` headers. Node shows the first; another reader may take the last. */
  readonly severalCredentials: boolean;
  /** Throws if whoever asks may not any more: to be called when something was waited for, before anything is done. */
  recheck: () => void;
  /** What stands in the path in place of a route's `{names}`. */
  parameters: Readonly<Record<string, string>>;
  /** The client's address: the peer's, or what a trusted proxy said of it. Empty for a unix socket. */
  readonly ip: string;
  /** What names this request in its answer and in the log: short and harmless. */
  readonly requestId: string;
  /** What request bodies are read by. */
  readonly bodies: Bodies;
  /** What every answer to this request carries, errors too: `Allow`, CORS. */
  readonly headers: OutgoingHttpHeaders;
}

/** What is reported when a request is refused. */
export function refusal(
  { method, path, ip, requestId }: Pick<Exchange, 'method' | 'path' | 'ip' | 'requestId'>,
  error: SseError,
): Activity {
  const { code, message: detail, defect } = error;
  return { kind: 'refused', code, detail, method, path, ip, requestId, ...(defect !== undefined && { reason: defect }) };
}

/** Answers or throws. Whatever it throws is turned into the answer in one place (`server.ts`). */
export type Handler = (exchange: Exchange) => void | Promise<void>;

/** More header lines than this are refused; Node would drop the rest silently, and with them what a guard looks for. */
export const MAX_HEADERS = 100;
/** Of these, Node keeps the first and drops the others silently: what one part reads another may not. */
const SINGLE = new Set(['host', 'authorization', 'content-type', 'content-length', 'origin']);

/**
 * Opens an exchange.
 * @param urlLimit how long its target may be, in bytes
 * @throws SseError `invalid-request` for a target that is no path of ours, a header twice or no Host (RFC 9112 §3.2), `too-many-headers`, `uri-too-long`
 */
export function openExchange(
  req: IncomingMessage,
  res: ServerResponse,
  { ip, requestId, bodies }: Pick<Exchange, 'ip' | 'requestId' | 'bodies'>,
  urlLimit?: number,
): Exchange {
  const { rawHeaders, url: target = '/', method = 'GET' } = req;
  if (rawHeaders.length > MAX_HEADERS * 2)
    throw new SseError('too-many-headers', `a request has at most ${MAX_HEADERS} header lines`);
  // ASCII, or Node's parser has refused it: a character is a byte.
  if (urlLimit !== undefined && target.length > urlLimit)
    throw new SseError('uri-too-long', `a URL has at most ${urlLimit} bytes here, without scheme and host; see --url-limit`);
  const seen = new Set<string>();
  let severalCredentials = false;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    if (!SINGLE.has(name)) continue;
    // What is wrong with a credential, who asks for one says.
    if (name === 'authorization') severalCredentials = seen.has(name);
    else if (seen.has(name)) throw twice(name);
    seen.add(name);
  }
  // Node's parser takes others for HTTP as well; in 0.9 an answer has no head, and whoever asks in 2.0 will not read ours.
  if (req.httpVersion !== '1.1' && req.httpVersion !== '1.0') throw new SseError('invalid-request', 'HTTP/1.1 is spoken here');
  if (!seen.has('host') && req.httpVersion !== '1.0') throw new SseError('invalid-request', 'the header host is missing');
  // Empty is for targets without an authority (RFC 9112 §3.2), and those we have not.
  if (seen.has('host') && hostName(req.headers.host) === undefined)
    throw new SseError('invalid-request', 'the header host is not the name of a host');
  const { path, search } = split(target, req.headers.host);
  return {
    req,
    res,
    method,
    path,
    query: new URLSearchParams(search),
    severalCredentials,
    recheck: () => checkUnanswered(req),
    parameters: {},
    ip,
    requestId,
    bodies,
    headers: {},
  };
}

/** What was refused for taking too long is not carried out when its rest comes after all. @throws SseError `timeout` */
function checkUnanswered({ socket }: IncomingMessage): void {
  if (socket.writableEnded) throw new SseError('timeout', 'the request came to its end too late; nothing was done');
}

/** The error for a header that must stand there once. */
export function twice(name: string): SseError {
  return new SseError('invalid-request', `the header ${name} stands there twice`);
}

function split(target: string, host: string | undefined): { path: string; search: string } {
  let local = target;
  if (!target.startsWith('/')) {
    // Absolute form (RFC 9112 §3.2.2): only for this very host, so that no guard can be told another one.
    const url = URL.canParse(target) ? new URL(target) : undefined;
    if (!url || url.host !== host?.toLowerCase())
      throw new SseError('invalid-request', 'the request target is not a path of this server');
    local = url.pathname + url.search;
  }
  const mark = local.indexOf('?');
  return mark === -1 ? { path: local, search: '' } : { path: local.slice(0, mark), search: local.slice(mark + 1) };
}

/** One header's value; several lines of it joined as Node joins them. */
export function header(req: IncomingMessage, name: string): string | undefined {
  const value = req.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
