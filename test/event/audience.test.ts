import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Audience, admits, isEveryone } from '../../src/event/audience.ts';
import { type DraftInput, parseDraft } from '../../src/event/draft.ts';
import { type Client, identity } from '../../src/event/identity.ts';
import { client } from './client.ts';

const audience = (input: Omit<DraftInput, 'data'>): Audience => parseDraft({ data: '', ...input }).audience;
const admin = client({ id: '7', profile: 'Administrator', topics: ['a', 'b'] });

for (const [what, input, expected] of [
  ['nothing said is everyone', {}, true],
  ['a filter that holds', { filter: 'profile == "Administrator"' }, true],
  ['a filter that does not', { filter: 'profile == "Member"' }, false],
  ['one of the topics', { topics: ['x', 'b'] }, true],
  ['another topic', { topics: ['x'] }, false],
  ['part of a topic', { topics: ['aa', ''.padEnd(1, 'A')] }, false],
  ['left out by its identity', { except: ['7'] }, false],
  ['left out by its connection', { except: ['x', 'c1'] }, false],
  ['somebody else left out', { except: ['8'] }, true],
  ['all must hold: topic', { topics: 'x', filter: 'true' }, false],
  ['all must hold: filter', { topics: 'a', filter: 'false' }, false],
  ['all must hold: except', { topics: 'a', filter: 'true', except: '7' }, false],
  ['all hold', { topics: 'a', filter: 'true', except: '8' }, true],
  ['a function', { filter: (one: Client) => one.profile === 'Administrator' }, true],
] as const) {
  test(`an audience: ${what}`, () => {
    assert.equal(admits(audience(input), admin, true), expected);
    assert.equal(isEveryone(audience(input)), what === 'nothing said is everyone');
  });
}

test('leaving out an id does not leave out those who have none', () => {
  const stranger = client();
  assert.equal(stranger.id, '');
  assert.equal(admits({ except: [''] }, stranger, true), true);
});

test('an event for a function of the client is live only', () => {
  assert.equal(admits(audience({ filter: () => true }), admin, false), false);
});

test('only true is true, and a function that throws matches nobody and is reported', () => {
  const errors: unknown[] = [];
  const judge = (filter: unknown) =>
    admits(audience({ filter: filter as () => boolean }), admin, true, (error) => errors.push(error));
  for (const answer of [1, 'yes', {}, Promise.resolve(true), undefined])
    assert.equal(
      judge(() => answer),
      false,
    );
  assert.deepEqual(errors, []);
  const failure = new Error('mine');
  assert.equal(
    judge(() => {
      throw failure;
    }),
    false,
  );
  assert.deepEqual(errors, [failure]);
});

test('an identity is frozen, its lists are its own, and its claims inherit nothing', () => {
  const roles = ['ops'];
  const who = identity({ roles, claims: JSON.parse('{"__proto__":{"admin":true},"constructor":1}') });
  roles.push('admin');
  assert.deepEqual(who.roles, ['ops']);
  assert.equal(Object.getPrototypeOf(who.claims), null);
  assert.equal(who.claims.admin, undefined);
  assert.deepEqual(Object.keys(who.claims), ['__proto__', 'constructor']);
  assert(Object.isFrozen(who) && Object.isFrozen(who.roles) && Object.isFrozen(who.claims));
  assert.equal(({} as Record<string, unknown>).admin, undefined);
});
