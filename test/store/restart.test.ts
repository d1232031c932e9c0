import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ClassicLevel } from 'classic-level';
import { type DraftInput, parseDraft } from '../../src/event/draft.ts';
import type { Appended } from '../../src/hub/event-log.ts';
import { LevelLog } from '../../src/store/level-log.ts';
import type { Retention } from '../../src/store/retention.ts';
import { Bench } from '../support/hub.ts';

/** What a store remembers beside its events, over a restart. */

const KEEP_ALL: Retention = { events: 1_000_000, age: 1e12, bytes: 1024 ** 3 };

/** A store that is opened again and again, each time by a new hub. */
class Store {
  time = 1_700_000_000_000;
  log!: LevelLog;
  bench!: Bench;
  readonly directory: string;
  readonly #retention: Retention;
  readonly #history: number;
  #openings = 0;

  constructor(t: TestContext, { retention = {}, history = 1000 }: { retention?: Partial<Retention>; history?: number } = {}) {
    this.directory = mkdtempSync(join(tmpdir(), 'sse-restart-'));
    this.#retention = { ...KEEP_ALL, ...retention };
    this.#history = history;
    t.after(async () => {
      await this.log.close();
      rmSync(this.directory, { recursive: true });
    });
  }

  async open(): Promise<this> {
    if (this.log) await this.log.close();
    const now = () => this.time;
    const epoch = `e${++this.#openings}`;
    const warn = (message: string) => assert.fail(message);
    this.log = await LevelLog.open({ directory: this.directory, epoch, retention: this.#retention, now, warn });
    this.bench = new Bench({ log: this.log, now, history: { events: this.#history, age: 1e12, bytes: 1e9 } });
    await this.bench.hub.refill();
    return this;
  }

  publish(drafts: readonly DraftInput[], key?: string): Promise<readonly Appended[]> {
    return this.bench.hub.publish(
      drafts.map((draft) => parseDraft(draft)),
      'test',
      key,
    );
  }

  /** The database itself, while no log has it. */
  async database(): Promise<ClassicLevel<Buffer, Buffer>> {
    const db = new ClassicLevel<Buffer, Buffer>(this.directory, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
    await db.open();
    return db;
  }

  /** What a client gets that has been away since before the first event. */
  async replayed(who: Parameters<Bench['attach']>[0] = {}): Promise<string[]> {
    const client = this.bench.attach(who, { since: 'earliest' });
    for (let rounds = 0; client.cursor.place !== 'live'; rounds++) {
      assert(rounds < 10_000, 'comes to an end');
      this.bench.settle();
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(client.control('sse.gap'), []);
    client.cursor.detach();
    return client.data;
  }
}

test('a key and its answer survive a restart', async (t) => {
  const store = await new Store(t).open();
  store.bench.attach();
  const first = await store.publish([{ data: 'x', id: 'mine' }, { data: 'y' }], 'key');
  assert.deepEqual(first, [
    { id: 'e1-1.mine', matched: 1 },
    { id: 'e1-2', matched: 1 },
  ]);
  await store.open();
  assert.deepEqual(await store.publish([{ data: 'x', id: 'mine' }, { data: 'y' }], 'key'), first);
  await assert.rejects(store.publish([{ data: 'z' }], 'key'), { code: 'conflict' });
  assert.equal(store.log.head, 2);
  store.time += 86_400_000;
  assert.deepEqual(await store.publish([{ data: 'z' }], 'key'), [{ id: 'e2-3', matched: 0 }]);
  await store.open();
  assert.deepEqual(await store.publish([{ data: 'z' }], 'key'), [{ id: 'e2-3', matched: 0 }], 'the newer one took its place');
});

test('keys that are over leave the store', async (t) => {
  const store = await new Store(t).open();
  const keys = async () => {
    const found: string[] = [];
    await store.log.recall({ receipt: ({ key }) => void found.push(key), latest: () => {} });
    return found;
  };
  for (const key of ['a', 'b', 'c']) await store.publish([{ data: 'x' }], key);
  await store.open();
  assert.deepEqual((await keys()).sort(), ['a', 'b', 'c']);
  store.time += 86_400_000;
  await store.publish([{ data: 'x' }], 'd');
  assert.deepEqual(await keys(), ['d']);
});

test('an append that a conflict refuses frees its key, and takes nothing else with it', async (t) => {
  const store = await new Store(t).open();
  const results = await Promise.allSettled([
    store.publish([{ data: '1', id: 'a' }]),
    store.publish([{ data: '2' }, { data: '2', id: 'a' }], 'key'),
    store.publish([{ data: '3', id: 'b' }]),
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
    'in one group',
  );
  assert.equal(store.log.head, 2);
  assert.deepEqual(await store.publish([{ data: '4' }], 'key'), [{ id: 'e1-3', matched: 0 }]);
  await store.open();
  assert.deepEqual(await store.replayed(), ['1', '3', '4']);
});

test('an own id is unique in the whole store, over restarts, until its event is dropped', async (t) => {
  const store = await new Store(t, { retention: { events: 5 }, history: 2 }).open();
  await store.publish([{ data: '1', id: 'a' }]);
  for (const data of ['2', '3', '4']) await store.publish([{ data }]);
  await assert.rejects(store.publish([{ data: 'again', id: 'a' }]), { code: 'conflict' }, 'out of the history, in the store');
  await store.open();
  await assert.rejects(store.publish([{ data: 'again', id: 'a' }]), { code: 'conflict' });
  await assert.rejects(store.publish([{ data: 'again' }, { data: 'again', id: 'a' }]), { code: 'conflict' });
  assert.deepEqual(await store.replayed(), ['1', '2', '3', '4'], 'nothing of it');
  await store.publish([{ data: '5' }, { data: '6' }]);
  await store.log.trimmed();
  assert.deepEqual(await store.publish([{ data: '7', id: 'a' }]), [{ id: 'e2-7.a', matched: 0 }]);
  await store.log.trimmed();
  await assert.rejects(store.publish([{ data: 'again', id: 'a' }]), { code: 'conflict' });
});

test('what publishers say of replays holds on pages from the store, and after a restart', async (t) => {
  const store = await new Store(t, { history: 3 }).open();
  await store.publish([
    { data: 'a1', supersedes: 'a' },
    { data: 'b1', supersedes: 'b' },
    { data: 'a2 for 7', supersedes: 'a', filter: { id: '7' } },
    { data: 'now', history: false },
    { data: 'short', ttl: '1m' },
    { data: 'b2', supersedes: 'b' },
    ...Array.from({ length: 5 }, (_, i) => ({ data: `filler ${i}` })),
  ]);
  store.bench.settle();
  const fillers = ['filler 0', 'filler 1', 'filler 2', 'filler 3', 'filler 4'];
  for (const opening of [0, 1]) {
    if (opening > 0) await store.open();
    assert.deepEqual(await store.replayed(), ['a1', 'short', 'b2', ...fillers]);
    assert.deepEqual(await store.replayed({ id: '7' }), ['a2 for 7', 'short', 'b2', ...fillers]);
  }
  store.time += 60_000;
  await store.publish([{ data: 'a3', supersedes: 'a' }]);
  store.bench.settle();
  assert.deepEqual(await store.replayed({ id: '7' }), ['b2', ...fillers, 'a3']);
});

test('receipts and marks that are damaged are not believed', async (t) => {
  const store = await new Store(t).open();
  await store.publish([{ data: '1', supersedes: 'a' }], 'good');
  await store.publish([{ data: '2', supersedes: 'a' }], 'bad');
  await store.log.close();
  const db = await store.database();
  const range = { gte: Buffer.from('r'), lt: Buffer.from('t') };
  for await (const [key, value] of db.iterator(range)) {
    if (key.toString('latin1') === 'rbad') await db.put(key, Buffer.from(value).fill(0x20, 20, 21));
    // A mark of an event that never was.
    if (key[0] === 0x73) await db.put(Buffer.concat([key.subarray(0, -1), Buffer.of(99)]), Buffer.alloc(0));
  }
  await db.close();
  await store.open();
  assert.deepEqual(await store.publish([{ data: '1', supersedes: 'a' }], 'good'), [{ id: 'e1-1', matched: 0 }]);
  assert.deepEqual(await store.publish([{ data: 'new' }], 'bad'), [{ id: 'e2-3', matched: 0 }]);
  store.bench.settle();
  assert.deepEqual(await store.replayed(), ['1', '2', 'new'], 'rather one too many than one too few');
});

test('marks leave the store with their events', async (t) => {
  const store = await new Store(t, { retention: { events: 10 } }).open();
  for (let i = 0; i < 50; i++) await store.publish([{ data: String(i), id: `id-${i}`, supersedes: `key-${i}` }]);
  await store.log.trimmed();
  store.log.trim();
  await store.log.trimmed();
  await store.log.close();
  const db = await store.database();
  const kinds = (await db.keys().all()).map((key) => String.fromCharCode(key[0] as number)).join('');
  await db.close();
  assert.match(kinds, /^e{10}i{10}s{10}x$/);
  await store.open();
  assert.equal((await store.replayed()).length, 10);
});

test('marks leave the store with what is redacted, and what was superseded is the newest again', async (t) => {
  const store = await new Store(t).open();
  const values = ['1', '2', '3', '4'].map((data) => ({ data, id: `id-${data}`, supersedes: 'key' }));
  await store.publish([...values, { data: 'by function', id: 'live', supersedes: 'key', filter: () => true }]);
  await store.log.redact([3, 4, 5]);
  await store.log.close();
  const db = await store.database();
  const kinds = (await db.keys().all()).map((key) => String.fromCharCode(key[0] as number)).join('');
  await db.close();
  assert.equal(kinds, 'eeeeeiissx');
  await store.open();
  assert.deepEqual(await store.replayed(), ['2']);
  await assert.rejects(store.publish([{ data: 'x', id: 'id-2' }]), { code: 'conflict' });
  assert.deepEqual(
    (
      await store.publish([
        { data: 'x', id: 'id-3' },
        { data: 'y', id: 'live' },
      ])
    ).map(({ id }) => id),
    ['e2-6.id-3', 'e2-7.live'],
  );
});

test('a batch of ten thousand is one group, whatever waits beside it', async (t) => {
  const store = await new Store(t, { history: 100_000 }).open();
  const batch = Array.from({ length: 10_000 }, (_, i) => ({ data: String(i) }));
  const [before, answers, after] = await Promise.all([
    store.publish([{ data: 'before' }]),
    store.publish(batch),
    store.publish([{ data: 'after' }]),
  ]);
  assert.deepEqual([before[0]?.id, answers[0]?.id, answers.at(-1)?.id, after[0]?.id], ['e1-1', 'e1-2', 'e1-10001', 'e1-10002']);
});
