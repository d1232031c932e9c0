import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileFilter } from '../../src/event/filter.ts';
import { Bench } from '../support/hub.ts';

test('every stream begins with its reconnection time and sse.open, which carries the position', async () => {
  const bench = new Bench();
  await bench.publish('before');
  const client = bench.attach({ profile: 'Member', authenticated: true });
  assert.equal(
    client.raw,
    'retry: 2000\nevent: sse.open\ndata: {"client":"c1","authenticated":true,"profile":"Member"}\nid: e1-1\n\n',
  );
});

test('an event reaches every client, and publishing answers its id and how many it matched', async () => {
  const bench = new Bench();
  const clients = [bench.attach(), bench.attach()];
  assert.deepEqual(await bench.publish('hello'), { id: 'e1-1', matched: 2 });
  bench.settle();
  for (const client of clients) assert.deepEqual(client.data, ['hello']);
});

test('events that come in one turn leave in one write of one buffer that all clients share', async () => {
  const bench = new Bench();
  const [a, b] = [bench.attach(), bench.attach()];
  await Promise.all(['1', '2', '3'].map((data) => bench.publish(data)));
  bench.settle();
  assert.equal(a.writes.length, 2, 'the opening and one write');
  assert.equal(a.writes[1], b.writes[1]);
  assert.deepEqual(a.data, ['1', '2', '3']);
});

test('a targeted event reaches those it is for, in order with those for everyone', async () => {
  const bench = new Bench();
  const admin = bench.attach({ profile: 'Administrator' });
  const other = bench.attach({ profile: 'Administrator' });
  const member = bench.attach({ profile: 'Member' });
  await bench.publish('1');
  const { matched } = await bench.publish({ data: '2', filter: { profile: 'Administrator' } });
  await bench.publish('3');
  bench.settle();
  assert.equal(matched, 2);
  assert.deepEqual(admin.data, ['1', '2', '3']);
  assert.deepEqual(member.data, ['1', '3']);
  assert.equal(admin.writes[1], other.writes[1], 'a group with one filter shares one buffer');
});

test('topics, except and a function of the client select', async () => {
  const bench = new Bench();
  const a = bench.attach({ id: '1', topics: ['a'] });
  const b = bench.attach({ id: '2', topics: ['b', 'c'] });
  assert.equal((await bench.publish({ data: 'to a', topics: 'a' })).matched, 1);
  assert.equal((await bench.publish({ data: 'to a or c', topics: ['a', 'c'] })).matched, 2);
  assert.equal((await bench.publish({ data: 'not 1', except: ['1'] })).matched, 1);
  assert.equal((await bench.publish({ data: 'not c2', except: ['c2'] })).matched, 1);
  assert.equal((await bench.publish({ data: 'by function', filter: (client) => client.id === '2' })).matched, 1);
  bench.settle();
  assert.deepEqual(a.data, ['to a', 'to a or c', 'not c2']);
  assert.deepEqual(b.data, ['to a or c', 'not 1', 'by function']);
});

