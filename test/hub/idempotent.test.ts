import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SseError } from '../../src/errors.ts';
import { parseDraft } from '../../src/event/draft.ts';
import type { Appended, EventLog } from '../../src/hub/event-log.ts';
import { MemoryLog } from '../../src/hub/memory-log.ts';
import { idempotencyKeyProblem, Receipts } from '../../src/hub/receipts.ts';
import { Bench } from '../support/hub.ts';

const DAY = 86_400_000;

test('the same under the same key is published once, and answered as the first time', async () => {
  const bench = new Bench();
  const client = bench.attach();
  const first = await bench.publish('x', 'key');
  bench.attach();
  const second = await bench.publish({ data: 'x', event: 'message' }, 'key');
  bench.settle();
  assert.deepEqual(first, { id: 'e1-1', matched: 1 });
  assert.deepEqual(second, first, 'how it is written makes no difference');
  assert.deepEqual(client.data, ['x']);
  assert.equal(bench.activities.filter(({ kind }) => kind === 'broadcast').length, 1);
});

for (const [what, other] of [
  ['data', { data: 'y' }],
  ['type', { data: 'x', event: 'y' }],
  ['reconnection time', { data: 'x', retry: 700 }],
  ['filter', { data: 'x', filter: 'true' }],
  ['topics', { data: 'x', topics: 'a' }],
  ['exceptions', { data: 'x', except: 'a' }],
  ['id', { data: 'x', id: 'a' }],
  ['ttl', { data: 'x', ttl: '1s' }],
  ['history', { data: 'x', history: false }],
  ['superseded key', { data: 'x', supersedes: 'a' }],
  ['function', { data: 'x', filter: () => true }],
] as const)
  test(`the same key with another ${what} is a conflict, and nothing is published`, async () => {
    const bench = new Bench();
    await bench.publish('x', 'key');
    await assert.rejects(bench.publish(other, 'key'), { code: 'conflict' });
    assert.equal(bench.hub.events, 1);
    await bench.publish(other, 'another key');
    assert.equal(bench.hub.events, 2);
  });

/** A memory log whose appends wait until they are let through. */
class SlowLog extends MemoryLog {
  readonly waiting: { pass(): void; fail(error: Error): void }[] = [];

  override async append(drafts: Parameters<EventLog['append']>[0]): Promise<readonly Appended[]> {
    await new Promise<void>((pass, fail) => this.waiting.push({ pass, fail }));
    return super.append(drafts);
  }

