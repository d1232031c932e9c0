import { PassThrough } from 'node:stream';
import { SseError } from '../../src/errors.ts';
import type { Audience } from '../../src/event/audience.ts';
import { type DraftInput, typeProblem } from '../../src/event/draft.ts';
import { compileFilter } from '../../src/event/filter.ts';
import { type Client, type Identity, identity } from '../../src/event/identity.ts';
import type { LogEntry } from '../../src/hub/event-log.ts';
import type { LogLevel } from '../../src/log-levels.ts';
import type { ClientStanding, ConnectedClient, Control, Found } from '../../src/terminal/control.ts';
import { parseDuration } from '../../src/units.ts';

/** A client; the rest is anonymous. */
export function clientOf(parts: Partial<Identity> = {}, id = 'c1', topics: readonly string[] = []): Client {
  return { ...identity(parts), topics, client: { id, ip: '127.0.0.1' } };
}

/** A keyboard: what is written to it was typed. */
export class FakeKeyboard extends PassThrough {
  readonly isTTY: boolean;
  rawMode = false;

  constructor(isTTY = true) {
    super();
    this.isTTY = isTTY;
  }

  setRawMode(raw: boolean): void {
    this.rawMode = raw;
  }
}

/** An event of the past, of 1970. */
export function entryOf(sequence: number, data: string, audience: Audience = {}): LogEntry {
  return { id: `e-${sequence}`, sequence, time: 0, event: { type: 'price', data }, audience };
}

/** A client on the list of a control. */
export function connected(client: Client, since = 0, events = 0): ConnectedClient {
  return { client, since, events, bytes: events * 10 };
}

/** A control that remembers. `bad` in a filter is a mistake at that place; with no list there are two clients, of whom any filter selects one. */
export class FakeControl implements Control {
  readonly sent: DraftInput[] = [];
  readonly stops: string[] = [];
  suspended = 0;
  failure: Error | undefined;
  list: ConnectedClient[] = [];
  figures = { clients: 2, events: 0 };
  readonly kicks: string[] = [];
  past: LogEntry[] = [];
  level: LogLevel = 'info';
  opened = true;
  /** How often a row asked for its client. */
  looks = 0;
  readonly logLevel = {
    get: () => this.level,
    set: (level: LogLevel) => {
      this.level = level;
    },
  };
  readonly defaults = { event: 'message', data: 'hello', keyFilter: 'profile == "Administrator"', tick: 1000 };

  typeProblem(type: string): string | undefined {
    return typeProblem(type);
  }

  async send(draft: DraftInput): Promise<{ id: string; matched: number }> {
    if (this.failure) throw this.failure;
    this.sent.push(draft);
    return {
      id: `e-${this.sent.length}`,
      matched: draft.filter === undefined ? 2 : 1,
    };
  }

  async find(filter: string): Promise<Found> {
    const position = filter.trim().indexOf('bad');
    if (position >= 0) {
      const excerpt = `${filter.trim()}\n${' '.repeat(position)}^`;
      throw SseError.of('invalid-filter', [{ pointer: '/filter', detail: "unknown name 'bad'", position, excerpt }]);
    }
    if (this.list.length === 0) return { clients: new Set(['c1']), admits: () => false };
    const { matches } = compileFilter(filter);
    const found = this.list.filter(({ client }) => matches(client));
    return { clients: new Set(found.map(({ client }) => client.client.id)), admits: matches };
  }

  client(id: string): ClientStanding | undefined {
    this.looks++;
    const found = this.list.find(({ client }) => client.client.id === id);
    return found && { ...found, state: 'live', lastEventId: 'e-9', behind: 0, missed: 0 };
  }

  kick(id: string, { forever }: { readonly forever: boolean }): boolean {
    const found = this.list.some(({ client }) => client.client.id === id);
    if (found) this.kicks.push(forever ? `${id} forever` : id);
    return found;
  }

  async *events(count: number): AsyncGenerator<LogEntry, void> {
    yield* this.past.slice(-count);
  }

  paceOf(text: string): number {
    const pace = parseDuration(text);
    if (pace === undefined)
      throw SseError.of('invalid-config', [{ pointer: 'tick', detail: `must be a duration, not '${text}'` }]);
    return pace;
  }

  async reload() {
    if (this.failure) throw this.failure;
    return {
      changed: [{ name: 'cors', old: [], new: ['*'] }],
      needsRestart: [{ name: 'port', old: 1, new: 2 }],
      ended: 1,
      warnings: [],
    };
  }

  urls(): string {
    return '\n  Local    http://localhost:2015/\n';
  }

  async open(): Promise<{ url: string; opened: boolean }> {
    return { url: 'http://localhost:2015/', opened: this.opened };
  }

  clients(): readonly ConnectedClient[] {
    return this.list;
  }

  stats(): { clients: number; events: number } {
    return this.figures;
  }

  stop(how: 'quit' | 'interrupt'): void {
    this.stops.push(how);
  }

  suspend(): void {
    this.suspended++;
  }
}

/** Waits, turn by turn of the event loop, until something holds. */
export async function eventually(holds: () => boolean, what = holds.toString()): Promise<void> {
  const until = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > until) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
