import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isLoopbackHost } from './config/addresses.ts';
import type { Options } from './config/options.ts';
import { type Issue, SseError } from './errors.ts';
import { type DraftInput, parseDraft } from './event/draft.ts';
import type { Client } from './event/identity.ts';
import { clientAddress } from './http/address.ts';
import { broadcast } from './http/broadcast.ts';
import type { Handler } from './http/exchange.ts';
import { Guard } from './http/guard.ts';
import { listHistory, redactHistory } from './http/history.ts';
import { type Listener, listen, type Where } from './http/listen.ts';
import { routes } from './http/routes.ts';
import { httpServer } from './http/server.ts';
import { type StaticMount, staticFiles } from './http/static-files.ts';
import { subscribe } from './http/subscribe.ts';
import type { Activity, Observe } from './hub/activity.ts';
import type { Appended, EventLog } from './hub/event-log.ts';
import { Hub } from './hub/hub.ts';
import { MemoryLog } from './hub/memory-log.ts';
import { idempotencyKeyProblem } from './hub/receipts.ts';
import { Tally, type Totals } from './hub/tally.ts';
import { Authentication } from './identity/authenticate.ts';
import { adminTokenOf, keysOf, openVerifiers, usersOf, type Verifiers } from './verifiers.ts';

/** What a server is told besides its options. */
export interface Surroundings {
  /** Whether this is a production machine (`NODE_ENV=production`): the server then counts as exposed. */
  readonly production: boolean;
  /** Whether the port was asked for: it is then not left for another one. */
  readonly portAsked: boolean;
  /** Hears what happens. */
  readonly observe: Observe;
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
  readonly log: EventLog;
  readonly tally: Tally;
  readonly verifiers: Verifiers;
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
  readonly #guard: Guard;
  readonly #portAsked: boolean;
  readonly #observe: Observe;
  readonly #handlers: ReturnType<typeof routes>;
  readonly #authenticates: boolean;
  #listeners: Listener[] = [];
  #beat: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;

  /**
   * Puts the parts together and opens the store, if there is one.
   * @throws SseError `invalid-config` when a file or directory that the options name is no good, `store-in-use`, `start-failed`
   */
  static async open(options: Options, surroundings: Surroundings): Promise<App> {
    const tally = new Tally();
    // The store's failures count from its opening on, before there is anything else to report.
    const observe: Observe = (activity) => {
      tally.observe(activity);
      surroundings.observe(activity);
    };
    const verifiers = await openVerifiers(options, observe);
    const log = await openLog(options, observe);
    try {
      const app = new App(options, { ...surroundings, observe }, { log, tally, verifiers });
      await app.hub.refill();
      return app;
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  private constructor(options: Options, { production, portAsked, observe }: Surroundings, { log, tally, verifiers }: Parts) {
    this.#tally = tally;
    this.options = options;
    this.#portAsked = portAsked;
    this.exposed = production || options.trustProxy.length > 0 || !isLoopbackHost(options.host);
    this.#observe = (activity: Activity) => {
      observe(activity);
      if (activity.kind === 'proxy-seen') this.#endSelfDeclared();
    };

    this.warnings = verifiers.warnings;
    this.#authenticates = verifiers.verifiers.length > 0;
    this.#guard = new Guard({
      exposed: this.exposed,
      adminHosts: options.adminHost,
      adminToken: adminTokenOf(options),
      observe: this.#observe,
    });
    const { historyEvents, historyAge, historyBytes, onGap, retry, heartbeat, maxAge } = options;
    this.hub = new Hub({
      log,
      history: { events: historyEvents, age: historyAge, bytes: historyBytes },
      onGap,
      retry,
      heartbeat,
      maxAge,
      observe: this.#observe,
    });
    this.#handlers = this.#routes(verifiers.verifiers);
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
    return this.#guard.trustsLocal && !this.#authenticates && !this.options.requireAuth;
  }

  get totals(): Totals {
    return this.#tally.totals;
  }

  clients(): ConnectedClient[] {
    return Array.from(this.hub.clients(), ({ client, since, events, bytes }) => ({ client, since, events, bytes }));
  }

  /** @throws SseError `invalid-event`, `invalid-filter`, `invalid-request`, `conflict`, `stopping`, `store-failed` */
  async publish(draft: DraftInput, source: string, { idempotencyKey }: PublishOptions = {}): Promise<Appended> {
    const problem = idempotencyKey === undefined ? undefined : idempotencyKeyProblem(idempotencyKey);
    if (problem !== undefined) throw SseError.of('invalid-request', [{ pointer: 'idempotencyKey', detail: problem }]);
    const [appended] = await this.hub.publish([parseDraft(draft)], source, idempotencyKey);
    return appended as Appended;
  }

  /** How many of the connected clients a filter selects. @throws SseError `invalid-filter` */
  count(filter: string): { readonly matched: number; readonly total: number } {
    return { matched: this.hub.count(parseDraft({ data: '', filter })), total: this.hub.size };
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
    await Promise.race([this.hub.drain(drainTime).then(() => closed), deadline]);
    clearTimeout(timer);
    clearInterval(this.#beat);
    this.destroy();
    await closed;
    await this.hub.close();
  }

  /** Nobody's own word counts any more, so who came in by it goes. */
  #endSelfDeclared(): void {
    for (const cursor of [...this.hub.clients()])
      if (!cursor.client.authenticated && !isNobody(cursor.client)) cursor.end('revoked');
  }

  #routes(verifiers: Verifiers['verifiers']): ReturnType<typeof routes> {
    const { options, hub } = this;
    const past = { archive: hub.archive, now: Date.now };
    return routes({
      guard: this.#guard,
      ssePaths: options.ssePath,
      authenticates: this.#authenticates,
      subscribe: subscribe({
        hub,
        authentication: new Authentication({ verifiers, required: options.requireAuth, selfDeclared: () => this.selfDeclared }),
        authCookie: options.authCookie,
        cors: { origins: options.cors, loopback: !this.exposed },
        stallTime: options.stallTime,
        maxClients: options.maxClients,
        newClientId: randomName,
        now: Date.now,
        observe: this.#observe,
        stopping: () => this.#stopping !== undefined,
      }),
      broadcast: broadcast({ hub, bodyLimit: options.bodyLimit, defaults: { event: options.event, data: options.data } }),
      listHistory: listHistory(past),
      redactHistory: redactHistory(past),
      staticFiles: staticFiles(mountsOf(options), options.staticMaxAge),
      notReady: () => {
        if (this.#stopping) return 'stopping';
        return this.hub.accepts ? undefined : 'the store cannot be written; events are refused until a restart';
      },
    });
  }
}

