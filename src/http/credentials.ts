import { SseError } from '../errors.ts';
import type { Authentication } from '../identity/authenticate.ts';
import type { Grant } from '../identity/grant.ts';
import { OPENS_WITHIN, type Tickets } from '../identity/tickets.ts';
import { type ConnectRateOptions, checkConnectRate } from './connect-rate.ts';
import { corsHeaders, preflight } from './cors.ts';
import { type EvidenceOptions, evidenceOf } from './evidence.ts';
import type { Exchange, Handler } from './exchange.ts';
import type { OpenStream, OpenStreams } from './open-streams.ts';
import { sendJson } from './respond.ts';
import { grantedTopics, type TopicRight } from './topics.ts';

export interface CredentialOptions extends EvidenceOptions, ConnectRateOptions {
  readonly authentication: Authentication;
  readonly tickets: Tickets;
  readonly openStreams: OpenStreams;
  /** Asked each time: it may be another one by the time that it counts. */
  readonly topicRight: () => TopicRight;
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
}

/** So many credentials of a stream are remembered besides its own, so that revoking by filter refuses them as well. */
const MOST_FORMER = 8;

/** `POST /sse/ticket`: takes a credential, and gives a ticket that stands for it in the URL of a stream. */
export function giveTicket(options: CredentialOptions): Handler {
  return posted(options, async (exchange) => {
    const grant = await options.authentication.prove(evidenceOf(exchange, options));
    const ticket = options.tickets.issue(grant);
    sendJson(exchange.res, 200, { ticket, opensWithin: OPENS_WITHIN / 1000, ...rest(grant, options) }, exchange.headers);
  });
}

/**
 * `POST /sse/renew?client=ID`: takes a new credential for a stream that is open — without a name, for all of the same person — which
 * keeps it open beyond the end of the former one. From then on the client is who the new one says, with the same `id`: it is
 * not a way to take over a stream.
 */
export function renew(options: CredentialOptions): Handler {
  return posted(options, async (exchange) => {
    const { authentication, openStreams, topicRight, now } = options;
    const proved = await authentication.prove(evidenceOf(exchange, options));
    // Asked once more: nothing waits between here and the end.
    const grant = authentication.check(proved);
    const client = exchange.query.get('client');
    const asked = client === null ? [...openStreams.all()] : [openStreams.get(client)];
    const streams = asked.filter((stream) => stream !== undefined && isSame(stream.grant, grant)) as OpenStream[];
    // One answer whether there is none, or it is somebody else's: nobody is told which streams of others there are.
    if (streams.length === 0) throw new SseError('not-found', `you have no open stream${client === null ? '' : ' of this name'}`);
    // All or none: a topic that one of them has lost is refused before any is touched.
    const renewals = streams.map((stream) => ({ stream, topics: grantedTopics(stream.askedTopics, grant, topicRight()) }));
    for (const { stream, topics } of renewals) {
      const still = [stream.grant, ...stream.former].filter(({ expiresAt = Infinity }) => expiresAt > now());
      stream.former.splice(0, Infinity, ...still.slice(0, MOST_FORMER));
      stream.grant = grant;
      stream.ticket?.renew(grant);
      const { cursor } = stream;
      cursor.renew({ ...grant.identity, topics, client: cursor.client.client }, grant.expiresAt);
    }
    sendJson(
      exchange.res,
      200,
      { clients: streams.map(({ cursor }) => cursor.client.client.id), ...rest(grant, options) },
      exchange.headers,
    );
  });
}

/** Whether two credentials are of one and the same person. Where nothing says who that is, they are not. */
function isSame({ identity: one }: Grant, { identity: other }: Grant): boolean {
  return one.id === other.id && one.login === other.login && (one.id !== '' || one.login !== '');
}

/** How long a credential lasts, in seconds, if it ends. */
function rest({ expiresAt }: Grant, { now }: CredentialOptions): { readonly expiresIn?: number } {
  return expiresAt === undefined ? {} : { expiresIn: Math.max(0, Math.floor((expiresAt - now()) / 1000)) };
}

/** What pages may ask for with POST, of other origins too as far as they may open the stream. */
function posted(options: CredentialOptions, handler: (exchange: Exchange) => Promise<void>): Handler {
  return (exchange) => {
    const { req, res, method, path, headers } = exchange;
    Object.assign(headers, corsHeaders(req.headers.origin, req.headers.host, options.cors));
    if (method === 'OPTIONS') return void res.writeHead(204, { ...preflight('POST'), ...headers }).end();
    if (method === 'POST') {
      checkConnectRate(exchange, 'tickets', options);
      return handler(exchange);
    }
    headers.allow = 'POST, OPTIONS';
    throw new SseError('method-not-allowed', `${path} has ${headers.allow}`);
  };
}
