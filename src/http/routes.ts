import { SseError } from '../errors.ts';
import { type Exchange, type Handler, twice } from './exchange.ts';
import type { Guard } from './guard.ts';
import { livez } from './health.ts';

export interface RouteParts {
  readonly guard: Guard;
  readonly ssePaths: readonly string[];
  /** Whether streams look at credentials. */
  readonly authenticates: boolean;
  readonly subscribe: Handler;
  readonly giveTicket: Handler;
  readonly renew: Handler;
  readonly broadcast: Handler;
  readonly listHistory: Handler;
  readonly redactHistory: Handler;
  readonly revoke: Handler;
  readonly checkFilter: Handler;
  readonly staticFiles: Handler;
  readonly readyz: Handler;
  readonly metrics: Handler;
}

type Methods = Readonly<Record<string, Handler>>;
type Routes = Readonly<Record<string, Methods>>;

/** Every route there is. Streams and files have paths of the operator's choice. */
export function routes(parts: RouteParts): { public: Handler; sharedAdmin: Handler; ownAdmin: Handler } {
  const { guard, readyz } = parts;
  const health: Routes = {
    '/livez': { GET: livez, HEAD: livez },
    '/readyz': { GET: readyz, HEAD: readyz },
  };
  const admin: Routes = {
    '/admin/broadcast': { POST: parts.broadcast, PUT: parts.broadcast },
    '/admin/history': { GET: parts.listHistory, DELETE: parts.redactHistory },
    '/admin/revoke': { POST: parts.revoke },
    '/admin/filter/check': { POST: parts.checkFilter },
    '/metrics': { GET: parts.metrics, HEAD: parts.metrics },
  };
  // A stream's own path comes last: it wins over what belongs to another.
  const streams = new Map<string, Handler>([
    ...parts.ssePaths.map((path) => [beside(path, 'ticket'), parts.giveTicket] as const),
    ...parts.ssePaths.map((path) => [beside(path, 'renew'), parts.renew] as const),
    ...parts.ssePaths.map((path) => [path, parts.subscribe] as const),
  ]);

  const open: Handler = (exchange) => {
    guard.checkPublic(exchange.req);
    const methods = own(health, exchange.path);
    if (methods) return methodOf(methods, exchange)(exchange);
    return (streams.get(exchange.path) ?? parts.staticFiles)(exchange);
  };
  const guarded =
    (shared: boolean): Handler =>
    (exchange) => {
      const methods = own(admin, exchange.path) ?? (shared ? undefined : own(health, exchange.path));
      let handler: Handler | undefined;
      guard.checkAdmin(exchange.req, {
        shared,
        checkMethod: () => {
          handler = methods && methodOf(methods, exchange);
        },
      });
      if (!handler) throw notFound(exchange);
      return handler(exchange);
    };
  const isAdmin = ({ path }: Exchange): boolean => path === '/admin' || path.startsWith('/admin/') || Object.hasOwn(admin, path);
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

function beside(path: string, name: string): string {
  return `${path.replace(/\/$/, '')}/${name}`;
}

function own(table: Routes, path: string): Methods | undefined {
  return Object.hasOwn(table, path) ? table[path] : undefined;
}

function methodOf(methods: Methods, { method, headers, path }: Exchange): Handler {
  const handler = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (handler) return handler;
  headers.allow = Object.keys(methods).join(', ');
  throw new SseError('method-not-allowed', `${path} has ${headers.allow}`);
}

function notFound({ path }: Exchange): SseError {
  return new SseError('not-found', `there is nothing at ${JSON.stringify(path)}`);
}
