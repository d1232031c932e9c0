import type { Options } from '../config/options.ts';
import { cameByHttps } from '../http/address.ts';
import { adminRoutes } from '../http/admin-routes.ts';
import type { Bodies } from '../http/bodies.ts';
import { giveTicket, renew } from '../http/credentials.ts';
import { dashboardRoutes } from '../http/dashboard.ts';
import type { Descriptors } from '../http/descriptors.ts';
import type { Handler } from '../http/exchange.ts';
import type { Feed } from '../http/feed.ts';
import type { Guard } from '../http/guard.ts';
import { readyz } from '../http/health.ts';
import type { Limits } from '../http/limits.ts';
import { metrics } from '../http/metrics.ts';
import type { Places } from '../http/places.ts';
import { type Handlers, routes } from '../http/routes.ts';
import type { Running } from '../http/server-view.ts';
import type { Sessions } from '../http/sessions.ts';
import { subscribe } from '../http/subscribe.ts';
import type { TopicRight } from '../http/topics.ts';
import type { VanishedPeers } from '../http/vanished-peers.ts';
import type { Observe } from '../hub/activity.ts';
import type { Hub } from '../hub/hub.ts';
import type { Measures } from '../hub/measures.ts';
import type { Totals } from '../hub/tally.ts';
import type { Access } from './access.ts';
import type { Keeping } from './keeping.ts';
import { metricFamilies } from './metrics.ts';
import { ownPages } from './mounts.ts';
import { randomName } from './random-name.ts';
import { checksOf } from './readiness.ts';
import { packageVersion } from './version.ts';

/** Everything that answers to requests. */
export interface WiringParts {
  readonly options: Options;
  /** Who may subscribe to topics, by what counts when it is asked: also for requests that these handlers still work on when others have taken their place. */
  readonly topicRight: () => TopicRight;
  /** Whether strangers can reach the public port. */
  readonly exposed: boolean;
  readonly hub: Hub;
  readonly feed: Feed;
  readonly guard: Guard;
  readonly sessions: Sessions;
  readonly access: Access;
  readonly running: Running;
  readonly limits: Limits;
  readonly places: Places;
  readonly bodies: Bodies;
  readonly descriptors: Descriptors;
  readonly vanishedPeers: VanishedPeers;
  readonly measures: Measures;
  readonly totals: () => Totals;
  readonly stored: Keeping['stored'];
  /** What answers where nothing else does. */
  readonly files: Handler;
  readonly observe: Observe;
  /** Whether the server is stopping. */
  readonly stopping: () => boolean;
  /** In ms. */
  readonly uptime: () => number;
}

/** Makes handlers of the parts: what each route is given to work with. Other options make other handlers; they must not throw here. */
export function wire(parts: WiringParts): Handlers {
  const { options, topicRight, exposed, hub, feed, guard, access, running, measures, totals, stored, observe, stopping } = parts;
  const { authentication, tickets, revocations, openStreams } = access;
  const { limits, places, descriptors } = parts;
  const now = Date.now;
  const elapsed = () => performance.now();
  const version = packageVersion();
  const checks = () => checksOf({ hub, stored: stored(), stopping: stopping(), descriptors: descriptors.check });
  const { authCookie, allowQueryToken } = options;
  const isHttps = cameByHttps(options.trustProxy);
  const cors = { origins: options.cors, loopback: !exposed };
  const evidence = { authCookie, allowQueryToken, cors };
  const credentials = { ...evidence, authentication, tickets, openStreams, topicRight, limits, now, elapsed };
  return routes({
    guard,
    ssePaths: options.ssePath,
    authenticates: authentication.isConfigured,
    subscribe: subscribe({
      ...credentials,
      hub,
      vanishedPeers: parts.vanishedPeers,
      sizes: options,
      places,
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
      session: { sessions: parts.sessions, hasToken: () => guard.hasToken, isHttps },
      version,
      totals,
      headerLimit: options.headerLimit,
      urlLimit: options.urlLimit,
      bodyLimit: options.bodyLimit,
      bodies: parts.bodies,
      sizes: options,
      limits,
      places,
      elapsed,
      defaults: { event: options.event, data: options.data },
      openStreams,
      revocations,
      observe,
      now,
      uptime: parts.uptime,
    }),
    dashboard: dashboardRoutes(ownPages()),
    staticFiles: parts.files,
    readyz: readyz(checks),
    metrics: metrics(() =>
      metricFamilies({
        version,
        hub,
        totals: totals(),
        measures,
        stored: stored(),
        maxClients: limits.maxClients,
        dropped: descriptors.dropped,
        config: running.state(),
        isReady: checks().every(({ fault }) => fault === undefined),
      }),
    ),
  });
}
