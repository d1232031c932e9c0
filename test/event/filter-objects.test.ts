import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SseError } from '../../src/errors.ts';
import { compileFilter } from '../../src/event/filter.ts';
import { client } from './client.ts';

const who = {
  id: '7',
  profile: 'Administrator',
  roles: ['ops'],
  topics: ['a'],
  claims: { level: 3, ratio: -0.5, tiny: 1e-7, huge: 1e21, admin: true, none: null, 'a"b': 'quoted', 'with.dot': 1 },
};

for (const [filter, cel, expected] of [
  [{ profile: 'Administrator' }, 'profile == "Administrator"', true],
  [{ profile: 'Member' }, 'profile == "Member"', false],
  [{ profile: ['Member', 'Administrator'] }, 'profile in ["Member", "Administrator"]', true],
  [{ profile: 'Administrator', id: '8' }, 'profile == "Administrator" && id == "8"', false],
  [{ roles: 'ops' }, '"ops" in roles', true],
  [{ roles: ['dev', 'ops'] }, 'roles.exists(x, x in ["dev", "ops"])', true],
  [{ roles: ['dev'] }, '"dev" in roles', false],
  [{ topics: ['a', 'b'] }, 'topics.exists(x, x in ["a", "b"])', true],
  [{ authenticated: false }, 'authenticated == false', true],
  [
    { client: { id: 'c1', ip: ['::1', '127.0.0.1'] } },
    'client.id == "c1" && (client.ip == "::1" || client.ip == "127.0.0.1")',
    true,
  ],
  [{ claims: { level: 3 } }, 'claims["level"] == 3', true],
  [{ claims: { level: 3.5 } }, 'claims["level"] == 3.5', false],
  [
    { claims: { ratio: -0.5, tiny: 1e-7, huge: 1e21 } },
    'claims["ratio"] == -0.5 && claims["tiny"] == 1e-7 && claims["huge"] == 1e+21',
    true,
  ],
  [
    { claims: { level: ['x', null, true, 3] } },
    '(claims["level"] == "x" || claims["level"] == null || claims["level"] == true || claims["level"] == 3)',
    true,
  ],
  [{ claims: { none: null } }, 'claims["none"] == null', true],
  [{ claims: { gone: null } }, 'claims["gone"] == null', false],
  [{ claims: { 'a"b': 'quoted', 'with.dot': 1 } }, 'claims["a\\"b"] == "quoted" && claims["with.dot"] == 1', true],
  // Any of nothing is nobody; broadcasting to everyone instead would be the worst reading.
  [{ profile: [] }, 'false', false],
  [{ claims: { level: [] } }, 'false', false],
] as const) {
  test(`${JSON.stringify(filter)} is ${cel}`, () => {
    const { source, matches } = compileFilter(filter);
    assert.equal(source, cel);
    assert.equal(matches(client(who)), expected);
  });
}

test('any of no roles is nobody', () => {
  for (const filter of [{ roles: [] }, { topics: [] }]) assert.equal(compileFilter(filter).matches(client(who)), false);
});

const circle: Record<string, unknown> = {};
circle.profile = circle;
const deep: object = JSON.parse(`${'{"claims":'.repeat(30_000)}1${'}'.repeat(30_000)}`);

for (const [what, filter, pointer, detail] of [
  ['nothing', {}, '/filter', 'is empty; leave it out to reach everyone'],
  ['no claims', { claims: {} }, '/filter', 'is empty; leave it out to reach everyone'],
  ['a list', ['profile'], '/filter', 'must be a CEL expression or an object, not a list'],
  ['a misspelt name', { profil: 'x' }, '/filter/profil', "unknown name; did you mean 'profile'?"],
  ['a number for a text', { profile: 7 }, '/filter/profile', 'must be string or a list of it, not number'],
  ['a list in a list', { profile: [['x']] }, '/filter/profile', 'must be string or a list of it, not a list'],
  ['null for a text', { profile: null }, '/filter/profile', 'must be string or a list of it, not null'],
  ['a number for a role', { roles: [7] }, '/filter/roles', 'must be string or a list of it, not number'],
  ['a text for a boolean', { authenticated: 'true' }, '/filter/authenticated', 'must be boolean or a list of it, not string'],
  ['a text for claims', { claims: 'x' }, '/filter/claims', 'must be an object of equalities'],
  ['a list for client', { client: [] }, '/filter/client', 'must be an object of equalities'],
  ['an unknown field of client', { client: { ipp: '' } }, '/filter/client/ipp', "unknown field; did you mean 'ip'?"],
  [
    'an object for a claim',
    { claims: { team: { id: 1 } } },
    '/filter/claims/team',
    'must be string, boolean, number, null or a list of it, not object',
  ],
  [
    'a name with a slash',
    { 'a/b~c': 1, profile: 'x' },
    '/filter/a~1b~0c',
    `unknown name; known are authenticated, id, login, name, mail, profile, roles, topics, claims, client`,
  ],
  [
    'a claim with a slash',
    { claims: { 'a/b': {} } },
    '/filter/claims/a~1b',
    'must be string, boolean, number, null or a list of it, not object',
  ],
  ['NaN', { claims: { level: Number.NaN } }, '/filter/claims/level', 'must be a finite number, not NaN'],
  ['infinity', { claims: { level: Number.POSITIVE_INFINITY } }, '/filter/claims/level', 'must be a finite number, not Infinity'],
  ['a circle', circle, '/filter', 'cannot be written as JSON: Converting circular structure to JSON'],
  ['a BigInt', { claims: { level: 3n } }, '/filter', 'cannot be written as JSON: Do not know how to serialize a BigInt'],
  ['more depth than the stack has', deep, '/filter', 'cannot be written as JSON: Maximum call stack size exceeded'],
] as const) {
  test(`refused: ${what}`, () => {
    assert.throws(
      () => compileFilter(filter),
      (error) => {
        assert(error instanceof SseError, `a defect: ${error}`);
        assert.equal(error.code, 'invalid-filter');
        assert.deepEqual(error.issues, [{ pointer, detail }]);
        return true;
      },
    );
  });
}

test('no text gets out of its quotes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (value, other) => {
      fc.pre(value.isWellFormed() && other.isWellFormed() && JSON.stringify(value).length < 400);
      const { matches } = compileFilter({ profile: value, claims: { [value]: value } });
      assert.equal(matches(client({ profile: value, claims: { [value]: value } })), true);
      assert.equal(matches(client({ profile: other, claims: { [other]: other } })), value === other);
    }),
    {
      numRuns: 500,
      examples: [
        ['"', ''],
        ['\\', ''],
        ['" || true || "', ''],
        ['\u2028', ''],
        ["\0\u007f`'", ''],
        ['__proto__', 'x'],
      ],
    },
  );
});
