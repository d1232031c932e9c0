import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { parseDraft } from '../../src/event/draft.ts';
import type { LogEntry, Page } from '../../src/hub/event-log.ts';
import { MemoryLog } from '../../src/hub/memory-log.ts';
import { Bench, type FakeClient } from '../support/hub.ts';

/** A log that can be read from its beginning, page by page, and counts how often it is. */
class PagedLog extends MemoryLog {
  reads = 0;
  readonly #entries: LogEntry[] = [];

  override get oldest(): number {
    return 1;
  }

  override follow(listener: (entry: LogEntry) => number): void {
    super.follow((entry) => {
      this.#entries.push(entry);
      return listener(entry);
    });
  }

  override async read(from = 1): Promise<Page> {
    this.reads++;
    await setImmediate();
    const entries = this.#entries.slice(from - 1, from + 255);
    return { entries, next: from + entries.length };
  }
}

test('clients that return one after another from far back share what was read for the first, and its bytes', async () => {
  const log = new PagedLog({ epoch: 'e1' });
  const bench = new Bench({ log, history: { events: 10, age: 3_600_000, bytes: 1_000_000 } });
  const events = 40 * 256;
  const data = Array.from({ length: events }, (_, index) => `${index}:`.padEnd(100, 'x'));
  for (const text of data) await log.append([parseDraft({ data: text })]);
  bench.settle();

  const clients: FakeClient[] = [];
  while (clients.length < 5) {
    const client = bench.attach({}, { lastEventId: 'e1-0' });
    clients.push(client);
    while (client.data.length < events) {
      bench.settle();
      await setImmediate();
    }
    assert.deepEqual(client.data, data);
  }
  assert.equal(log.reads, 40);
  const chunks = clients.flatMap(({ writes }) => writes.slice(1));
  assert(chunks.length >= 5 * 40);
  assert.equal(new Set(chunks).size, chunks.length / 5);
});
