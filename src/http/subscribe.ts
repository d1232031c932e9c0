import type { Socket } from 'node:net';
import { type ErrorCode, SseError } from '../errors.ts';
import { encodeRetry } from '../event/encode.ts';
import type { Client } from '../event/identity.ts';
import type { Sizes } from '../event/sizes.ts';
import type { Observe } from '../hub/activity.ts';
import { isFarewell } from '../hub/goodbye.ts';
import type { Hub } from '../hub/hub.ts';
import type { TurnedAway } from '../hub/measures.ts';
import type { Position } from '../hub/resume.ts';
import type { Authentication } from '../identity/authenticate.ts';
import { type Grant, NOTHING_SHOWN } from '../identity/grant.ts';
import { checkConnectRate } from './connect-rate.ts';
import { corsHeaders, preflight } from './cors.ts';
import { EventStream, STREAM_HEADERS } from './event-stream.ts';
import { type EvidenceOptions, evidenceOf } from './evidence.ts';
import { type Exchange, type Handler, header, refusal } from './exchange.ts';
import type { Limits } from './limits.ts';
import type { OpenStreams } from './open-streams.ts';
import { hasWaiting } from './pipelining.ts';
import type { Place, Places } from './places.ts';
import { positionOf } from './position.ts';
import { askedTopics, grantedTopics, type TopicRight } from './topics.ts';
import type { VanishedPeers } from './vanished-peers.ts';

export interface SubscribeOptions extends EvidenceOptions {
  readonly hub: Hub;
  readonly authentication: Authentication;
  readonly openStreams: OpenStreams;
  readonly vanishedPeers: VanishedPeers;
  /** Asked each time: it may be another one by the time that a stream opens. */
  readonly topicRight: () => TopicRight;
  readonly sizes: Sizes;
  readonly limits: Limits;
  readonly places: Places;
  readonly newClientId: () => string;
  readonly now: () => number;
  /** A clock that only goes forward, in ms. */
  readonly elapsed: () => number;
  readonly observe: Observe;
  /** Hears of each who asked for a stream and got none. */
  readonly turnedAway: (how: TurnedAway) => void;
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
    if (method === 'OPTIONS') return void res.writeHead(204, { ...preflight('GET, HEAD'), ...headers }).end();
    checkRequest(exchange);
    // Asked never to come back; the one status at which every EventSource stops (HTML, "reestablish the connection").
    if (isFarewell(header(req, 'last-event-id') ?? exchange.query.get('lastEventId') ?? undefined))
      return void res.writeHead(204, headers).end();
    try {
      checkConnectRate(exchange, 'streams', options);
      await open(exchange, options);
    } catch (error) {
      if (!(error instanceof SseError)) throw error;
      const isLater = LATER.has(error.code);
      options.turnedAway(isLater ? 'put-off' : 'refused');
      if (!isLater) throw error;
      putOff(exchange, error, options.observe);
    }
  };
}

/** What may be otherwise in a while. */
const LATER: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'stopping',
  'at-capacity',
  'address-limit',
  'identity-limit',
  'connect-rate',
  'unverifiable',
]);

async function open(exchange: Exchange, options: SubscribeOptions): Promise<void> {
  const asked = { topics: askedTopics(exchange.query, options.sizes), position: positionOf(exchange, options.now()) };
  // A HEAD opens nothing.
  if (exchange.method === 'HEAD') return openIn(undefined, asked, exchange, options);
  checkRunning(options);
  const place = options.places.take(exchange.ip);
  // Whoever goes while it is found out who they are needs none any more.
  const free = () => place.release();
  exchange.req.socket.once('close', free);
  try {
    await openIn(place, asked, exchange, options);
  } catch (error) {
    place.release();
    throw error;
  } finally {
    exchange.req.socket.off('close', free);
  }
}

interface Asked {
  readonly topics: readonly string[];
  readonly position: Position;
}

async function openIn(place: Place | undefined, asked: Asked, exchange: Exchange, options: SubscribeOptions): Promise<void> {
  const { hub, authentication, newClientId } = options;
  const { position: wanted } = asked;
  const { grant, ticket } = await authentication.identify(evidenceOf(exchange, options));
  let isOpen = false;
  try {
    const connection = { id: newClientId(), ip: exchange.ip, requestId: exchange.requestId };
    const clientBy = (proved: Grant): Client => {
      return { ...proved.identity, topics: grantedTopics(asked.topics, proved, options.topicRight()), client: connection };
    };
    const expected = clientBy(grant);
    const { req, res, method, headers } = exchange;
    if (!place || method === 'HEAD') return void res.writeHead(200, { ...STREAM_HEADERS, ...headers }).end();
    place.claim(grant.identity);
    // Whoever goes while it waits may come back at once, with the same ticket.
    if (ticket) req.socket.once('close', () => ticket.release());
    const position = await hub.locate(wanted, expected);
    // Overtaken by a revocation or by another configuration, it may be somebody else by now, or nobody.
    const current = authentication.check(grant);
    const client = clientBy(current);

    const socket = res.socket;
    // Gone meanwhile, or with requests behind it that would never get their turn.
    if (!socket || socket.destroyed || socket.writableEnded || hasWaiting(socket)) return void req.socket.destroy();
    checkRunning(options);

    streaming.add(socket);
    const stream = new EventStream(res, headers);
    const cursor = hub.attach(stream, client, position, current.expiresAt);
    isOpen = true;
    options.places.opened(client.client.id, place);
    if (current !== NOTHING_SHOWN)
      options.openStreams.add({ cursor, grant: current, former: [], ticket, askedTopics: asked.topics });
    ticket?.opened({
      // Nothing may have arrived yet of what it was sent.
      hasSent: (id) => id === wanted.lastEventId || hub.hasSent(cursor, id),
      leave: () => {
        cursor.detach('left');
        socket.destroy();
      },
    });
    stream.follow(cursor);
    stream.watchedBy(options.vanishedPeers);
  } finally {
    if (!isOpen) {
      ticket?.release();
      place?.release();
    }
  }
}

function checkRequest({ req, method, headers }: Exchange): void {
  if (method !== 'GET' && method !== 'HEAD') {
    headers.allow = 'GET, HEAD, OPTIONS';
    throw new SseError(
      'method-not-allowed',
      'an event stream is opened with GET; events are published with POST /admin/broadcast',
    );
  }
  // Nobody reads it, and while it stands there the kernel does not say that its sender has gone.
  if (Number(req.headers['content-length'] ?? 0) > 0 || req.headers['transfer-encoding'] !== undefined)
    throw new SseError('invalid-request', 'an event stream is opened without a body');
  if (!acceptsEventStream(req.headers.accept))
    throw new SseError('not-acceptable', 'this is an event stream: Accept must allow text/event-stream');
}

/** @throws SseError `stopping` */
function checkRunning({ stopping }: SubscribeOptions): void {
  if (stopping()) throw new SseError('stopping', 'the server is stopping');
}

/** Browsers give up for ever on any status but 200: they are told to come back instead (design §10). */
function putOff(exchange: Exchange, error: SseError, observe: Observe): void {
  exchange.headers.connection = 'close'; // Its place may be somebody else's next.
  const seconds = 5 + Math.random() * 10;
  if (!header(exchange.req, 'accept')?.toLowerCase().includes('text/event-stream')) {
    exchange.headers['retry-after'] = String(Math.ceil(seconds));
    throw error;
  }
  observe(refusal(exchange, error));
  exchange.res.writeHead(200, { ...STREAM_HEADERS, ...exchange.headers }).end(encodeRetry(Math.round(seconds * 1000)));
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
