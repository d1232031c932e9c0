import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileFilter, type Filter } from '../../src/event/filter.ts';
import { type Client, identity } from '../../src/event/identity.ts';
import { memoised } from '../../src/hub/memo.ts';

const someone = (parts: Partial<Client>): Client => ({
  ...identity(parts),
  topics: parts.topics ?? [],
  client: { id: `${Math.random()}`, ip: '::1' },
});

/** A filter that counts how often it is evaluated. */
function counted(source: string): { filter: Filter; evaluated: () => number } {
  const filter = compileFilter(source);
  let count = 0;
  const matches = (client: Client): boolean => {
    count++;
    return filter.matches(client);
  };
  return { filter: { ...filter, matches }, evaluated: () => count };
}

test('what is not cheap is evaluated once for all clients that are alike to the filter', () => {
  const { filter, evaluated } = counted('profile == "p1" && roles.exists(r, r.endsWith("ops"))');
  const asked = memoised(filter);
  for (let index = 0; index < 1000; index++) {
    const client = someone({
      login: `l${index}`,
      profile: `p${index % 2}`,
      roles: index % 3 === 0 ? ['dev', 'devops'] : ['dev'],
    });
    assert.equal(asked.matches(client), index % 2 === 1 && index % 3 === 0);
  }
  assert.equal(evaluated(), 4);
});

test('no two clients are taken for one because of where their items end', () => {
  const asked = memoised(compileFilter('roles.exists(r, r.contains("x")) && topics.all(t, t.contains("x"))'));
  for (const [roles, topics, expected] of [
    [['x', 'y'], [], true],
    [['x'], ['y'], false],
    [[], ['x', 'y'], false],
    [['x'], [], true],
    [[], ['x'], false],
    [['x'], ['x'], true],
    [['x\0y'], [], true],
    [['y\0x'], ['x'], true],
  ] as const)
    assert.equal(asked.matches(someone({ roles, topics })), expected, JSON.stringify([roles, topics]));
});

test('clients that have nothing in common are asked one by one, with nothing kept for long', () => {
  const { filter, evaluated } = counted('roles.exists(r, r.contains("7"))');
  const asked = memoised(filter);
  const clients = Array.from({ length: 3000 }, (_, index) => someone({ roles: [`a${index}`, `b${index}`] }));
  for (const client of [...clients, ...clients]) assert.equal(asked.matches(client), filter.matches(client));
  assert(evaluated() > 2 * 3000, 'beyond its bound, the memo is out of use');
});

test('a cheap filter, and one that no two clients have the same for, are left alone', () => {
  for (const source of ['authenticated', 'roles.exists(r, r.contains(client.id))']) {
    const filter = compileFilter(source);
    assert.equal(memoised(filter), filter);
  }
});
