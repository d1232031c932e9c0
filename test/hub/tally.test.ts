import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tally } from '../../src/hub/tally.ts';
import { Bench } from '../support/hub.ts';

test('everything that happens to streams and events is counted', async () => {
  const tally = new Tally();
  const bench = new Bench({
    history: { events: 1, age: 3_600_000, bytes: 1_000_000 },
    observe: (activity) => tally.observe(activity),
  });
  const [a, b] = [bench.attach(), bench.attach({ profile: 'Member' })];
  await bench.publish('12345');
  await bench.publish({ data: 'for one', filter: { profile: 'Member' } });
  bench.settle();
  a.cursor.detach();
  b.cursor.end('kicked');
  bench.attach({}, { lastEventId: 'e1-0' });
  const { delivered, ...totals } = tally.totals;
  assert.deepEqual(totals, {
    opened: 3,
    renewed: 0,
    revoked: 0,
    vanished: 0,
    redacted: 0,
    closed: { left: 1, kicked: 1 },
    events: 2,
    matched: 3,
    gaps: { evicted: 1 },
    refused: {},
    badCredentials: {},
    reloads: { applied: 0, refused: 0 },
    failed: 0,
  });
  assert.deepEqual(delivered, { events: 3, bytes: a.raw.length + b.raw.length });
});

test('refusals are counted by their code, bad credentials by what is wrong with them too, and failures', () => {
  const tally = new Tally();
  const refused = { kind: 'refused', detail: '', method: 'GET', path: '/', ip: '' } as const;
  tally.observe({ ...refused, code: 'forbidden' });
  tally.observe({ ...refused, code: 'forbidden' });
  tally.observe({ ...refused, code: 'at-capacity' });
  for (const reason of ['expired', 'expired', 'signature'] as const)
    tally.observe({ ...refused, code: 'invalid-credential', reason });
  tally.observe({ kind: 'failed', what: 'x', error: new Error('x') });
  tally.observe({ kind: 'proxy-seen', sign: 'Via' });
  assert.deepEqual(tally.totals.refused, { forbidden: 2, 'at-capacity': 1, 'invalid-credential': 3 });
  assert.deepEqual(tally.totals.badCredentials, { expired: 2, signature: 1 });
  assert.equal(tally.totals.failed, 1);
});
