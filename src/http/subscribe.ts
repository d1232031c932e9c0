import type { Socket } from 'node:net';
import { type ErrorCode, SseError } from '../errors.ts';
import { encodeRetry } from '../event/encode.ts';
import type { Client } from '../event/identity.ts';
import type { Observe } from '../hub/activity.ts';
import { isFarewell } from '../hub/goodbye.ts';
import type { Hub } from '../hub/hub.ts';
import type { TurnedAway } from '../hub/measures.ts';
import type { Authentication } from '../identity/authenticate.ts';
import { NOTHING_SHOWN } from '../identity/grant.ts';
import { corsHeaders, preflight } from './cors.ts';
import { EventStream, STREAM_HEADERS } from './event-stream.ts';
import { type EvidenceOptions, evidenceOf } from './evidence.ts';
import { type Exchange, type Handler, header, refusal } from './exchange.ts';
import type { OpenStreams } from './open-streams.ts';
import { hasWaiting } from './pipelining.ts';
import { positionOf } from './position.ts';
import { askedTopics, grantedTopics, type TopicRight } from './topics.ts';
import type { VanishedPeers } from './vanished-peers.ts';

export interface SubscribeOptions extends EvidenceOptions {
  readonly hub: Hub;
  readonly authentication: Authentication;
  readonly openStreams: OpenStreams;
  readonly vanishedPeers: VanishedPeers;
  readonly topicRight: TopicRight;
  /** At most this many clients at once. */
  readonly maxClients: number;
  readonly newClientId: () => string;
  readonly now: () => number;
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
    if (isFarewell(header(req, 'last-event-id'))) return void res.writeHead(204, headers).end();
    try {
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
const LATER: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['stopping', 'at-capacity', 'unverifiable']);

async function open(exchange: Exchange, options: SubscribeOptions): Promise<void> {
  const { hub, authentication, newClientId, now } = options;
  const asked = askedTopics(exchange.query);
  const wanted = positionOf(exchange, now());
  const { grant, ticket } = await authentication.identify(evidenceOf(exchange, options));
  let isOpen = false;
  try {
    const topics = grantedTopics(asked, grant, options.topicRight);
    const client: Client = { ...grant.identity, topics, client: { id: newClientId(), ip: exchange.ip } };
    const { req, res, method, headers } = exchange;
    if (method === 'HEAD') return void res.writeHead(200, { ...STREAM_HEADERS, ...headers }).end();
    // Before anybody looks into the past for it, and again when that is done.
    checkRoom(options);
    // Whoever goes while it waits may come back at once, with the same ticket.
    if (ticket) req.socket.once('close', () => ticket.release());
    const position = await hub.locate(wanted, client);
    authentication.check(grant);

    const socket = res.socket;
    // Gone meanwhile, or with requests behind it that would never get their turn.
    if (!socket || socket.destroyed || hasWaiting(socket)) return void req.socket.destroy();
    checkRoom(options);

    streaming.add(socket);
    const stream = new EventStream(res, headers);
    const cursor = hub.attach(stream, client, position, grant.expiresAt);
    isOpen = true;
    if (grant !== NOTHING_SHOWN) options.openStreams.add({ cursor, grant, former: [], ticket, askedTopics: asked });
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
    if (!isOpen) ticket?.release();
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
  if (!acceptsEventStream(req.headers.accept))
    throw new SseError('not-acceptable', 'this is an event stream: Accept must allow text/event-stream');
}

/** @throws SseError `stopping`, `at-capacity` */
function checkRoom({ hub, maxClients, stopping }: SubscribeOptions): void {
  if (stopping()) throw new SseError('stopping', 'the server is stopping');
  if (hub.size >= maxClients) throw new SseError('at-capacity', `all ${maxClients} places are taken; see --max-clients`);
}

/** Browsers give up for ever on any status but 200: they are told to come back instead (design §10). */
function putOff(exchange: Exchange, error: SseError, observe: Observe): void {
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
