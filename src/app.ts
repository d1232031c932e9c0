import { isLoopbackHost } from './config/addresses.ts';
import type { Options } from './config/options.ts';
import { spellOptions } from './config/parse.ts';
import { SseError } from './errors.ts';
import { type DraftInput, parseDraft } from './event/draft.ts';
import type { Client } from './event/identity.ts';
import { Bodies } from './http/bodies.ts';
import { Descriptors } from './http/descriptors.ts';
import type { Handler } from './http/exchange.ts';
import { Feed } from './http/feed.ts';
import { Guard } from './http/guard.ts';
import { Limits } from './http/limits.ts';
import type { Listener } from './http/listen.ts';
import { Places } from './http/places.ts';
import { reviewStreams } from './http/review.ts';
import type { Handlers } from './http/routes.ts';
import { fixedConfig, type LogLevelControl, type Reloaded, type Running } from './http/server-view.ts';
import { Sessions } from './http/sessions.ts';
import { staticFiles } from './http/static-files.ts';
import { endTaps } from './http/tap.ts';
import { VanishedPeers } from './http/vanished-peers.ts';
import { vitals } from './http/vitals.ts';
import type { Activity, Observe, ReloadSource } from './hub/activity.ts';
import type { Appended } from './hub/event-log.ts';
import { Hub } from './hub/hub.ts';
import { Measures } from './hub/measures.ts';
import { idempotencyKeyProblem } from './hub/receipts.ts';
import { Tally, type Totals } from './hub/tally.ts';
import { type Access, type Authenticate, openAccess } from './parts/access.ts';
import { hubOptions } from './parts/hub-options.ts';
import { type Keeping, openKeeping } from './parts/keeping.ts';
import { type Addresses, listenFor } from './parts/listening.ts';
import { bodyRoom, clientsWithin, type Memory, memoryOfProcess, memoryWarnings } from './parts/memory.ts';
import { mountsOf } from './parts/mounts.ts';
import { NamedFiles } from './parts/named-files.ts';
import { readAtStart } from './parts/read-file.ts';
import { type ConfigSource, type Prepared, Reloading } from './parts/reloading.ts';
import { adminTokenOf, type ReadFile } from './parts/verifiers.ts';
import { wire } from './parts/wiring.ts';

export type { Addresses } from './parts/listening.ts';

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
  /** Where the options are from, so that they can be read anew. Default: they stay. */
  readonly source?: ConfigSource | undefined;
  /** Of the log of the program that runs the server. Default: there is none. */
  readonly logLevel?: LogLevelControl | undefined;
  /** How much there may be. Default: what this process may have. */
  readonly memory?: Memory | undefined;
}

/** What may stand beside an event. */
export interface PublishOptions {
  /**
   * Publishing again under the same key, within 24 hours, answers what was answered first and sends nothing; another
   * event under it is a `conflict`. 1 to 255 visible ASCII characters.
   */
  readonly idempotencyKey?: string;
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
  readonly surroundings: Surroundings;
  readonly files: NamedFiles;
  readonly keeping: Keeping;
  readonly tally: Tally;
  readonly measures: Measures;
  readonly guard: Guard;
  readonly sessions: Sessions;
  readonly access: Access;
  readonly exposed: boolean;
  readonly observe: Observe;
}

/** The parts of one server, put together. `cli/` runs it as a program, `index.ts` offers it as a library. */
export class App {
  readonly hub: Hub;
  /** What can be changed while it runs. */
  readonly limits: Limits;
  /** Whether strangers can reach the public port (design: "Where admin lives"). */
  readonly exposed: boolean;
  /** Sentences for the log: what is legal but should not stay. */
  readonly warnings: readonly string[];
  readonly #parts: Parts;
  readonly #places: Places;
  readonly #feed: Feed;
  readonly #vanishedPeers: VanishedPeers;
  readonly #running: Running;
  readonly #since = performance.now();
  readonly #files: Handler;
  #options: Options;
  #handlers: Handlers;
  #listeners: readonly Listener[] = [];
  readonly #descriptors: Descriptors;
  readonly #memory: Memory;
  readonly #bodies: Bodies;
  #beat: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;

