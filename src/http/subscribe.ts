import type { Socket } from 'node:net';
import { SseError } from '../errors.ts';
import { TOPICS_LIMIT, topicProblem } from '../event/draft.ts';
import { encodeRetry } from '../event/encode.ts';
import type { Client } from '../event/identity.ts';
import type { Observe } from '../hub/activity.ts';
import type { Hub } from '../hub/hub.ts';
import type { Position } from '../hub/resume.ts';
import type { Authentication, Evidence } from '../identity/authenticate.ts';
import type { Grant } from '../identity/grant.ts';
import { type CorsOptions, corsHeaders, PREFLIGHT } from './cors.ts';
import { EventStream, STREAM_HEADERS } from './event-stream.ts';
import { type Exchange, type Handler, header, refusal } from './exchange.ts';
import { hasWaiting } from './pipelining.ts';
import { parseSince } from './since.ts';

export interface SubscribeOptions {
  readonly hub: Hub;
  readonly authentication: Authentication;
  /** The name of the authentication cookie. */
  readonly authCookie: string;
  readonly cors: CorsOptions;
  /** How long a full client may make no progress, in ms. */
  readonly stallTime: number;
  /** At most this many clients at once. */
  readonly maxClients: number;
  readonly newClientId: () => string;
  readonly now: () => number;
  readonly observe: Observe;
  /** Whether the server is stopping and takes nobody any more. */
  readonly stopping: () => boolean;
}

/** Sockets that carry an event stream: nothing else may be asked for on them. */
const streaming = new WeakSet<Socket>();

export function isStreaming(socket: Socket): boolean {
  return streaming.has(socket);
}

/** `GET /sse`: opens an event stream. */
export function subscribe(options: SubscribeOptions): Handler {
  return async (exchange) => {
    const { req, res, method, headers } = exchange;
    Object.assign(headers, corsHeaders(req.headers.origin, req.headers.host, options.cors));
    if (method === 'OPTIONS') return void res.writeHead(204, { ...PREFLIGHT, ...headers }).end();
    checkRequest(exchange);
    const topics = topicsOf(exchange.query);
    const asked = positionOf(exchange, options);
    const grant = await identify(exchange, options);
    if (grant instanceof SseError) return refuse(exchange, grant, options.observe);
    // After that: whoever is refused makes nobody look into the store, and who had to wait is located as things stand then.
    const position = await options.hub.locate(asked);
    if (method === 'HEAD') return void res.writeHead(200, { ...STREAM_HEADERS, ...headers }).end();

    const socket = res.socket;
    // Gone meanwhile, or with requests behind it that would never get their turn.
    if (!socket || socket.destroyed || hasWaiting(socket)) return void req.socket.destroy();
    const full = fullBecause(options);
    if (full) return refuse(exchange, full, options.observe);

    streaming.add(socket);
    const client: Client = { ...grant.identity, topics, client: { id: options.newClientId(), ip: exchange.ip } };
    const stream = new EventStream(res, headers, options.stallTime);
    stream.follow(options.hub.attach(stream, client, position));
  };
}

function checkRequest({ req, method, headers }: Exchange): void {
  if (method !== 'GET' && method !== 'HEAD') {
    headers.allow = 'GET, HEAD, OPTIONS';
    throw new SseError(
      'method-not-allowed',
      'an event stream is opened with GET; events are published with POST /admin/broadcast',
    );
  }
  if (!acceptsEventStream(req.headers.accept))
    throw new SseError('not-acceptable', 'this is an event stream: Accept must allow text/event-stream');
}

function fullBecause({ hub, maxClients, stopping }: SubscribeOptions): SseError | undefined {
  if (stopping()) return new SseError('stopping', 'the server is stopping');
  if (hub.size >= maxClients) return new SseError('at-capacity', `all ${maxClients} places are taken; see --max-clients`);
  return undefined;
}

/** Browsers give up for ever on any status but 200: they are told to come back instead (design §10). */
function refuse(exchange: Exchange, error: SseError, observe: Observe): void {
  const seconds = 5 + Math.random() * 10;
  if (!header(exchange.req, 'accept')?.toLowerCase().includes('text/event-stream')) {
    exchange.headers['retry-after'] = String(Math.ceil(seconds));
    throw error;
  }
  observe(refusal(exchange, error));
  exchange.res.writeHead(200, { ...STREAM_HEADERS, ...exchange.headers }).end(encodeRetry(Math.round(seconds * 1000)));
}

/** What the request proves, or why that cannot be found out now: it may be good, so its sender must not be turned away for ever. */
async function identify(exchange: Exchange, { authentication, authCookie }: SubscribeOptions): Promise<Grant | SseError> {
  try {
    return await authentication.identify(evidenceOf(exchange, authCookie));
  } catch (error) {
    if (error instanceof SseError && error.code === 'unverifiable') return error;
    throw error;
  }
}

function evidenceOf({ req, query, severalCredentials }: Exchange, authCookie: string): Evidence {
  // Of several, none counts.
  const authorization = severalCredentials ? '' : req.headers.authorization;
  const cookie = cookieOf(req.headers.cookie, authCookie);
  return { query, ...(authorization !== undefined && { authorization }), ...(cookie !== undefined && { cookie }) };
}

/** The header wins: an EventSource repeats its URL when it comes back, and its header is newer (design §9). */
function positionOf({ req, query }: Exchange, { now }: SubscribeOptions): Position {
  const lastEventId = header(req, 'last-event-id') || query.get('lastEventId');
  if (lastEventId) return { lastEventId };
  const text = query.get('since');
  if (text === null) return {};
  const since = parseSince(text, now());
  if (since !== undefined) return { since };
  const detail = 'must be a duration such as 10m, a time such as 2026-11-22T10:00:00Z, or earliest';
  throw SseError.of('invalid-request', [{ pointer: '?since', detail }]);
}

/** RFC 9110 §12.5.1, as far as one media type goes. None is any. */
function acceptsEventStream(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true;
  const refused = new Map(
    accept.split(',').map((range) => {
      const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
      return [type, parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))];
    }),
  );
  // The most specific range decides.
  const range = ['text/event-stream', 'text/*', '*/*'].find((type) => refused.has(type));
  return range !== undefined && refused.get(range) === false;
}

function topicsOf(query: URLSearchParams): readonly string[] {
  // As publishers write it; without a word, such a client would never get what it came for.
  if (query.has('topics'))
    throw SseError.of('invalid-request', [{ pointer: '?topics', detail: "is called 'topic' here, once for each" }]);
  const topics = query.getAll('topic');
  const problem =
    topics.length > TOPICS_LIMIT
      ? `at most ${TOPICS_LIMIT} topics`
      : topics.map(topicProblem).find((found) => found !== undefined);
  if (problem !== undefined) throw SseError.of('invalid-request', [{ pointer: '?topic', detail: problem }]);
  return topics.length === 0 ? NO_TOPICS : topics;
}

const NO_TOPICS: readonly string[] = Object.freeze([]);

/** The first cookie of that name (RFC 6265 §5.4 puts the most specific one first). */
function cookieOf(cookies: string | undefined, name: string): string | undefined {
  for (const pair of cookies?.split(';') ?? []) {
    const [key = '', ...value] = pair.split('=');
    if (key.trim() === name)
      return value
        .join('=')
        .trim()
        .replace(/^"(.*)"$/, '$1');
  }
  return undefined;
}
