import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bench } from '../support/hub.ts';

/** A bench whose wall clock can be set beside the clock that streams are timed by. */
function bench(): { bench: Bench; wall: { jump: number } } {
  const wall = { jump: 0 };
  const clock = { now: () => 0 };
  const made = new Bench({ now: () => clock.now() + wall.jump, elapsed: () => clock.now() });
  clock.now = () => made.time;
  return { bench: made, wall };
}

test('a stream ends within a second after its credential, and says so', () => {
  const { bench: hub } = bench();
  const client = hub.attach({}, {}, { expiresAt: hub.time + 90_000 });
  hub.beat(89);
  assert.equal(client.ended, undefined);
  hub.beat();
  assert.equal(client.ended, 'expired');
  assert.deepEqual(client.control('sse.bye')[0]?.data, { reason: 'expired' });
});

test('a client is told once before its credential ends, with its position', async () => {
  const { bench: hub } = bench();
  const client = hub.attach({ id: '1' }, {}, { expiresAt: hub.time + 60_000 });
  await hub.publish({ data: 'for another', filter: { id: '2' } });
  hub.beat(29);
  assert.deepEqual(client.control('sse.auth'), []);
  hub.beat(10);
  assert.deepEqual(client.control('sse.auth'), [{ id: 'e1-1', data: { expiresIn: 30, client: 'c1' } }]);
});

test('neither a step of the wall clock back nor one forward moves the end', () => {
  for (const jump of [-86_400_000, 86_400_000]) {
    const { bench: hub, wall } = bench();
    const client = hub.attach({}, {}, { expiresAt: hub.time + 60_000 });
    wall.jump = jump;
    hub.beat(59);
    assert.equal(client.ended, undefined);
    hub.beat();
    assert.equal(client.ended, 'expired');
  }
});

test('a credential that lasts thirty days does', () => {
  const { bench: hub } = bench();
  const month = 30 * 86_400_000;
  const client = hub.attach({}, {}, { expiresAt: hub.time + month });
  hub.time += month - 2000;
  hub.beat();
  assert.equal(client.ended, undefined);
  hub.beat();
  assert.equal(client.ended, 'expired');
});

test('a renewal moves the end, and from then on the client is who it is now', async () => {
  const { bench: hub } = bench();
  const client = hub.attach({ id: '1', profile: 'Member' }, {}, { expiresAt: hub.time + 60_000 });
  await hub.publish({ data: 'to members', filter: { profile: 'Member' } });
  hub.settle();
  hub.beat(40);
  client.cursor.renew({ ...client.cursor.client, profile: 'Administrator' }, hub.time + 60_000);
  await hub.publish({ data: 'to administrators', filter: { profile: 'Administrator' } });
  await hub.publish({ data: 'to members again', filter: { profile: 'Member' } });
  hub.settle();
  hub.beat(40);
  assert.equal(client.ended, undefined);
  assert.equal(client.control('sse.auth').length, 2, 'it is told again');
  assert.deepEqual(client.data, ['to members', 'to administrators']);
  hub.beat(20);
  assert.equal(client.ended, 'expired');
  assert.equal(hub.activities.filter(({ kind }) => kind === 'renewed').length, 1);
});

test('what a client is behind with is judged by who it is after a renewal', async () => {
  const { bench: hub } = bench();
  const client = hub.attach({ profile: 'Administrator' });
  client.full = true;
  await hub.publish('fills it');
  hub.settle();
  await hub.publish({ data: 'to administrators', filter: { profile: 'Administrator' } });
  hub.settle();
  client.cursor.renew({ ...client.cursor.client, profile: 'Member' });
  await hub.publish({ data: 'to members', filter: { profile: 'Member' } });
  client.drain();
  hub.settle();
  assert.deepEqual(client.data, ['fills it', 'to members']);
});
