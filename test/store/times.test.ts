import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Found, Times } from '../../src/store/times.ts';

/** A log of so many entries, one a ms, some of which are missing; the last one stands. */
function logOf(count: number, missing: ReadonlySet<number>) {
  const looked = { times: 0, entries: 0 };
  const find = (from: number, end: number): Found | undefined => {
    for (let sequence = from; sequence < end; sequence++) if (!missing.has(sequence)) return { sequence, time: 1000 + sequence };
    return undefined;
  };
  const times = new Times(async (sequences, end) => {
    assert(end <= count + 1);
    looked.times++;
    looked.entries += sequences.length;
    return sequences.map((sequence) => find(sequence, end));
  });
  return { times, looked };
}

test('a time is found as by a look at each entry, also where entries are missing', async () => {
  const shape = fc.record({
    count: fc.integer({ min: 1, max: 30_000 }),
    lost: fc.array(fc.tuple(fc.nat(30_000), fc.nat(5000)), { maxLength: 4 }),
    searches: fc.array(fc.tuple(fc.nat(31_000), fc.nat(30_000)), { minLength: 1, maxLength: 5 }),
  });
  await fc.assert(
    fc.asyncProperty(shape, async ({ count, lost, searches }) => {
      const missing = new Set(lost.flatMap(([from, length]) => Array.from({ length }, (_, i) => from + i)));
      const { times } = logOf(count, missing);
      for (const [wanted, low] of searches) {
        const oldest = Math.min(low, count) + 1;
        // After the last one that is older: what is missing behind that may be as new as is asked for.
        let expected = oldest;
        for (let sequence = oldest; sequence <= Math.min(count, wanted - 1); sequence++)
          if (!missing.has(sequence)) expected = sequence + 1;
        assert.equal(await times.since(1000 + wanted, oldest, count + 1), expected);
      }
    }),
    { numRuns: 200 },
  );
});

test('ten million entries are searched in few looks, fewer once the wide steps are known', async () => {
  const { times, looked } = logOf(10_000_000, new Set());
  assert.equal(await times.since(1000 + 7_654_321, 1, 10_000_001), 7_654_321);
  assert(looked.times <= 6 && looked.entries <= 6 * 16, JSON.stringify(looked));
  const before = looked.times;
  assert.equal(await times.since(1000 + 7_654_999, 1, 10_000_001), 7_654_999);
  assert(looked.times - before <= 3, JSON.stringify(looked));
});
