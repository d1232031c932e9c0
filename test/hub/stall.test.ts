import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bench, type FakeClient } from '../support/hub.ts';

/** A bench with a stall time of 30 s, and a client on it that is full. */
async function stalling(): Promise<{ bench: Bench; client: FakeClient }> {
  const bench = new Bench({ stallTime: 30_000 });
  const client = bench.attach();
  client.full = true;
  await bench.publish('1');
  bench.settle();
  return { bench, client };
}

test('a full client that takes nothing for the stall time is closed as slow', async () => {
  const { bench, client } = await stalling();
  bench.beat(29);
  assert.equal(client.ended, undefined);
  bench.beat(2);
  assert.equal(client.ended, 'slow');
});

test('whenever its peer takes something the stall time begins anew', async () => {
  const { bench, client } = await stalling();
  for (let round = 0; round < 10; round++) {
    bench.beat(25);
    client.taken += 10_000;
    assert.equal(client.ended, undefined);
  }
  bench.beat(29);
  assert.equal(client.ended, undefined);
  bench.beat(10);
  assert.equal(client.ended, 'slow');
});

test('what is written does not begin it anew', async () => {
  const { bench, client } = await stalling();
  for (let second = 0; second < 31; second++) {
    await bench.publish('more');
    bench.beat();
  }
  assert.equal(client.ended, 'slow');
});

test('a client that takes a byte now and then is closed as slow after four stall times', async () => {
  const { bench, client } = await stalling();
  const drip = (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      client.taken += 100;
      bench.beat();
    }
  };
  drip(115);
  assert.equal(client.ended, undefined);
  drip(15);
  assert.equal(client.ended, 'slow');
});

test('a client that drains and is full again has the whole time again, and a heartbeat when it is quiet', async () => {
  const { bench, client } = await stalling();
  bench.beat(25);
  client.drain();
  bench.settle();
  client.full = true;
  await bench.publish('2');
  bench.settle();
  bench.beat(25);
  assert.equal(client.ended, undefined);
  client.drain();
  bench.settle();
  const before = client.raw.length;
  bench.beat(16);
  assert.equal(client.raw.slice(before), ': hb\n');
});

test('a beat visits only the clients that something is due for', () => {
  const bench = new Bench();
  let looks = 0;
  const clients = Array.from({ length: 300 }, () => {
    const client = bench.attach();
    bench.time += 50;
    const { term } = client.cursor;
    const overAt = term.overAt.bind(term);
    term.overAt = (time) => {
      looks++;
      return overAt(time);
    };
    return client;
  });
  bench.beat(60);
  assert(looks <= clients.length * 4, `${looks} looks in 120 beats`);
  for (const { raw } of clients) assert(raw.split(': hb\n').length >= 4);
});
