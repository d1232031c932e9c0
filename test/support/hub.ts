import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { type DraftInput, parseDraft } from '../../src/event/draft.ts';
import { type Client, type Identity, identity } from '../../src/event/identity.ts';
import type { Activity, CloseReason } from '../../src/hub/activity.ts';
import type { Cursor } from '../../src/hub/cursor.ts';
import type { Appended } from '../../src/hub/event-log.ts';
import { Hub } from '../../src/hub/hub.ts';
import type { HubOptions } from '../../src/hub/hub-options.ts';
import { MemoryLog } from '../../src/hub/memory-log.ts';
import type { Position } from '../../src/hub/resume.ts';
import type { Subscriber } from '../../src/hub/subscriber.ts';

/** A client in the hub's tests: keeps what it is sent, and is full when told so. What it received is read by another project's parser. */
export class FakeClient implements Subscriber {
  readonly received: EventSourceMessage[] = [];
  raw = '';
  writes: Uint8Array[] = [];
  full = false;
  taken = 0;
  ended: CloseReason | undefined;
  cursor!: Cursor;
  readonly #parser = createParser({ onEvent: (event) => void this.received.push(event) });

  write(bytes: Uint8Array): boolean {
    this.writes.push(bytes);
    const text = Buffer.from(bytes).toString();
    this.raw += text;
    this.#parser.feed(text);
    return !this.full;
  }

  end(reason: CloseReason): void {
    this.ended = reason;
  }

  drain(): void {
    this.full = false;
    this.cursor.drained();
  }

  /** Data of the broadcast events it got, in order. */
  get data(): string[] {
    return this.received.filter(({ event }) => !event?.startsWith('sse.')).map(({ data }) => data);
  }

  control(type: string): { id: string | undefined; data: Record<string, unknown> }[] {
    return this.received
      .filter(({ event }) => event === type)
      .map(({ id, data }) => ({ id, data: data === '' ? {} : (JSON.parse(data) as Record<string, unknown>) }));
  }

  get lastId(): string | undefined {
    return this.received.findLast(({ id }) => id !== undefined)?.id;
  }
}

/** A hub whose event loop and clock the test turns by hand. */
export class Bench {
  readonly hub: Hub;
  readonly activities: Activity[] = [];
  time = 1_000_000;
  #turns: (() => void)[] = [];
  #clients = 0;

  constructor(options: Partial<HubOptions> = {}) {
    const now = () => this.time;
    this.hub = new Hub({
      log: new MemoryLog({ epoch: 'e1', now }),
      history: { events: 1000, age: 3_600_000, bytes: 16 * 1024 * 1024 },
      onGap: 'oldest',
      retry: 2000,
      heartbeat: 15_000,
      maxAge: 0,
      notice: 30_000,
      // Those that are full in a test stay it, until it says otherwise.
      stallTime: 3_600_000,
      observe: (activity) => void this.activities.push(activity),
      now,
      elapsed: now,
      defer: (turn) => void this.#turns.push(turn),
      ...options,
    });
  }

  attach(
    who: Partial<Identity> & { topics?: string[] } = {},
    position: Position = {},
    start: { full?: boolean; expiresAt?: number } = {},
  ): FakeClient {
    const subscriber = new FakeClient();
    subscriber.full = start.full ?? false;
    const { topics = [], ...parts } = who;
    const client: Client = { ...identity(parts), topics, client: { id: `c${++this.#clients}`, ip: '127.0.0.1' } };
    subscriber.cursor = this.hub.attach(subscriber, client, position, start.expiresAt);
    return subscriber;
  }

  async publish(input: DraftInput | string, key?: string): Promise<Appended> {
    const [published] = await this.hub.publish([parseDraft(typeof input === 'string' ? { data: input } : input)], 'test', key);
    return published as Appended;
  }

  /** One turn of the event loop. Answers whether there was one. */
  turn(): boolean {
    const turn = this.#turns.shift();
    turn?.();
    return turn !== undefined;
  }

  /** Turns until nothing is left to do. */
  settle(): void {
    for (let turns = 0; this.turn(); turns++) if (turns > 100_000) throw new Error('the hub never comes to rest');
  }

  /** Lets time pass, with its beats. */
  beat(seconds = 1): void {
    for (let i = 0; i < (seconds * 1000) / this.hub.beatInterval; i++) {
      this.time += this.hub.beatInterval;
      this.hub.beat();
      this.settle();
    }
  }
}
