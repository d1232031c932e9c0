import { isLoopbackHost } from './config/addresses.ts';
import type { Options } from './config/options.ts';
import { spellOptions } from './config/parse.ts';
import { type Issue, SseError } from './errors.ts';
import { type DraftInput, parseDraft } from './event/draft.ts';
import type { Client } from './event/identity.ts';
import { cameByHttps, clientAddress } from './http/address.ts';
import { adminRoutes } from './http/admin-routes.ts';
import { giveTicket, renew } from './http/credentials.ts';
import { dashboardRoutes } from './http/dashboard.ts';
import type { Handler } from './http/exchange.ts';
import { Feed } from './http/feed.ts';
import { Guard } from './http/guard.ts';
import { type Check, readyz } from './http/health.ts';
import { type Listener, listen, type Where } from './http/listen.ts';
import { metrics } from './http/metrics.ts';
import { routes } from './http/routes.ts';
import { httpServer } from './http/server.ts';
import type { Running } from './http/server-view.ts';
import type { SessionParts } from './http/session.ts';
import { Sessions } from './http/sessions.ts';
import { staticFiles } from './http/static-files.ts';
import { subscribe } from './http/subscribe.ts';
import { VanishedPeers } from './http/vanished-peers.ts';
import { vitals } from './http/vitals.ts';
import type { Activity, Observe } from './hub/activity.ts';
import type { Appended } from './hub/event-log.ts';
import { Hub } from './hub/hub.ts';
import { Measures } from './hub/measures.ts';
import { idempotencyKeyProblem } from './hub/receipts.ts';
import { Tally, type Totals } from './hub/tally.ts';
import { type Access, type Authenticate, openAccess } from './parts/access.ts';
import { type Keeping, openKeeping } from './parts/keeping.ts';
import { metricFamilies } from './parts/metrics.ts';
import { mountsOf, ownPages } from './parts/mounts.ts';
import { randomName } from './parts/random-name.ts';
import { adminTokenOf, keysOf, usersOf } from './parts/verifiers.ts';
import { packageVersion } from './parts/version.ts';

/** What a server is told besides its options. */
export interface Surroundings {
  /** Whether this is a production machine (`NODE_ENV=production`): the server then counts as exposed. */
  readonly production: boolean;
  /** Whether the port was asked for: it is then not left for another one. */
  readonly portAsked: boolean;
  /** Hears what happens. */
  readonly observe: Observe;
  /** Says who a client is, in code. */
  readonly authenticate?: Authenticate | undefined;
  /** Of the program that runs the server. Default: its options, and no log. */
  readonly running?: Running | undefined;
}

/** What may stand beside an event. */
export interface PublishOptions {
  /**
   * Publishing again under the same key, within 24 hours, answers what was answered first and sends nothing; another
   * event under it is a `conflict`. 1 to 255 visible ASCII characters.
   */
  readonly idempotencyKey?: string;
}

/** Where a started server is to be found. */
export interface Addresses {
  /** Ends with a slash. */
  readonly url: string;
  readonly sse: string;
  /** Ends with a slash; `unix:PATH` for a socket. */
  readonly admin: string;
  /** The port of the public listener. */
  readonly port: number;
}

/** A connected client, as it stands now. */
export interface ConnectedClient {
  readonly client: Client;
  /** When it connected, in ms since 1970. */
  readonly since: number;
  /** Broadcast events it was sent. */
  readonly events: number;
  /** Bytes it was sent. */
  readonly bytes: number;
}

/** What has to be opened before the rest can be put together. */
interface Parts {
  readonly keeping: Keeping;
  readonly tally: Tally;
  readonly measures: Measures;
  readonly guard: Guard;
  readonly session: SessionParts;
  readonly access: Access;
  readonly exposed: boolean;
  readonly observe: Observe;
  readonly running: Running;
}

/** The parts of one server, put together. `cli/` runs it as a program, `index.ts` offers it as a library. */
export class App {
  readonly hub: Hub;
  readonly options: Options;
  /** Whether strangers can reach the public port (design: "Where admin lives"). */
  readonly exposed: boolean;
  /** Sentences for the log: what is legal but should not stay. */
  readonly warnings: readonly string[];
  readonly #tally: Tally;
  readonly #measures: Measures;
  readonly #stored: Keeping['stored'];
  readonly #guard: Guard;
  readonly #portAsked: boolean;
  readonly #observe: Observe;
  readonly #handlers: ReturnType<typeof routes>;
  readonly #session: SessionParts;
  readonly #access: Access;
  readonly #running: Running;
  readonly #feed: Feed;
  readonly #vanishedPeers: VanishedPeers;
  readonly #since = performance.now();
  #listeners: Listener[] = [];
  #beat: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;

