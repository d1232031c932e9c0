import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Distribution, Histogram } from '../../src/hub/histogram.ts';
import { Measures } from '../../src/hub/measures.ts';
import { Bench } from '../support/hub.ts';

/** How many were not longer than so many seconds. */
function within({ bounds, cumulative }: Distribution, seconds: number): number | undefined {
  return cumulative[bounds.indexOf(seconds)];
}

test('a histogram counts each duration in the buckets that it fits, its bound included', () => {
  const histogram = new Histogram();
  for (const ms of [0, 0.1, 0.11, 250, 250.1, 60_000]) histogram.observe(ms);
  histogram.observe(1, 10);
  const { bounds, cumulative, count, sum } = histogram.distribution();
  assert.deepEqual(
    [...bounds],
    bounds.toSorted((a, b) => a - b),
  );
  assert.equal(cumulative.length, bounds.length);
  const distribution = histogram.distribution();
  assert.deepEqual(
    [0.0001, 0.00025, 0.0005, 0.001, 0.25, 0.5, 30].map((bound) => within(distribution, bound)),
    [2, 3, 3, 13, 14, 15, 15],
  );
  assert.equal(count, 16);
  assert(Math.abs(sum - 60.51031) < 1e-9);
  assert.equal(within(histogram.distribution(5), 0.0001), 7);
  assert.equal(histogram.distribution(5).count, 21);
});

test('what was written is counted as the clients got it', async () => {
  const measures = new Measures();
  const bench = new Bench({ meter: measures });
  await bench.publish('before');
  bench.settle();
  const [a, b] = [bench.attach({ profile: 'Member' }), bench.attach({}, { lastEventId: 'e1-0' })];
  bench.settle();
  await bench.publish('all');
  await bench.publish({ data: 'some', filter: { profile: 'Member' } });
  bench.settle();
  assert.deepEqual([measures.deliveries, measures.replays], [4, 1]);
  assert.equal(measures.bytes, a.raw.length + b.raw.length);
  assert.equal(measures.flush.count, a.writes.length + b.writes.length);
  b.cursor.end('kicked');
  assert.equal(measures.bytes, a.raw.length + b.raw.length, 'its goodbye too');
});

test('an event is timed from the log to the end of its pass, once for all whom it reached', async () => {
  const measures = new Measures();
  const bench = new Bench({ meter: measures });
  await bench.publish('nobody is there');
  bench.settle();
  assert.equal(measures.publishToWrite.count, 0);
  bench.attach();
  bench.attach();
  bench.settle();
  await bench.publish('first');
  bench.time += 2;
  await bench.publish('in the same pass');
  bench.time += 1;
  bench.settle();
  await bench.publish({ data: 'for nobody', filter: { profile: 'Member' } });
  bench.settle();
  assert.equal(measures.publishToWrite.count, 2);
  assert.equal(within(measures.publishToWrite, 0.001), 1);
  assert.equal(within(measures.publishToWrite, 0.005), 2);
  assert.equal(measures.publishToWrite.sum, 0.004);
});

test('a write that finds a client full is timed until that has it all, and every other counts as taken at once', async () => {
  const measures = new Measures();
  const bench = new Bench({ meter: measures });
  const [a, b] = [bench.attach(), bench.attach()];
  bench.settle();
  a.full = true;
  b.full = true;
  await bench.publish('1');
  bench.settle();
  assert.deepEqual(bench.hub.places, { live: 0, ready: 0, blocked: 2, reading: 0 });
  assert.equal(measures.flush.count, 2, 'two openings');
  bench.time += 400;
  a.drain();
  bench.settle();
  assert.equal(measures.flush.count, 3);
  assert.equal(within(measures.flush, 0.0001), 2);
  assert.equal(within(measures.flush, 0.5), 3);
  assert.equal(measures.flush.sum, 0.4);
  b.cursor.end('slow');
  assert.equal(measures.flush.count, 3, 'it never took it');
});

test('signs of life are counted by what they are', async () => {
  const measures = new Measures();
  const bench = new Bench({ meter: measures, heartbeat: 4000 });
  bench.attach();
  bench.beat(4.5);
  assert.deepEqual(measures.signs, { heartbeat: 1, cursor: 0 });
  await bench.publish({ data: 'for others', filter: { profile: 'Member' } });
  bench.settle();
  bench.beat(4.5);
  assert.deepEqual(measures.signs, { heartbeat: 1, cursor: 1 });
});
