import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bench } from '../support/hub.ts';

const small = { history: { events: 10, age: 3_600_000, bytes: 16 * 1024 * 1024 } };

async function published(bench: Bench, count: number): Promise<void> {
  for (let i = 1; i <= count; i++) await bench.publish(String(i));
  bench.settle();
}

test('a cursor is continued exactly', async () => {
  const bench = new Bench();
  await published(bench, 5);
  const client = bench.attach({}, { lastEventId: 'e1-3' });
  bench.settle();
  assert.deepEqual(client.data, ['4', '5']);
  assert.equal(client.control('sse.open')[0]?.id, 'e1-3');
  assert.equal(client.control('sse.gap').length, 0);
});

test('a client that was cut before its first event gets what came meanwhile', async () => {
  const bench = new Bench();
  const first = bench.attach();
  first.cursor.detach();
  await published(bench, 1);
  const again = bench.attach({}, { lastEventId: first.lastId as string });
  bench.settle();
  assert.deepEqual(again.data, ['1']);
});

test('only what comes before the first dot of an id is read', async () => {
  const bench = new Bench();
  await published(bench, 2);
  const client = bench.attach({}, { lastEventId: 'e1-1.order-7' });
  bench.settle();
  assert.deepEqual(client.data, ['2']);
});

for (const [lastEventId, reason, missed] of [
  ['e1-0', 'evicted', 5],
  ['e1-4', 'evicted', 1],
  ['other-3', 'epoch', null],
  ['e1-99', 'unknown', null],
  ['nonsense', 'unknown', null],
  ['e1-007', 'unknown', null],
  ['e1-3, e1-4', 'unknown', null],
  ['\u202e<script>\n', 'unknown', null],
] as const) {
  test(`the cursor ${JSON.stringify(lastEventId)} is a gap: ${reason}`, async () => {
    const bench = new Bench(small);
    await published(bench, 15);
    const client = bench.attach({}, { lastEventId });
    bench.settle();
    assert.deepEqual(client.control('sse.gap'), [{ id: 'e1-5', data: { requested: lastEventId, from: 'e1-5', missed, reason } }]);
    assert.equal(client.control('sse.open').length, 0, 'the gap stands in its place');
    assert.deepEqual(client.data, ['6', '7', '8', '9', '10', '11', '12', '13', '14', '15']);
    assert.equal(bench.activities.filter(({ kind }) => kind === 'gap').length, 1);
  });
}

test('a gap is not told twice', async () => {
  const bench = new Bench(small);
  await published(bench, 15);
  const client = bench.attach({}, { lastEventId: 'e1-1' });
  client.cursor.detach();
  const again = bench.attach({}, { lastEventId: client.control('sse.gap')[0]?.id as string });
  bench.settle();
  assert.equal(again.control('sse.gap').length, 0);
  assert.equal(again.data.length, 10);
});

test('with on-gap latest a bad cursor goes on from the head, and the gap counts up to there', async () => {
  const bench = new Bench({ ...small, onGap: 'latest' });
  await published(bench, 15);
  const client = bench.attach({}, { lastEventId: 'e1-1' });
  bench.settle();
  assert.deepEqual(client.control('sse.gap')[0]?.data, { requested: 'e1-1', from: 'e1-15', missed: 14, reason: 'evicted' });
  assert.deepEqual(client.data, []);
});

test('what a client asked for is cut to 128 characters', () => {
  const bench = new Bench();
  const client = bench.attach({}, { lastEventId: 'x'.repeat(5000) });
  assert.equal(client.control('sse.gap')[0]?.data.requested, 'x'.repeat(128));
});

test('since starts in the past', async () => {
  const bench = new Bench();
  for (const data of ['1', '2', '3']) {
    bench.time += 1000;
    await bench.publish(data);
  }
  bench.settle();
  const from = async (since: number | 'earliest') => {
    const client = bench.attach({}, { since });
    bench.settle();
    return client.data;
  };
  assert.deepEqual(await from('earliest'), ['1', '2', '3']);
  assert.deepEqual(await from(bench.time - 1000), ['2', '3']);
  assert.deepEqual(await from(bench.time - 999), ['3']);
  assert.deepEqual(await from(bench.time + 1), []);
  assert.deepEqual(await from(0), ['1', '2', '3']);
});

test('the history is bounded by count, by bytes and by age, and the newest event always stays', async () => {
  const large = 'x'.repeat(1000);
  const byBytes = new Bench({ history: { events: 1000, age: 3_600_000, bytes: 3000 } });
  for (let i = 0; i < 10; i++) await byBytes.publish(large);
  assert.equal(byBytes.hub.history.events, 2);
  await byBytes.publish('y'.repeat(10_000));
  assert.equal(byBytes.hub.history.events, 1);

  const byAge = new Bench({ history: { events: 1000, age: 5000, bytes: 1_000_000 } });
  await byAge.publish('old');
  await byAge.publish('newest');
  byAge.settle();
  byAge.beat(10);
  assert.equal(byAge.hub.history.events, 1);
  const client = byAge.attach({}, { lastEventId: 'e1-0' });
  byAge.settle();
  assert.deepEqual(client.data, ['newest']);
  assert.equal(client.control('sse.gap')[0]?.data.missed, 1);
});

test('a replay is judged by who the client is now', async () => {
  const bench = new Bench();
  await bench.publish({ data: 'secret', filter: { profile: 'Administrator' } });
  await bench.publish({ data: 'not for 7', except: ['7'] });
  await bench.publish({ data: 'live only', filter: () => true });
  bench.settle();
  const member = bench.attach({ profile: 'Member', id: '7' }, { since: 'earliest' });
  const admin = bench.attach({ profile: 'Administrator' }, { since: 'earliest' });
  bench.settle();
  assert.deepEqual(member.data, []);
  assert.deepEqual(admin.data, ['secret', 'not for 7']);
});

test('a client of one topic is told of no gap after many events of another', async () => {
  const bench = new Bench();
  const client = bench.attach({ topics: ['a'] });
  for (let i = 0; i < 1500; i++) {
    await bench.publish({ data: String(i), topics: 'b' });
    if (i % 100 === 0) bench.settle();
  }
  bench.settle();
  client.cursor.detach();
  const again = bench.attach({ topics: ['a'] }, { lastEventId: client.lastId as string });
  assert.equal(again.control('sse.gap').length, 0);
  assert(client.control('sse.cursor').length >= 1);
  assert.equal(client.received.at(-1)?.data, '', 'browsers drop events without data, and parsers events without a data line');
});

test('a goodbye in the middle of a pass carries a position that loses nothing', async () => {
  const bench = new Bench();
  const clients = Array.from({ length: 4 }, () => bench.attach());
  const [first, , third] = clients;
  assert(first && third);
  const write = first.write.bind(first);
  first.write = (bytes) => {
    first.write = write;
    third.cursor.end('kicked'); // Not yet reached by the pass.
    return write(bytes);
  };
  await bench.publish('x');
  bench.settle();
  assert.deepEqual(third.data, []);
  const again = bench.attach({}, { lastEventId: third.lastId as string });
  bench.settle();
  assert.deepEqual(again.data, ['x']);
});

test('audiences count for the bytes of the history', async () => {
  const bench = new Bench({ history: { events: 1000, age: 3_600_000, bytes: 100_000 } });
  const except = Array.from({ length: 100 }, (_, i) => `${i}`.padEnd(200, 'x'));
  for (let i = 0; i < 20; i++) await bench.publish({ data: 'x', except });
  assert.equal(bench.hub.history.events, 2);
});