test('whom an audience has can be asked without sending anything, and other work runs meanwhile', async () => {
  const bench = new Bench();
  for (let i = 0; i < 100; i++) bench.attach({ id: String(i), profile: i < 30 ? 'Administrator' : 'Member' });
  const found = await bench.hub.find({ filter: compileFilter('profile == "Administrator"') });
  assert.deepEqual(
    [...found].map(({ client }) => client.id),
    [...Array(30).keys()].map(String),
  );
  assert.equal((await bench.hub.find({})).size, 100);
  const pause = (): boolean => {
    for (const until = performance.now() + 0.2; performance.now() < until; );
    return true;
  };
  let settled = false;
  const slow = bench.hub.find({ match: pause }).finally(() => {
    settled = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(settled, false, 'more than a slice');
  while (!settled) {
    bench.turn();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal((await slow).size, 100);
});

test('an audience function that throws matches nobody and is reported once; the others get their events', async () => {
  const bench = new Bench();
  const clients = [bench.attach(), bench.attach()];
  const failing = () => {
    throw new Error('no');
  };
  assert.equal((await bench.publish({ data: 'x', filter: failing })).matched, 0);
  await bench.publish('y');
  bench.settle();
  for (const client of clients) assert.deepEqual(client.data, ['y']);
  assert.equal(bench.activities.filter(({ kind }) => kind === 'failed').length, 1);
});

test('a client that leaves during a pass does not change who gets the event', async () => {
  const bench = new Bench();
  const clients = Array.from({ length: 40 }, () => bench.attach());
  const leaver = clients[20];
  const trigger = clients[3];
  assert(leaver && trigger);
  const write = trigger.write.bind(trigger);
  trigger.write = (bytes) => {
    leaver.cursor.detach();
    return write(bytes);
  };
  await bench.publish('x');
  bench.settle();
  for (const client of clients) assert.deepEqual(client.data, client === leaver ? [] : ['x']);
});

test('a pass over many clients is cut into slices, and an event that comes between them is neither lost nor doubled', async () => {
  const bench = new Bench();
  const clients = Array.from({ length: 64 }, () => bench.attach());
  const slow = clients[0];
  assert(slow);
  const write = slow.write.bind(slow);
  slow.write = (bytes) => {
    for (const until = performance.now() + 8; performance.now() < until; );
    return write(bytes);
  };
  await bench.publish('1');
  assert(bench.turn());
  assert.deepEqual(clients.at(-1)?.data, [], 'the first slice did not reach the last client');
  await bench.publish('2');
  const late = bench.attach();
  const mid = bench.attach({}, { lastEventId: 'e1-1' });
  bench.settle();
  for (const client of clients) assert.deepEqual(client.data, ['1', '2']);
  assert.deepEqual(late.data, []);
  assert.deepEqual(mid.data, ['2']);
});

test('publishers wait while what they published has not begun its way, so that memory is bounded', async () => {
  const bench = new Bench();
  bench.attach();
  const megabyte = 'x'.repeat(1024 * 1024);
  const settled: number[] = [];
  const all = Array.from({ length: 8 }, (_, i) => bench.publish(megabyte).then(() => settled.push(i)));
  await new Promise((resolve) => setImmediate(resolve));
  assert(settled.length < 8, `${settled.length} settled`);
  while (settled.length < 8) {
    bench.turn();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(all);
  assert.deepEqual(settled, [0, 1, 2, 3, 4, 5, 6, 7]);
});

test('a heartbeat goes to clients that got nothing for the interval, and only to them', async () => {
  const bench = new Bench();
  const quiet = bench.attach({ profile: 'a' });
  const busy = bench.attach({ profile: 'b' });
  for (let i = 0; i < 16; i++) {
    bench.beat();
    await bench.publish({ data: String(i), filter: { profile: 'b' } });
    bench.settle();
  }
  assert.equal(busy.raw.includes(': hb'), false);
  assert.match(quiet.raw, /event: sse\.cursor/);
  const idle = new Bench();
  const client = idle.attach();
  idle.beat(15);
  assert.equal(client.raw.includes(': hb'), false, 'not before the interval is over');
  idle.beat();
  assert(client.raw.endsWith(': hb\n'));
});

test('streams end after the maximum age, with a goodbye', () => {
  const bench = new Bench({ maxAge: 60_000 });
  const client = bench.attach();
  bench.beat(47);
  assert.equal(client.ended, undefined, 'not before 80 % of it');
  bench.beat(26);
  assert.equal(client.ended, 'max-age');
  assert.deepEqual(client.control('sse.bye'), [{ id: 'e1-0', data: { reason: 'max-age' } }]);
});

test('closing sends what was accepted, then a goodbye with a reconnection time of its own to each, and refuses what comes later', async () => {
  const bench = new Bench();
  const clients = Array.from({ length: 20 }, () => bench.attach());
  await bench.publish('last');
  const closed = bench.hub.drain(1000);
  await new Promise((resolve) => setImmediate(resolve));
  bench.settle();
  await closed;
  for (const client of clients) {
    assert.deepEqual(client.data, ['last']);
    assert.deepEqual(client.control('sse.bye'), [{ id: 'e1-1', data: { reason: 'shutdown' } }]);
    assert.equal(client.ended, 'shutdown');
  }
  const retries = new Set(clients.map((client) => /retry: (\d+)\n[\s\S]*sse\.bye/.exec(client.raw.slice(20))?.[1]));
  assert(retries.size > 10, 'not all the same');
  await assert.rejects(bench.publish('late'), { code: 'stopping' });
});
