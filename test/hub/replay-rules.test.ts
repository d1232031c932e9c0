import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DraftInput } from '../../src/event/draft.ts';
import { Bench } from '../support/hub.ts';

/** What publishers say of replays: `ttl`, `history` and `supersedes`. */

type Who = Parameters<Bench['attach']>[0];

async function published(drafts: readonly DraftInput[], bench = new Bench()): Promise<Bench> {
  for (const draft of drafts) await bench.publish(draft);
  bench.settle();
  return bench;
}

function replayed(bench: Bench, who: Who = {}, lastEventId = 'e1-0'): string[] {
  const client = bench.attach(who, { lastEventId });
  bench.settle();
  assert.deepEqual(client.control('sse.gap'), [], 'what is left out is no gap');
  assert.equal(client.cursor.place, 'live');
  return client.data;
}

test('an event is replayed until its ttl is over', async () => {
  const bench = await published([{ data: 'short', ttl: '10s' }, { data: 'long', ttl: '1m' }, { data: 'ever' }]);
  bench.time += 9_999;
  assert.deepEqual(replayed(bench), ['short', 'long', 'ever']);
  bench.time += 1;
  assert.deepEqual(replayed(bench), ['long', 'ever']);
  bench.time += 50_000;
  assert.deepEqual(replayed(bench), ['ever']);
});

test('an event without history is for those who are there when it comes', async () => {
  const bench = new Bench();
  const there = bench.attach();
  const { matched } = await bench.publish({ data: 'now', history: false });
  const late = bench.attach();
  const returning = bench.attach({}, { lastEventId: 'e1-0' });
  await bench.publish('later');
  bench.settle();
  assert.equal(matched, 1);
  assert.deepEqual(there.data, ['now', 'later']);
  assert.deepEqual(late.data, ['later']);
  assert.deepEqual(returning.data, ['later'], 'it came back after the event, though before the pass that delivered it');
  assert.deepEqual(replayed(bench), ['later']);
});

test('who was there and is full gets what came meanwhile, whatever its publisher says of replays', async () => {
  const bench = new Bench();
  const client = bench.attach();
  client.full = true;
  await bench.publish('fills it');
  bench.settle();
  await published(
    [
      { data: 'now', history: false },
      { data: 'short', ttl: '1s' },
      { data: '1', supersedes: 'price' },
      { data: '2', supersedes: 'price' },
    ],
    bench,
  );
  bench.time += 60_000;
  client.drain();
  bench.settle();
  assert.deepEqual(client.data, ['fills it', 'now', 'short', '1', '2']);
});

test('of a key, only the newest is replayed', async () => {
  const bench = await published([
    { data: 'gold 1', supersedes: 'gold' },
    { data: 'iron 1', supersedes: 'iron' },
    { data: 'news' },
    { data: 'gold 2', supersedes: 'gold' },
    { data: 'gold 3', supersedes: 'gold' },
  ]);
  assert.deepEqual(replayed(bench), ['iron 1', 'news', 'gold 3']);
  assert.deepEqual(replayed(bench, {}, 'e1-4'), ['gold 3']);
  assert.deepEqual(replayed(bench, {}, 'e1-5'), []);
});

test('the newest is the newest that this client may receive', async () => {
  const bench = await published([
    { data: 'for all', supersedes: 'price' },
    { data: 'for admins', supersedes: 'price', filter: { profile: 'Administrator' } },
    { data: 'for a', supersedes: 'price', topics: 'a' },
    { data: 'not for 7', supersedes: 'price', except: '7' },
    { data: 'for nobody who comes later', supersedes: 'price', filter: () => true },
  ]);
  assert.deepEqual(replayed(bench), ['not for 7']);
  assert.deepEqual(replayed(bench, { id: '7' }), ['for all']);
  assert.deepEqual(replayed(bench, { id: '7', profile: 'Administrator' }), ['for admins']);
  assert.deepEqual(replayed(bench, { id: '7', profile: 'Administrator', topics: ['a'] }), ['for a']);
});

test('a value that is over is not followed by the one before it', async () => {
  const bench = await published([
    { data: '1', supersedes: 'a' },
    { data: '2', supersedes: 'a', ttl: '1s' },
    { data: '1', supersedes: 'b' },
    { data: '2', supersedes: 'b', history: false },
  ]);
  bench.time += 1000;
  assert.deepEqual(replayed(bench), []);
});

test('a newer value that comes while the past is being sent does not take the place of the newest before', async () => {
  const bench = await published([
    { data: '1', supersedes: 'price' },
    { data: 'x'.repeat(70_000) },
    { data: '2', supersedes: 'price' },
  ]);
  const client = bench.attach({}, { lastEventId: 'e1-1' }, { full: true });
  await published(
    [
      { data: '3', supersedes: 'price' },
      { data: '4', supersedes: 'price' },
    ],
    bench,
  );
  client.drain();
  bench.settle();
  assert.deepEqual(client.data.slice(1), ['2', '3', '4']);
  assert.deepEqual(replayed(bench).slice(1), ['4']);
});

test('a key with many audiences holds nobody up', async () => {
  const bench = new Bench({ history: { events: 10_000, age: 3_600_000, bytes: 1e9 } });
  await bench.publish({ data: 'mine', supersedes: 'unread', filter: { id: '7' } });
  for (let i = 1000; i < 2000; i++) await bench.publish({ data: 'theirs', supersedes: 'unread', filter: { id: String(i) } });
  bench.settle();
  assert.deepEqual(replayed(bench, { id: '7' }), ['mine']);
  assert.deepEqual(replayed(bench, { id: '1500' }), ['theirs']);
});