/** The log that the options ask for. @throws SseError `store-in-use`, `start-failed` */
export async function openLog(options: Options, observe: Observe): Promise<EventLog> {
  const { store: directory, storeEvents: events, storeAge: age, storeBytes: bytes } = options;
  if (directory === undefined) return new MemoryLog({ epoch: randomName() });
  // Loaded only then: it brings a native library.
  const { LevelLog } = await import('./store/level-log.ts');
  const warn = (what: string, error?: unknown) => observe({ kind: 'failed', what, error });
  return LevelLog.open({ directory, epoch: randomName(), retention: { events, age, bytes }, warn });
}

/** Whether a client says nothing about itself. */
function isNobody({ id, login, name, mail, profile, roles }: Client): boolean {
  return [id, login, name, mail, profile, ...roles].every((text) => text === '');
}

/** Random, short, letters and digits only: for epochs and client ids. */
function randomName(): string {
  return randomBytes(5).toString('hex');
}

function urlOf(host: string | undefined, port: number, path: string): string {
  const any = host === undefined || host === '0.0.0.0' || host === '::';
  return `http://${any ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}/${path}`;
}

/** The page that ships; its policy allows what it needs and nothing else. */
function ownPage(ssePath: string): StaticMount {
  return {
    prefix: '/',
    root: fileURLToPath(new URL('public/', import.meta.resolve('#package.json'))),
    headers: {
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      // Its own server may see where its requests come from: that is how a reverse proxy is noticed.
      'referrer-policy': 'same-origin',
      // How the page learns where its stream is (RFC 8288).
      link: `<${ssePath}>; rel="alternate"; type="text/event-stream"`,
    },
  };
}

function mountsOf({ static: entries, ssePath: [path = '/sse'] }: Options): readonly StaticMount[] {
  if (entries.length === 0) return [ownPage(path)];
  return entries.map(({ prefix, directory: root }) => {
    if (statSync(root, { throwIfNoEntry: false })?.isDirectory()) return { prefix, root };
    throw SseError.of('invalid-config', [{ pointer: '--static', detail: `${JSON.stringify(root)} is not a directory` }]);
  });
}
