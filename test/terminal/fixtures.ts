import { PassThrough } from 'node:stream';
import { SseError } from '../../src/errors.ts';
import type { DraftInput } from '../../src/event/draft.ts';
import { type Client, type Identity, identity } from '../../src/event/identity.ts';
import type { ConnectedClient, Control } from '../../src/terminal/control.ts';

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

/** A control that remembers; two clients, `bad` in a filter is a mistake at that place, any other filter selects one. */
export class FakeControl implements Control {
  readonly sent: DraftInput[] = [];
  readonly stops: string[] = [];
  suspended = 0;
  failure: Error | undefined;
  list: ConnectedClient[] = [];
  figures = { clients: 2, events: 0 };
  readonly defaults = { event: 'message', data: 'hello', keyFilter: 'profile == "Administrator"' };

  async send(draft: DraftInput): Promise<{ id: string; matched: number }> {
    if (this.failure) throw this.failure;
    this.sent.push(draft);
    return {
      id: `e-${this.sent.length}`,
      matched: draft.filter === undefined ? 2 : 1,
    };
  }

  count(filter: string): { matched: number; total: number } {
    const position = filter.trim().indexOf('bad');
    if (position >= 0) {
      const excerpt = `${filter.trim()}\n${' '.repeat(position)}^`;
      throw SseError.of('invalid-filter', [{ pointer: '/filter', detail: "unknown name 'bad'", position, excerpt }]);
    }
    return { matched: 1, total: 2 };
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
