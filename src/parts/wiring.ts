import type { Options } from '../config/options.ts';
import { adminRoutes } from '../http/admin-routes.ts';
import { giveTicket, renew } from '../http/credentials.ts';
import { dashboardRoutes } from '../http/dashboard.ts';
import type { Feed } from '../http/feed.ts';
import type { Guard } from '../http/guard.ts';
import { readyz } from '../http/health.ts';
import { metrics } from '../http/metrics.ts';
import { type Handlers, routes } from '../http/routes.ts';
import type { Running } from '../http/server-view.ts';
import type { SessionParts } from '../http/session.ts';
import { staticFiles } from '../http/static-files.ts';
import { subscribe } from '../http/subscribe.ts';
import type { Observe } from '../hub/activity.ts';
import type { Hub } from '../hub/hub.ts';
import type { Measures } from '../hub/measures.ts';
import type { Totals } from '../hub/tally.ts';
import type { Access } from './access.ts';
import type { Keeping } from './keeping.ts';
import { metricFamilies } from './metrics.ts';
import { mountsOf, ownPages } from './mounts.ts';
import { randomName } from './random-name.ts';
import { checksOf } from './readiness.ts';
import { packageVersion } from './version.ts';

/** Everything that answers to requests. */
export interface WiringParts {
  readonly options: Options;
  /** Whether strangers can reach the public port. */
  readonly exposed: boolean;
  readonly hub: Hub;
  readonly feed: Feed;
  readonly guard: Guard;
  readonly session: SessionParts;
  readonly access: Access;
  readonly running: Running;
  readonly measures: Measures;
  readonly totals: () => Totals;
  readonly stored: Keeping['stored'];
  readonly observe: Observe;
  /** Whether the server is stopping. */
  readonly stopping: () => boolean;
  /** In ms. */
  readonly uptime: () => number;
}

/** Makes handlers of the parts: what each route is given to work with. @throws SseError `invalid-config` */
export function wire(parts: WiringParts): Handlers {
  const { options, exposed, hub, feed, guard, session, access, running, measures, totals, stored, observe, stopping, uptime } =
    parts;
  const { authentication, tickets, revocations, openStreams } = access;
  const now = Date.now;
  const version = packageVersion();
  const checks = () => checksOf({ hub, stored: stored(), stopping: stopping() });
  const { authCookie, allowQueryToken, topics: topicRight } = options;
  const cors = { origins: options.cors, loopback: !exposed };
  const credentials = { authentication, tickets, openStreams, authCookie, allowQueryToken, topicRight, cors, now };
  return routes({
    guard,
    ssePaths: options.ssePath,
    authenticates: access.isConfigured,
    subscribe: subscribe({
      ...credentials,
      hub,
      stallTime: options.stallTime,
      maxClients: options.maxClients,
      newClientId: randomName,
      observe,
      turnedAway: (how) => void measures.turnedAway[how]++,
      stopping,
    }),
    giveTicket: giveTicket(credentials),
    renew: renew(credentials),
    admin: adminRoutes({
      hub,
      feed,
      running,
      session,
      version,
      totals,
      bodyLimit: options.bodyLimit,
      defaults: { event: options.event, data: options.data },
      openStreams,
      revocations,
      observe,
      now,
      uptime,
    }),
    dashboard: dashboardRoutes(ownPages()),
    staticFiles: staticFiles(mountsOf(options), options.staticMaxAge),
    readyz: readyz(checks),
    metrics: metrics(() =>
      metricFamilies({
        version,
        hub,
        totals: totals(),
        measures,
        stored: stored(),
        maxClients: options.maxClients,
        isReady: checks().every(({ fault }) => fault === undefined),
      }),
    ),
  });
}
