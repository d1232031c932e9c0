import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bench } from '../support/hub.ts';

const small = { history: { events: 10, age: 3_600_000, bytes: 16 * 1024 * 1024 } };

test('a full client is not written to, and reads on from the history when it drains', async () => {
  const bench = new Bench();
  const client = bench.attach();
  client.full = true;
  await bench.publish('1');
  bench.settle();
  for (const data of ['2', '3', '4']) {
    await bench.publish(data);
    bench.settle();
  }
  assert.deepEqual(client.data, ['1'], 'the first write found it full');
  assert.equal(client.cursor.place, 'blocked');
  client.drain();
  bench.settle();
  assert.deepEqual(client.data, ['1', '2', '3', '4']);
  assert.equal(client.cursor.place, 'live');
});

test('a full client keeps no more than the one write that did not fit, however much is published', async () => {
  const bench = new Bench({ history: { events: 1000, age: 3_600_000, bytes: 1024 * 1024 * 1024 } });
  const client = bench.attach();
  client.full = true;
  for (let i = 0; i < 100; i++) await bench.publish('x'.repeat(10_000));
  bench.settle();
  const held = client.writes.slice(1).reduce((sum, bytes) => sum + bytes.length, 0);
  assert(held <= 64 * 1024, `${held} bytes`);
  client.drain();
  bench.settle();
  assert.equal(client.data.length, 100);
});

test('a full client is closed as slow when its next entry leaves the history, and told exactly what it missed', async () => {
  const bench = new Bench(small);
  const client = bench.attach();
  client.full = true;
  for (let i = 1; i <= 11; i++) {
    await bench.publish(String(i));
    bench.settle();
  }
  assert.equal(client.ended, undefined, 'its next entry, 2, is still there');
  await bench.publish('12');
  bench.settle();
  assert.equal(client.ended, 'slow');
  assert.equal(client.control('sse.bye').length, 0, 'it would stand behind what it cannot take');

  const back = bench.attach({}, { lastEventId: client.lastId as string });
  bench.settle();
  assert.deepEqual(back.control('sse.gap'), [
    { id: 'e1-2', data: { requested: 'e1-1', from: 'e1-2', missed: 1, reason: 'evicted' } },
  ]);
  assert.deepEqual(back.data, ['3', '4', '5', '6', '7', '8', '9', '10', '11', '12']);
});

test('events for others leaving the history do not close a full client', async () => {
  const bench = new Bench(small);
  const client = bench.attach({ profile: 'a' });
  client.full = true;
  await bench.publish('1');
  bench.settle();
  for (let i = 0; i < 50; i++) await bench.publish({ data: 'other', filter: { profile: 'b' } });
  bench.settle();
  assert.equal(client.ended, undefined);
  client.drain();
  await bench.publish('2');
  bench.settle();
  assert.deepEqual(client.data, ['1', '2']);
});

test('a client that is full from its first byte loses nothing', async () => {
  const bench = new Bench();
  const client = bench.attach({}, {}, { full: true });
  await bench.publish('1');
  bench.settle();
  assert.deepEqual(client.data, []);
  client.drain();
  bench.settle();
  assert.deepEqual(client.data, ['1']);
});

test('a long replay to many clients does not hold back the live ones', async () => {
  const bench = new Bench();
  for (let i = 0; i < 500; i++) await bench.publish('x'.repeat(2000));
  bench.settle();
  const returning = Array.from({ length: 30 }, () => bench.attach({}, { lastEventId: 'e1-0' }));
  const live = bench.attach();
  bench.turn();
  await bench.publish('now');
  let turns = 0;
  while (live.data.length === 0 && bench.turn()) turns++;
  assert(
    returning.some((client) => client.data.length < 501),
    'replay was still going on',
  );
  assert(turns < 50, `${turns} turns`);
  bench.settle();
  for (const client of returning) assert.equal(client.data.length, 501);
  assert.equal(returning[0]?.writes[1], returning[1]?.writes[1], 'pages are shared');
});

test('a full client ends at the maximum age as well', async () => {
  const bench = new Bench({ maxAge: 60_000 });
  const client = bench.attach();
  client.full = true;
  await bench.publish('x');
  bench.settle();
  bench.beat(73);
  assert.equal(client.ended, 'max-age');
});

test('a client that fills up while it catches up keeps what waits for a pass and came before it', async () => {
  const bench = new Bench();
  await bench.publish('1');
  bench.settle();
  await bench.publish(`2${'x'.repeat(60_000)}`);
  await bench.publish({ data: `3${'x'.repeat(60_000)}`, filter: { profile: 'a' } });
  const client = bench.attach({ profile: 'a' }, { lastEventId: 'e1-0' });
  client.full = true;
  bench.settle();
  client.drain();
  bench.settle();
  assert.deepEqual(
    client.data.map((data) => data[0]),
    ['1', '2', '3'],
  );
});