  /**
   * Puts the parts together and opens the store, if there is one.
   * @throws SseError `invalid-config` when a file or directory that the options name is no good, `store-in-use`, `start-failed`
   */
  static async open(options: Options, surroundings: Surroundings): Promise<App> {
    const {
      production,
      portAsked,
      authenticate,
      running = { config: spellOptions(options), logLevel: undefined },
    } = surroundings;
    const tally = new Tally();
    let app: App | undefined;
    // The store's failures count from its opening on, before there is anything else to report.
    const observe: Observe = (activity) => {
      tally.observe(activity);
      surroundings.observe(activity);
      if (app) app.#heed(activity);
    };
    const exposed = production || options.trustProxy.length > 0 || !isLoopbackHost(options.host);
    const sessions = new Sessions(() => performance.now());
    const adminToken = adminTokenOf(options);
    const guard = new Guard({ exposed, adminHosts: options.adminHost, adminToken, sessions, observe });
    const session = { sessions, hasToken: adminToken !== undefined, isHttps: cameByHttps(options.trustProxy) };
    const measures = new Measures();
    const keeping = await openKeeping(options, observe, (after) => measures.appended(after));
    const { log, revocations: keeper } = keeping;
    try {
      const access = await openAccess(options, { observe, keeper, authenticate, selfDeclared: () => guard.trustsLocal });
      app = new App(options, portAsked, { keeping, tally, measures, guard, session, access, exposed, observe, running });
      await app.hub.refill();
      return app;
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  private constructor(options: Options, portAsked: boolean, parts: Parts) {
    const { keeping, tally, measures, guard, session, access, exposed, observe, running } = parts;
    this.options = options;
    this.exposed = exposed;
    this.warnings = access.warnings;
    this.#portAsked = portAsked;
    this.#tally = tally;
    this.#measures = measures;
    this.#stored = keeping.stored;
    this.#guard = guard;
    this.#session = session;
    this.#access = access;
    this.#observe = observe;
    this.#vanishedPeers = new VanishedPeers({ observe });
    const { historyEvents, historyAge, historyBytes, onGap, retry, heartbeat, maxAge, stallTime, expiryNotice: notice } = options;
    const history = { events: historyEvents, age: historyAge, bytes: historyBytes };
    this.hub = new Hub({
      log: keeping.log,
      history,
      onGap,
      retry,
      heartbeat,
      maxAge,
      notice,
      stallTime,
      observe,
      meter: measures,
    });
    this.#running = running;
    this.#feed = new Feed(this.hub, () => vitals({ hub: this.hub, totals: this.totals, measures, elapsed: performance.now() }));
    this.#handlers = this.#routes();
  }

  /** Looks at every file and directory that options name. @throws SseError `invalid-config`, with every mistake */
  static inspect(options: Options): void {
    const issues: Issue[] = [];
    for (const look of [() => mountsOf(options), () => usersOf(options), () => keysOf(options), () => adminTokenOf(options)]) {
      try {
        look();
      } catch (error) {
        if (!(error instanceof SseError)) throw error;
        issues.push(...error.issues);
      }
    }
    if (issues.length > 0) throw SseError.of('invalid-config', issues);
  }

  /** Whether a client's own word about itself counts now. */
  get selfDeclared(): boolean {
    return this.#guard.trustsLocal && !this.#access.isConfigured && !this.options.requireAuth;
  }

  get totals(): Totals {
    return this.#tally.totals;
  }

  /** In the order in which they came. */
  clients(): ConnectedClient[] {
    const cursors = [...this.hub.clients()].sort((a, b) => a.serial - b.serial);
    return cursors.map(({ client, since, events, bytes }) => ({ client, since, events, bytes }));
  }

  /** @throws SseError `invalid-event`, `invalid-filter`, `invalid-request`, `conflict`, `stopping`, `store-failed` */
  async publish(draft: DraftInput, source: string, { idempotencyKey }: PublishOptions = {}): Promise<Appended> {
    const problem = idempotencyKey === undefined ? undefined : idempotencyKeyProblem(idempotencyKey);
    if (problem !== undefined) throw SseError.of('invalid-request', [{ pointer: 'idempotencyKey', detail: problem }]);
    const [appended] = await this.hub.publish([parseDraft(draft)], source, idempotencyKey);
    return appended as Appended;
  }

  /** Listens. @throws SseError `address-in-use`, `start-failed`; nothing is left open then */
  async start(): Promise<Addresses> {
    try {
      return await this.#listen();
    } catch (error) {
      await this.hub.close();
      throw error;
    }
  }

  async #listen(): Promise<Addresses> {
    const { host, port, adminListen, ssePath } = this.options;
    const separate = this.exposed || adminListen !== undefined;
    const makeWith = (handler: Handler) => () =>
      httpServer({ handler, addressOf: clientAddress(this.options.trustProxy), observe: this.#observe });

    const where: Where = { ...(host !== undefined && { host }), port, mayMove: !this.#portAsked };
    const main = await listen(makeWith(separate ? this.#handlers.public : this.#handlers.sharedAdmin), where);
    this.#listeners = [main];
    let adminUrl: string | undefined;
    if (separate) {
      try {
        const place = adminListen ?? { port: port === 0 ? 0 : main.port + 1 };
        const admin = await listen(
          makeWith(this.#handlers.ownAdmin),
          'path' in place ? place : { ...place, mayMove: adminListen === undefined },
        );
        this.#listeners.push(admin);
        adminUrl = 'path' in place ? `unix:${place.path}` : urlOf(place.host, admin.port, 'admin/');
      } catch (error) {
        await main.close();
        throw error;
      }
    }
    this.#beat = setInterval(() => this.hub.beat(), this.hub.beatInterval);
    this.#beat.unref();
    this.#vanishedPeers.start();
    const [path = '/sse'] = ssePath;
    return {
      url: urlOf(host, main.port, ''),
      sse: urlOf(host, main.port, path.slice(1)),
      admin: adminUrl ?? urlOf(host, main.port, 'admin/'),
      port: main.port,
    };
  }

  /** Stops within the drain time: nothing new, what was accepted is sent, a goodbye for each client. Settles when all is closed. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Ends whatever is open, at once. */
  destroy(): void {
    for (const listener of this.#listeners) listener.destroy();
  }

  async #stop(): Promise<void> {
    const closed = Promise.all(this.#listeners.map((listener) => listener.close()));
    const { drainTime } = this.options;
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, drainTime);
    });
    const drained = this.hub.drain(drainTime).then(() => {
      this.#feed.close();
      return closed;
    });
    await Promise.race([drained, deadline]);
    clearTimeout(timer);
    clearInterval(this.#beat);
    this.#vanishedPeers.stop();
    this.destroy();
    await closed;
    await this.hub.close();
  }

  #heed(activity: Activity): void {
    this.#feed.observe(activity);
    if (activity.kind === 'proxy-seen') this.#endSelfDeclared();
    else if (activity.kind === 'closed') this.#access.openStreams.left(activity.client);
  }

  /** Nobody's own word counts any more, so who came in by it goes. */
  #endSelfDeclared(): void {
    for (const cursor of [...this.hub.clients()])
      if (!cursor.client.authenticated && !isNobody(cursor.client)) cursor.end('revoked');
  }

  #routes(): ReturnType<typeof routes> {
    const { options, hub } = this;
    const { authentication, tickets, revocations, openStreams } = this.#access;
    const observe = this.#observe;
    const now = Date.now;
    const version = packageVersion();
    const { authCookie, allowQueryToken, topics: topicRight } = options;
    const cors = { origins: options.cors, loopback: !this.exposed };
    const credentials = { authentication, tickets, openStreams, authCookie, allowQueryToken, topicRight, cors, now };
    return routes({
      guard: this.#guard,
      ssePaths: options.ssePath,
      authenticates: this.#access.isConfigured,
      subscribe: subscribe({
        ...credentials,
        hub,
        vanishedPeers: this.#vanishedPeers,
        maxClients: options.maxClients,
        newClientId: randomName,
        observe,
        turnedAway: (how) => void this.#measures.turnedAway[how]++,
        stopping: () => this.#stopping !== undefined,
      }),
      giveTicket: giveTicket(credentials),
      renew: renew(credentials),
      admin: adminRoutes({
        hub,
        feed: this.#feed,
        running: this.#running,
        session: this.#session,
        version,
        totals: () => this.totals,
        bodyLimit: options.bodyLimit,
        defaults: { event: options.event, data: options.data },
        openStreams,
        revocations,
        observe,
        now,
        uptime: () => performance.now() - this.#since,
      }),
      dashboard: dashboardRoutes(ownPages()),
      staticFiles: staticFiles(mountsOf(options), options.staticMaxAge),
      readyz: readyz(() => this.#checks()),
      metrics: metrics(() =>
        metricFamilies({
          version: packageVersion(),
          hub,
          totals: this.totals,
          measures: this.#measures,
          stored: this.#stored(),
          maxClients: options.maxClients,
          isReady: this.#checks().every(({ fault }) => fault === undefined),
        }),
      ),
    });
  }

  /** What must be well for new clients and events to be taken. */
  #checks(): Check[] {
    const stored = this.#stored();
    const stopping = this.#stopping ? 'stopping' : undefined;
    const failed = stored?.writable === false ? 'the store cannot be written; events are refused until a restart' : undefined;
    return [
      { name: 'stopping', state: stopping ? 'yes' : 'no', fault: stopping },
      { name: 'log', state: this.hub.accepts ? 'ok' : 'takes no events', fault: stopping ?? failed },
      { name: 'store', state: failed ?? (stored ? 'ok' : 'none'), fault: failed },
    ];
  }
}

/** Whether a client says nothing about itself. */
function isNobody({ id, login, name, mail, profile, roles }: Client): boolean {
  return [id, login, name, mail, profile, ...roles].every((text) => text === '');
}

function urlOf(host: string | undefined, port: number, path: string): string {
  const any = host === undefined || host === '0.0.0.0' || host === '::';
  return `http://${any ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}/${path}`;
}
