import { SseError } from '../errors.ts';
import { didYouMean } from '../nearest.ts';
import { type Exchange, type Handler, twice } from './exchange.ts';
import type { Guard } from './guard.ts';
import { livez } from './health.ts';
import { handlerOf, type Methods, RouteTable } from './route-table.ts';

export interface RouteParts {
  readonly guard: Guard;
  readonly ssePaths: readonly string[];
  /** Whether streams look at credentials. */
  readonly authenticates: boolean;
  readonly subscribe: Handler;
  readonly giveTicket: Handler;
  readonly renew: Handler;
  /** What stands under `/admin`, without that, and the methods of each. */
  readonly admin: Readonly<Record<string, Methods>>;
  /** The dashboard's page, under `/admin` too. */
  readonly dashboard: Readonly<Record<string, Methods>>;
  readonly staticFiles: Handler;
  readonly readyz: Handler;
  readonly metrics: Handler;
}

/** What answers to each listener: a public port without admin, one with it, and the listener that admin has of its own. */
export interface Handlers {
  readonly public: Handler;
  readonly sharedAdmin: Handler;
  readonly ownAdmin: Handler;
}

/** Where scrapers look by default; it shows what admin shows, to whoever may use that. */
const METRICS = '/metrics';

/** Every route there is. Streams and files have paths of the operator's choice. */
export function routes(parts: RouteParts): Handlers {
  const { guard, readyz, metrics } = parts;
  const checks = { '/livez': { GET: livez, HEAD: livez }, '/readyz': { GET: readyz, HEAD: readyz } };
  const health = new RouteTable(checks);
  const admin = { ...underAdmin(parts.admin), [METRICS]: { GET: metrics, HEAD: metrics } };
  const adminShared = new RouteTable(admin);
  const adminOwn = new RouteTable({ ...checks, ...admin });
  const dashboard = new RouteTable(underAdmin(parts.dashboard));
  // A stream's own path comes last: it wins over what belongs to another.
  const streams = new Map<string, Handler>([
    ...parts.ssePaths.map((path) => [beside(path, 'ticket'), parts.giveTicket] as const),
    ...parts.ssePaths.map((path) => [beside(path, 'renew'), parts.renew] as const),
    ...parts.ssePaths.map((path) => [path, parts.subscribe] as const),
  ]);

  const open: Handler = (exchange) => {
    guard.checkPublic(exchange.req);
    const found = health.find(exchange.path);
    if (found) return handlerOf(found.methods, exchange)(exchange);
    return (streams.get(exchange.path) ?? parts.staticFiles)(exchange);
  };
  const guarded =
    (shared: boolean): Handler =>
    (exchange) => {
      const page = dashboard.find(exchange.path);
      const found = page ?? (shared ? adminShared : adminOwn).find(exchange.path);
      let handler: Handler | undefined;
      const { recheck } = exchange;
      exchange.recheck = () => {
        recheck();
        guard.checkAdmin(exchange.req, {
          shared,
          page: page !== undefined,
          checkMethod: () => {
            handler = found && handlerOf(found.methods, exchange);
          },
        });
      };
      exchange.recheck();
      if (!found || !handler) throw notFound(exchange, Object.keys(admin));
      exchange.parameters = found.parameters;
      return handler(exchange);
    };
  const isAdmin = ({ path }: Exchange): boolean => path === '/admin' || path.startsWith('/admin/') || path === METRICS;
  // To a stream that asks for a credential, two are a bad one; elsewhere they are a request that two readers read differently.
  const single =
    (handler: Handler): Handler =>
    (exchange) => {
      if (exchange.severalCredentials && !(parts.authenticates && streams.has(exchange.path))) throw twice('authorization');
      return handler(exchange);
    };
  const sharedAdmin = guarded(true);
  return {
    public: single((exchange) => {
      if (!isAdmin(exchange)) return open(exchange);
      guard.checkPublic(exchange.req);
      throw notFound(exchange);
    }),
    sharedAdmin: single((exchange) => (isAdmin(exchange) ? sharedAdmin(exchange) : open(exchange))),
    ownAdmin: single(guarded(false)),
  };
}

function underAdmin(routes: Readonly<Record<string, Methods>>): Record<string, Methods> {
  return Object.fromEntries(Object.entries(routes).map(([path, methods]) => [`/admin${path}`, methods]));
}

function beside(path: string, name: string): string {
  return `${path.replace(/\/$/, '')}/${name}`;
}

/** @param paths those that may have been meant */
function notFound({ path }: Exchange, paths: readonly string[] = []): SseError {
  return new SseError('not-found', `there is nothing at ${JSON.stringify(path)}${didYouMean(path, paths)}`);
}
