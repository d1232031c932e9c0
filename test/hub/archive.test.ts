import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nobody } from '../../src/event/audience.ts';
import type { EventDraft } from '../../src/event/event.ts';
import { compileEventFilter } from '../../src/event/event-filter.ts';
import type { Appended, EventLog, LogEntry, Page } from '../../src/hub/event-log.ts';
import { Bench } from '../support/hub.ts';

/** A log that keeps everything in a list, and whose reading the test holds back. */
class ListLog implements EventLog {
  readonly durability = 'disk';
  readonly writable = true;
  readonly epochs = [{ name: 'e1', first: 1 }];
  readonly oldest = 1;
  entries: LogEntry[] = [];
  /** Reads that have looked and wait to answer. */
  waiting: (() => void)[] = [];
  holds = false;
  #listener: (entry: LogEntry) => number = () => 0;

  get head(): number {
    return this.entries.length;
  }

  async append(drafts: readonly EventDraft[]): Promise<readonly Appended[]> {
    return drafts.map((draft) => {
      const sequence = this.head + 1;
      const entry = { ...draft, id: `e1-${sequence}`, sequence, time: 1_000_000 + sequence };
      this.entries.push(entry);
      return { id: entry.id, matched: this.#listener(entry) };
    });
  }

  follow(listener: (entry: LogEntry) => number): void {
    this.#listener = listener;
  }

  async read(from: number): Promise<Page> {
    const page = { entries: this.entries.slice(from - 1), next: this.head + 1 };
    if (this.holds) await new Promise<void>((resolve) => this.waiting.push(resolve));
    return page;
  }

  async since(time: number): Promise<number> {
    return this.entries.find((entry) => entry.time >= time)?.sequence ?? this.head + 1;
  }

  async recall(): Promise<void> {}

  async redact(sequences: readonly number[]): Promise<void> {
    this.entries = this.entries.map((entry) =>
      sequences.includes(entry.sequence) ? { ...entry, event: { type: 'message', data: '' }, audience: nobody } : entry,
    );
  }

  async close(): Promise<void> {}
}

async function bench(events: number, inRing: number): Promise<{ bench: Bench; log: ListLog }> {
  const log = new ListLog();
  const bench = new Bench({ log, history: { events: inRing, age: Number.MAX_SAFE_INTEGER, bytes: 1e9 } });
  for (let i = 1; i <= events; i++) await bench.publish(String(i));
  bench.settle();
  return { bench, log };
}

const odd = { filter: compileEventFilter('data.endsWith("1") || data.endsWith("3")') };
/** The promises of a log that answers at once have settled by then. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a page that was being read when something in it was deleted is read again', async () => {
  const { bench: hub, log } = await bench(20, 4);
  log.holds = true;
  const client = hub.attach({}, { since: 'earliest' });
  hub.settle();
  assert.equal(log.waiting.length, 1, 'it waits for a page');
  log.holds = false;
  assert.equal(await hub.hub.archive.redact(odd), 4);
  log.waiting[0]?.();
  await turn();
  hub.settle();
  const expected = Array.from({ length: 20 }, (_, i) => String(i + 1)).filter((data) => !/[13]$/.test(data));
  assert.deepEqual(client.data, expected);
  assert.deepEqual(client.control('sse.gap'), []);
});

test('a client that is full when its next event is deleted goes on behind it', async () => {
  const { bench: hub } = await bench(3, 100);
  const client = hub.attach({}, { since: 'earliest' });
  hub.settle();
  client.full = true;
  await hub.publish('4');
  hub.settle();
  for (const data of ['11', '13', '14']) await hub.publish(data);
  hub.settle();
  assert.equal(await hub.hub.archive.redact({ filter: compileEventFilter('data.startsWith("1") && size(data) == 2') }), 3);
  await hub.publish('5');
  client.drain();
  hub.settle();
  assert.deepEqual(client.data, ['1', '2', '3', '4', '5']);
  assert.equal(client.ended, undefined);
});

test('a selection ends at the newest event there was when it began, and times are looked up in ring and log alike', async () => {
  const { bench: hub } = await bench(20, 4);
  const { archive } = hub.hub;
  const found: string[] = [];
  for await (const { event } of archive.select({ since: 1_000_005, until: 1_000_019 })) found.push(event.data);
  assert.deepEqual(
    found,
    Array.from({ length: 14 }, (_, i) => String(i + 5)),
  );
  found.length = 0;
  for await (const { event } of archive.select({ since: 1_000_018 })) {
    found.push(event.data);
    await hub.publish('meanwhile');
  }
  assert.deepEqual(found, ['18', '19', '20']);
});

test('an id is a cursor if this log gave it', async () => {
  const { archive } = (await bench(3, 4)).bench.hub;
  assert.deepEqual(
    ['e1-0', 'e1-3', 'e1-3.own-id', 'e1-4', 'e2-1', 'e1-', 'x', ''].map((id) => archive.sequenceOf(id)),
    [0, 3, 3, undefined, undefined, undefined, undefined, undefined],
  );
});