  /**
   * Puts the parts together and opens the store, if there is one.
   * @throws SseError `invalid-config` when a file or directory that the options name is no good, `store-in-use`, `start-failed`
   */
  static async open(options: Options, surroundings: Surroundings): Promise<App> {
    const { production, authenticate } = surroundings;
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
    const files = new NamedFiles(readAtStart);
    const { read } = files;
    const guard = new Guard({
      exposed,
      adminHosts: options.adminHost,
      adminToken: adminTokenOf(options, read),
      sessions,
      observe,
    });
    const measures = new Measures();
    const keeping = await openKeeping(options, observe, (after) => measures.appended(after));
    const { log, revocations: keeper } = keeping;
    try {
      const access = await openAccess(options, { observe, keeper, authenticate, selfDeclared: () => guard.trustsLocal, read });
      app = new App(options, { surroundings, files, keeping, tally, measures, guard, sessions, access, exposed, observe });
      await app.hub.refill();
      return app;
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  private constructor(options: Options, parts: Parts) {
    const { keeping, measures, access, exposed, observe } = parts;
    this.#options = options;
    this.#parts = parts;
    this.exposed = exposed;
    this.#descriptors = new Descriptors(observe);
    this.#memory = parts.surroundings.memory ?? memoryOfProcess();
    this.#bodies = new Bodies(() => bodyRoom(this.#options.bodyLimit, this.#memory));
    const capacity = () => Math.min(this.#descriptors.streams, clientsWithin(this.#options, this.#memory));
    this.limits = new Limits(options, { sparesLoopback: options.trustProxy.length === 0, capacity });
    this.#places = new Places(this.limits);
    this.warnings = [...access.warnings, ...memoryWarnings(options, this.#memory)];
    this.#vanishedPeers = new VanishedPeers({ observe });
    this.hub = new Hub(hubOptions(() => this.#options, { log: keeping.log, observe, meter: measures }));
    this.#feed = new Feed(this.hub, () => vitals({ hub: this.hub, totals: this.totals, measures, elapsed: performance.now() }));
    this.#running = this.#run();
    this.#files = staticFiles(mountsOf(options), options.staticMaxAge);
    this.#handlers = this.#wire();
  }

  /** A sentence for the log if there are too few file descriptors for the clients that are allowed; known once it has started. */
  get shortage(): string | undefined {
    return this.#descriptors.warning(this.options.maxClients);
  }

  /** Those that count now. */
  get options(): Options {
    return this.#options;
  }

  /** Whether a client's own word about itself counts now. */
  get selfDeclared(): boolean {
    const { guard, access } = this.#parts;
    return guard.trustsLocal && !access.authentication.isConfigured && !this.options.requireAuth;
  }

  get totals(): Totals {
    return this.#parts.tally.totals;
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
    const [appended] = await this.hub.publish([parseDraft(draft, undefined, this.options)], source, idempotencyKey);
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
    const { exposed, surroundings, observe } = this.#parts;
    const { addresses, listeners } = await listenFor({
      options: () => this.options,
      exposed,
      portAsked: surroundings.portAsked,
      // Those that count when the request comes.
      handlers: {
        public: (exchange) => this.#handlers.public(exchange),
        sharedAdmin: (exchange) => this.#handlers.sharedAdmin(exchange),
        ownAdmin: (exchange) => this.#handlers.ownAdmin(exchange),
      },
      observe,
      descriptors: this.#descriptors,
      bodies: this.#bodies,
    });
    this.#listeners = listeners;
    this.#descriptors.measure();
    this.#beat = setInterval(() => this.hub.beat(), this.hub.beatInterval);
    this.#beat.unref();
    this.#vanishedPeers.start();
    return addresses;
  }

  /**
   * Reads the configuration anew; streams stay open, but for those of clients that it would not let in.
   * @throws SseError `invalid-config`, and nothing has changed; `stopping`; `not-found` where the options are from nowhere
   */
  reload(source: ReloadSource): Promise<Reloaded> {
    return this.#running.reload(source);
  }

  #run(): Running {
    const { surroundings, files, observe } = this.#parts;
    const { source, logLevel } = surroundings;
    if (!source) return { ...fixedConfig(spellOptions(this.#options)), logLevel };
    const reloading = new Reloading({
      source,
      files,
      prepare: (options, read) => this.#prepare(options, read),
      observe,
      stopping: () => this.#stopping !== undefined,
      now: Date.now,
    });
    return {
      config: () => reloading.config,
      state: () => reloading.state,
      reload: (by) => reloading.request(by),
      logLevel,
    };
  }

  /** Whatever can fail comes first; what counts then counts in one step. */
  async #prepare(options: Options, read: ReadFile): Promise<Prepared> {
    const { access, guard, sessions, surroundings } = this.#parts;
    const adminToken = adminTokenOf(options, read);
    const { warnings, apply } = await access.prepare(options, read);
    const tooFew = this.#descriptors.warning(options.maxClients);
    return {
      warnings: [...warnings, ...memoryWarnings(options, this.#memory), ...(tooFew === undefined ? [] : [tooFew])],
      apply: () => {
        const level = options.logLevel === this.#options.logLevel ? undefined : options.logLevel;
        this.#options = options;
        this.limits.values = options;
        apply();
        if (guard.ask({ adminHosts: options.adminHost, adminToken })) {
          sessions.closeAll();
          this.#feed.close();
          endTaps(this.hub);
        }
        this.#handlers = this.#wire();
        if (level !== undefined) surroundings.logLevel?.set(level);
        const { authentication, openStreams } = access;
        return reviewStreams({ hub: this.hub, authentication, openStreams, topicRight: () => this.#options.topics });
      },
    };
  }

  #wire(): Handlers {
    const { exposed, guard, sessions, access, measures, keeping, observe } = this.#parts;
    return wire({
      options: this.#options,
      topicRight: () => this.#options.topics,
      exposed,
      hub: this.hub,
      feed: this.#feed,
      guard,
      sessions,
      access,
      running: this.#running,
      limits: this.limits,
      places: this.#places,
      bodies: this.#bodies,
      descriptors: this.#descriptors,
      vanishedPeers: this.#vanishedPeers,
      measures,
      totals: () => this.totals,
      stored: keeping.stored,
      files: this.#files,
      observe,
      stopping: () => this.#stopping !== undefined,
      uptime: () => performance.now() - this.#since,
    });
  }

  /** Stops within the drain time: nothing new, what was accepted is sent, a goodbye for each client. Settles when all is closed. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** After a defect: tells clients to come back, and closes the log, for which it takes no longer than the given time, in ms. */
  async abandon(time: number): Promise<void> {
    for (const listener of this.#listeners) void listener.close();
    this.hub.abandon();
    await Promise.race([this.hub.close(), new Promise((resolve) => setTimeout(resolve, time))]);
    this.destroy();
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
    else if (activity.kind === 'closed') this.#left(activity.client);
  }

  #left(client: Client): void {
    this.#parts.access.openStreams.left(client);
    this.#places.left(client.client.id);
  }

  /** Nobody's own word counts any more, so who came in by it goes. */
  #endSelfDeclared(): void {
    for (const cursor of [...this.hub.clients()])
      if (!cursor.client.authenticated && !isNobody(cursor.client)) cursor.end('revoked');
  }
}

/** Whether a client says nothing about itself. */
function isNobody({ id, login, name, mail, profile, roles }: Client): boolean {
  return [id, login, name, mail, profile, ...roles].every((text) => text === '');
}
