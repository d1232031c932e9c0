import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complaintsOf, fuzz } from './fuzz.ts';

test('whatever is sent to the program, it goes on, fails nowhere, logs whole lines, and an ordinary client gets what it should', async (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  const count = Number(process.env.RUNS ?? 2000);
  const outcomes = await fuzz(t, { count, seed, warmUp: 0, progress: () => {} });
  for (const outcome of outcomes) {
    assert.deepEqual(complaintsOf(outcome), [], `SEED=${seed}`);
    assert(outcome.answers > 0 && outcome.fuzzed.listening.intact > 0, `SEED=${seed}`);
  }
});
