import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from '../../src/event/identity.ts';
import { ClientRoll } from '../../src/terminal/client-roll.ts';
import { clientOf, connected } from './fixtures.ts';

const opened = (client: Client) => ({ kind: 'opened', client, clients: 0 }) as const;
const renewed = (client: Client) => ({ kind: 'renewed', client }) as const;
const closed = (client: Client) => {
  return { kind: 'closed', client, clients: 0, reason: 'left', duration: 0, events: 0, bytes: 0 } as const;
};
const idsOf = (roll: ClientRoll) => roll.rows.map(({ client }) => client.client.id);
const guest = (id: string) => clientOf({ profile: 'Guest' }, id);
const admin = (id: string) => clientOf({ profile: 'Administrator' }, id);
const isGuest = ({ profile }: Client) => profile === 'Guest';

test('who shows a new credential keeps its place and the time it came', () => {
  const roll = new ClientRoll([connected(guest('a'), 5), connected(guest('b'), 6)], () => 100);
  roll.observe(opened(guest('c')));
  roll.observe(renewed(admin('a')));
  assert.deepEqual(
    roll.rows.map(({ client, since }) => [client.client.id, client.profile, since]),
    [
      ['a', 'Administrator', 5],
      ['b', 'Guest', 6],
      ['c', 'Guest', 100],
    ],
  );
});

test('what happens while a search runs is judged when it ends, whether the search saw it or not', () => {
  const roll = new ClientRoll(
    ['a', 'b', 'c', 'd'].map((id) => connected(guest(id))),
    () => 0,
  );
  roll.searching();
  roll.observe(opened(guest('e')));
  roll.observe(opened(admin('f')));
  roll.observe(renewed(admin('a')));
  roll.observe(closed(guest('b')));
  // It had looked at a and b before they changed.
  roll.narrow({ clients: new Set(['a', 'b', 'c', 'd']), admits: isGuest });
  assert.deepEqual(idsOf(roll), ['c', 'd', 'e']);
  assert.equal(roll.size, 5);
});

test('once narrowed it holds the filter against whoever comes or changes, until it is widened', () => {
  const roll = new ClientRoll([connected(guest('a')), connected(admin('b'))], () => 0);
  roll.searching();
  roll.narrow({ clients: new Set(['a']), admits: isGuest });
  roll.observe(opened(admin('c')));
  roll.observe(opened(guest('d')));
  roll.observe(renewed(guest('b')));
  roll.observe(closed(guest('a')));
  assert.deepEqual(idsOf(roll), ['b', 'd']);
  roll.narrow(undefined);
  assert.deepEqual(idsOf(roll), ['b', 'c', 'd']);
});