  /** The append that is next to wait. */
  async next(): Promise<SlowLog['waiting'][number]> {
    for (;;) {
      const found = this.waiting.shift();
      if (found) return found;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

test('the same key while the first is under way waits for it', async () => {
  const log = new SlowLog({ epoch: 'e1' });
  const bench = new Bench({ log });
  const both = [bench.publish('x', 'key'), bench.publish('x', 'key')];
  const append = await log.next();
  await assert.rejects(bench.publish('y', 'key'), { code: 'conflict' }, 'another request need not wait');
  append.pass();
  assert.deepEqual(await Promise.all(both), [
    { id: 'e1-1', matched: 0 },
    { id: 'e1-1', matched: 0 },
  ]);
  assert.equal(log.waiting.length, 0);
});

test('a first that fails frees the key, and one of those who waited tries', async () => {
  const log = new SlowLog({ epoch: 'e1' });
  const bench = new Bench({ log });
  const first = bench.publish('x', 'key');
  const append = await log.next();
  const others = [bench.publish('x', 'key'), bench.publish('x', 'key')];
  append.fail(new SseError('store-failed', 'the disk is full'));
  await assert.rejects(first, { code: 'store-failed' });
  (await log.next()).pass();
  assert.deepEqual(await Promise.all(others), [
    { id: 'e1-1', matched: 0 },
    { id: 'e1-1', matched: 0 },
  ]);
  assert.equal(bench.hub.events, 1);
});

test('a key is known for 24 hours', async () => {
  const bench = new Bench();
  await bench.publish('x', 'key');
  bench.time += DAY - 1;
  assert.equal((await bench.publish('x', 'key')).id, 'e1-1');
  bench.time += 1;
  assert.equal((await bench.publish('y', 'key')).id, 'e1-2');
  assert.equal((await bench.publish('y', 'key')).id, 'e1-2');
});

test('keys are bounded by the number of their answers, and the log is told which are forgotten', async () => {
  const receipts = new Receipts(() => 0, 4);
  const forgotten: string[] = [];
  let appended = 0;
  const publish = (key: string, count: number) =>
    receipts.once(
      key,
      Array.from({ length: count }, () => parseDraft({ data: 'x' })),
      async (keyed) => {
        forgotten.push(...keyed.forgotten);
        return Array.from({ length: count }, () => ({ id: `e1-${++appended}`, matched: 0 }));
      },
    );
  await publish('a', 1);
  await publish('b', 1);
  await publish('c', 2);
  await publish('a', 1);
  assert.equal(appended, 4, 'all are known');
  await publish('d', 1);
  await publish('b', 1);
  assert.equal(appended, 5, 'b is still known');
  await publish('e', 9);
  await publish('e', 9);
  assert.equal(appended, 14, 'the newest always is');
  await publish('f', 1);
  assert.deepEqual(forgotten, ['a', 'b', 'c', 'd'], 'e goes with the next');
});

test('a key is 1 to 255 visible ASCII characters', () => {
  for (const key of ['a', '!', '~', '"8e03978e-40d5-43dd-bc93-6894a57f9324"', 'x'.repeat(255)])
    assert.equal(idempotencyKeyProblem(key), undefined, key);
  for (const key of ['', ' ', 'a b', 'x'.repeat(256), 'ü', '\t', 'a\n', '\x7f', '\0'])
    assert.equal(idempotencyKeyProblem(key), 'has 1 to 255 visible ASCII characters, without spaces', JSON.stringify(key));
});

test('an own id stands behind the dot, and is unique among what is kept', async () => {
  const bench = new Bench({ history: { events: 2, age: 3_600_000, bytes: 1e6 } });
  const client = bench.attach();
  assert.equal((await bench.publish({ data: '1', id: 'order.7' })).id, 'e1-1.order.7');
  await assert.rejects(bench.publish({ data: '2', id: 'order.7' }), {
    code: 'conflict',
    message: "/id: 'order.7' is in the log already",
  });
  await bench.publish('2');
  await bench.publish('3');
  assert.equal((await bench.publish({ data: '4', id: 'order.7' })).id, 'e1-4.order.7', 'the first is not kept any more');
  bench.settle();
  assert.equal(client.lastId, 'e1-4.order.7');
  const again = bench.attach({}, { lastEventId: 'e1-3.whatever' });
  bench.settle();
  assert.deepEqual(again.data, ['4']);
  await assert.rejects(bench.publish({ data: '5', id: 'order.7' }), { code: 'conflict' });
  assert.equal(bench.hub.events, 4, 'a refused one uses up no sequence');
});

test('a batch is next to each other in the log, and nothing of it is if an id in it is taken', async () => {
  const bench = new Bench();
  const client = bench.attach();
  await bench.publish({ data: 'x', id: 'x' });
  const drafts = ['1', '2', '3'].map((data) => parseDraft({ data, id: data }));
  const answers = await bench.hub.publish(drafts, 'test');
  assert.deepEqual(
    answers.map(({ id }) => id),
    ['e1-2.1', 'e1-3.2', 'e1-4.3'],
  );
  const bad = ['a', '2', 'a', 'x'].map((id) => parseDraft({ data: 'bad', id }));
  await assert.rejects(bench.hub.publish(bad, 'test'), (error: SseError) => {
    assert.deepEqual(error.issues, [
      { pointer: '/1/id', detail: "'2' is in the log already" },
      { pointer: '/2/id', detail: "'a' stands twice in this batch" },
      { pointer: '/3/id', detail: "'x' is in the log already" },
    ]);
    return error.code === 'conflict';
  });
  bench.settle();
  assert.deepEqual(client.data, ['x', '1', '2', '3']);
  assert.equal(bench.activities.filter(({ kind }) => kind === 'broadcast').length, 4);
});
