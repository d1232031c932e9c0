import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bench } from '../support/hub.ts';

const sequenceOf = (id: string) => Number(id.split('-')[1]);

/** The receipt of an event, in one line. */
async function receipt(bench: Bench, id: string, wait = 0): Promise<string> {
  const answer = bench.hub.deliveries.of(sequenceOf(id), wait);
  // What is computed in slices waits for the turns of the bench.
  while (bench.turn());
  const { matched, written, flushed, behind, closed } = (await answer) ?? assert.fail('no receipt');
  return `${matched}: ${written} written, ${flushed} flushed, ${behind} behind, ${closed} closed`;
}

test('a receipt tells who has taken an event, who has not yet, and who went before', async () => {
  const bench = new Bench();
  const [full, gone, gave] = [bench.attach(), bench.attach(), bench.attach()];
  bench.attach();
  full.full = true;
  await bench.publish('fills one of them');
  bench.settle();
  const { id } = await bench.publish('event');
  bench.settle();
  assert.equal(await receipt(bench, id), '4: 3 written, 3 flushed, 1 behind, 0 closed');
  gave.cursor.detach();
  assert.equal(await receipt(bench, id), '4: 3 written, 3 flushed, 1 behind, 0 closed', 'who went after it had it, had it');
  const { id: next } = await bench.publish('another');
  gone.cursor.detach();
  bench.settle();
  assert.equal(await receipt(bench, next), '3: 1 written, 1 flushed, 1 behind, 1 closed');
  full.drain();
  bench.settle();
  assert.equal(await receipt(bench, id), '4: 4 written, 4 flushed, 0 behind, 0 closed');
});

test('what was written and not taken is written, and behind', async () => {
  const bench = new Bench();
  const client = bench.attach();
  client.full = true;
  const { id } = await bench.publish('event');
  bench.settle();
  assert.equal(await receipt(bench, id), '1: 1 written, 0 flushed, 1 behind, 0 closed');
  client.cursor.end('slow');
  assert.equal(await receipt(bench, id), '1: 0 written, 0 flushed, 0 behind, 1 closed');
});

test('those whom an event was not for, and those who came later, are not counted', async () => {
  const bench = new Bench();
  bench.attach({ profile: 'a' });
  bench.attach({ profile: 'b' });
  const { id } = await bench.publish({ data: 'x', filter: { profile: 'a' } });
  bench.attach({ profile: 'a' }, { since: 'earliest' });
  bench.settle();
  assert.equal(await receipt(bench, id), '1: 1 written, 1 flushed, 0 behind, 0 closed');
});

test('whoever waits is answered when everyone has it, or when its time is over', async () => {
  const bench = new Bench();
  const client = bench.attach();
  client.full = true;
  const { id } = await bench.publish('event');
  bench.settle();
  const waiting = receipt(bench, id, 60_000);
  client.drain();
  bench.settle();
  assert.equal(await waiting, '1: 1 written, 1 flushed, 0 behind, 0 closed');
  client.full = true;
  const { id: next } = await bench.publish('next');
  bench.settle();
  assert.equal(await receipt(bench, next, 1), '1: 1 written, 0 flushed, 1 behind, 0 closed');
});

test('those who do not have it come first in the list', async () => {
  const bench = new Bench();
  const [, full] = [bench.attach({ id: '1' }), bench.attach({ id: '2' })];
  full.full = true;
  await bench.publish('fills it');
  bench.settle();
  const { id } = await bench.publish('event');
  bench.settle();
  const recipients = (await bench.hub.deliveries.recipients(sequenceOf(id))) ?? [];
  assert.deepEqual(
    recipients.map(({ client, state }) => [client.id, state]),
    [
      ['2', 'behind'],
      ['1', 'flushed'],
    ],
  );
});

test('there is none for what left the history, nor for what is yet to come', async () => {
  const bench = new Bench({ history: { events: 1, age: 3_600_000, bytes: 1e6 } });
  await bench.publish('1');
  await bench.publish('2');
  bench.settle();
  assert.equal(await bench.hub.deliveries.of(1), undefined);
  assert.equal(await bench.hub.deliveries.of(3), undefined);
  assert.equal((await bench.hub.deliveries.of(2))?.matched, 0);
});
