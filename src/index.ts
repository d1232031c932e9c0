import { env } from 'node:process';
import { type Addresses, App, type ConnectedClient, type PublishOptions } from './app.ts';
import type { OptionsInput } from './config/options.ts';
import { parseOptions } from './config/parse.ts';
import { SseError } from './errors.ts';
import type { DraftInput } from './event/draft.ts';
import type { Activity } from './hub/activity.ts';
import type { Appended } from './hub/event-log.ts';
import { Tally, type Totals } from './hub/tally.ts';
import type { Authenticate } from './parts/access.ts';

export type { Addresses, ConnectedClient, PublishOptions } from './app.ts';
export type { OptionsInput } from './config/options.ts';
export { type CredentialDefect, type ErrorCode, type Issue, SseError } from './errors.ts';
export type { DraftInput } from './event/draft.ts';
export type { Client, Identity } from './event/identity.ts';
export type { Activity, CloseReason, GapReason } from './hub/activity.ts';
export type { Appended } from './hub/event-log.ts';
export type { Totals } from './hub/tally.ts';
export type { RequestView } from './identity/authority.ts';
export type { Authenticate } from './parts/access.ts';

/** The options of the command line in camelCase, spelled as in a config file: `{ port: 0, heartbeat: '10s', static: './public' }`. */
export interface ServerOptions extends OptionsInput {
  /**
   * Whether this is a production machine: admin then always has a listener of its own and nobody's own word counts.
   * Default: whether `NODE_ENV` is `production`, since forgetting it must not open a door.
   */
  readonly production?: boolean;
  /**
   * Says who a client is, by the headers, the query and the address of its request: `{ id, login, profile, roles, topics,
   * expiresIn }` or a part of it, nothing for nobody in particular. Throws an `SseError` `invalid-credential`, `unauthenticated`
   * or `forbidden` to refuse. In place of `users`, `jwt…` and `authUrl`.
   */
  readonly authenticate?: Authenticate;
  /** Hears what happens: streams opened and closed, broadcasts, gaps, refusals, failures. Default: nobody. */
  readonly observe?: (activity: Activity) => void;
}

/** A server in your program. */
export interface SseServer {
  /** Listens. Call it once. @throws SseError `address-in-use`, `start-failed` */
  start(): Promise<Addresses>;
  /** Says goodbye to every client and closes all, within the drain time. May be called again. */
  stop(): Promise<void>;
  /**
   * Sends an event to every client, or to those it is for. When it settles the event is in the log.
   * `filter` may be a function of the client: such an event is live only, never stored and never replayed.
   * @throws SseError `invalid-event`, `invalid-filter`, `invalid-request`, `conflict`, `stopping`, `store-failed`; nothing was published then
   */
  publish(draft: DraftInput, options?: PublishOptions): Promise<Appended>;
  clients(): ConnectedClient[];
  /** Counters since the start. */
  totals(): Totals;
}

/**
 * Makes a server; `start()` opens it.
 *
 * ```js
 * const server = createSseServer({ port: 2015, static: './public' });
 * const { url } = await server.start();
 * await server.publish({ event: 'price', data: { eur: 9.5 }, filter: (client) => client.profile === 'Administrator' });
 * ```
 *
 * @throws SseError `invalid-config`, with every mistake in the options
 */
export function createSseServer(options: ServerOptions = {}): SseServer {
  // biome-ignore lint/style/noProcessEnv: the one look at the environment outside the cli; a library that had to be told would be open when it is not
  const { production = env.NODE_ENV === 'production', observe = () => {}, authenticate, ...rest } = options;
  if (authenticate !== undefined && typeof authenticate !== 'function')
    throw SseError.of('invalid-config', [{ pointer: '/authenticate', detail: 'must be a function' }]);
  const parsed = parseOptions(rest, undefined, { authenticates: authenticate !== undefined });
  let app: App | undefined;
  return {
    start: async () => {
      app = await App.open(parsed, { production, portAsked: rest.port !== undefined, observe, authenticate });
      return app.start();
    },
    stop: async () => app?.stop(),
    publish: async (draft, options) => {
      if (!app) throw new SseError('not-started', 'the server is not started; call start() first');
      return app.publish(draft, 'library', options);
    },
    clients: () => app?.clients() ?? [],
    totals: () => app?.totals ?? new Tally().totals,
  };
}
