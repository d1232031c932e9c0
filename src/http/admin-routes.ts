import type { Sizes } from '../event/sizes.ts';
import type { Observe } from '../hub/activity.ts';
import type { Hub } from '../hub/hub.ts';
import type { Totals } from '../hub/tally.ts';
import type { Revocations } from '../identity/revocations.ts';
import { checkFilter } from './audience-check.ts';
import type { Bodies } from './bodies.ts';
import { broadcast } from './broadcast.ts';
import { disconnectClients, kickClient, listClients, showClient } from './clients.ts';
import type { Handler } from './exchange.ts';
import type { Feed } from './feed.ts';
import { listHistory, redactHistory, showEvent } from './history.ts';
import type { Limits } from './limits.ts';
import { limitsView } from './limits-view.ts';
import type { OpenStreams } from './open-streams.ts';
import type { Places } from './places.ts';
import { showBroadcast } from './receipts.ts';
import { sendJson } from './respond.ts';
import { revoke } from './revoke.ts';
import type { Methods } from './route-table.ts';
import { type Running, reloadConfig, setLogLevel, showConfig, showStats } from './server-view.ts';
import { type SessionParts, showSession, signIn, signOut, whileSignedIn } from './session.ts';
import { tapClient } from './tap.ts';

export interface AdminParts {
  readonly hub: Hub;
  readonly feed: Feed;
  readonly running: Running;
  readonly session: SessionParts;
  /** Of the package. */
  readonly version: string;
  readonly totals: () => Totals;
  /** Bytes of a head, of the URL in it, and of a body. */
  readonly headerLimit: number;
  readonly urlLimit: number | undefined;
  readonly bodyLimit: number;
  readonly bodies: Bodies;
  readonly sizes: Sizes;
  readonly limits: Limits;
  readonly places: Places;
  /** What a broadcast without a body sends. */
  readonly defaults: { readonly event: string; readonly data: string };
  readonly openStreams: OpenStreams;
  readonly revocations: Revocations;
  readonly observe: Observe;
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
  /** A clock that only goes forward, in ms. */
  readonly elapsed: () => number;
  /** In ms. */
  readonly uptime: () => number;
}

/** `GET /admin/openapi.json`: this API, for programs. It is put together when somebody asks: a start has no time for it. */
function showOpenApi(version: string): Handler {
  return async ({ res }) => {
    const { openApi } = await import('./openapi.ts');
    sendJson(res, 200, openApi(version));
  };
}

/** What may come with an order that needs no body, in bytes. */
const NEEDLESS = 64 * 1024;

/** An order that needs no body is carried out when all of it is there: what breaks off in the midst of one was none. */
function whole(handler: Handler): Handler {
  return (exchange) => exchange.bodies.with(exchange, NEEDLESS, () => handler(exchange));
}

/** Everything that stands under `/admin`. */
export function adminRoutes(parts: AdminParts): Readonly<Record<string, Methods>> {
  const { hub, feed, running, session, version, totals, openStreams, revocations, sizes, observe, now } = parts;
  const publish = broadcast({ ...parts, hasToken: session.hasToken });
  const limits = () => limitsView({ ...parts, held: () => hub.held });
  const past = { archive: hub.archive, now, observe, sizes };
  return {
    '/broadcast': { POST: publish, PUT: publish },
    '/broadcasts/{id}': { GET: showBroadcast(hub) },
    '/clients': { GET: listClients(hub, sizes) },
    '/clients/disconnect': { POST: disconnectClients(hub, sizes) },
    '/clients/{id}': { GET: showClient(hub), DELETE: whole(kickClient(hub)) },
    '/clients/{id}/tap': { GET: whileSignedIn(session, tapClient(hub)) },
    '/config': { GET: showConfig(running) },
    '/config/reload': { POST: reloadConfig(running) },
    '/events': { GET: whileSignedIn(session, feed.handler) },
    '/filter/check': { POST: checkFilter(hub, sizes) },
    '/history': { GET: listHistory(past), DELETE: whole(redactHistory(past)) },
    '/history/{id}': { GET: showEvent(past) },
    '/log-level': { PATCH: setLogLevel(running) },
    '/openapi.json': { GET: showOpenApi(version) },
    '/revoke': { POST: revoke({ hub, openStreams, revocations, sizes, observe }) },
    '/session': { GET: showSession(session), POST: signIn(session), DELETE: signOut(session) },
    '/stats': { GET: showStats(hub, { running, totals, limits, uptime: parts.uptime }) },
  };
}
