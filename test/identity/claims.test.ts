import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SseError } from '../../src/errors.ts';
import { compileFilter } from '../../src/event/filter.ts';
import { claimMapping, type MappedClaim, readClaims } from '../../src/identity/claims.ts';

const read = (claims: object, ...mapping: MappedClaim[]) => readClaims(claims as Record<string, unknown>, claimMapping(mapping));

/** With the prototypes that literals have, to compare. */
const plain = (value: unknown) => JSON.parse(JSON.stringify(value));

/** What is refused, and what is taken. */
function isRefused(claims: object, ...mapping: MappedClaim[]): boolean {
  try {
    read(claims, ...mapping);
    return false;
  } catch (error) {
    assert(error instanceof SseError, `a defect: ${error}`);
    assert.deepEqual([error.code, error.defect], ['invalid-credential', 'claims']);
    return true;
  }
}

describe('Claims become an identity', () => {
  it('by the names of OpenID Connect, and everything else stays a claim', () => {
    const { identity, subject, topics } = read({
      sub: '7',
      preferred_username: 'ada',
      name: 'Ada L.',
      email: 'ada@example.com',
      profile: 'Administrator',
      roles: ['ops', 'dev'],
      topics: ['prices', 'news/*'],
      region: 'eu',
      exp: 1,
    });
    assert.deepEqual(plain(identity), {
      authenticated: true,
      id: '7',
      login: 'ada',
      name: 'Ada L.',
      mail: 'ada@example.com',
      profile: 'Administrator',
      roles: ['ops', 'dev'],
      claims: { topics: ['prices', 'news/*'], region: 'eu', exp: 1 },
    });
    assert.deepEqual([subject, topics], ['7', ['prices', 'news/*']]);
  });

  it('by the names of SimpleW', () => {
    const { identity, subject } = read({
      Id: 'b8a1',
      Login: 'ada',
      Mail: 'a@b.c',
      FullName: 'Ada L.',
      Profile: 'Administrator',
      Roles: ['ops'],
    });
    const { id, login, mail, name, profile, roles, claims } = identity;
    assert.deepEqual([id, login, mail, name, profile, roles], ['b8a1', 'ada', 'a@b.c', 'Ada L.', 'Administrator', ['ops']]);
    assert.deepEqual(plain(claims), {});
    assert.equal(subject, 'b8a1');
  });

  it('a token may say nothing of who it is', () => {
    const { identity, ...rest } = read({});
    assert.deepEqual(plain(identity), {
      authenticated: true,
      id: '',
      login: '',
      name: '',
      mail: '',
      profile: '',
      roles: [],
      claims: {},
    });
    assert.deepEqual(rest, {});
  });

  for (const [claims, field, expected] of [
    [{ sub: 'a', id: 'b', Id: 'c' }, 'id', 'a'],
    [{ id: 'b', Id: 'c' }, 'id', 'b'],
    [{ sub: null, id: 'b' }, 'id', 'b'],
    [{ id: 42 }, 'id', '42'],
    [{ sub: '' }, 'id', ''],
    [{ login: 'a', preferred_username: 'b' }, 'login', 'a'],
    [{ 'cognito:username': 'a' }, 'login', 'a'],
    [{ mail: 'a@b.c' }, 'mail', 'a@b.c'],
    [{ role: 'ops' }, 'roles', ['ops']],
    [{ roles: 'ops dev,qa  x' }, 'roles', ['ops', 'dev', 'qa', 'x']],
    [{ roles: '' }, 'roles', []],
    [{ roles: [], groups: ['ops'] }, 'roles', []],
    [{ groups: ['ops'] }, 'roles', ['ops']],
    [{ 'cognito:groups': ['ops'] }, 'roles', ['ops']],
    [{ realm_access: { roles: ['ops'] } }, 'roles', ['ops']],
    [{ realm_access: 'ops' }, 'roles', []],
    [{ roles: ['two words'] }, 'roles', ['two words']],
  ] as const)
    it(`${JSON.stringify(claims)}: ${field} is ${JSON.stringify(expected)}`, () => {
      assert.deepEqual(read(claims).identity[field], expected);
    });

  it('what was not taken of several names stays a claim, and of a path the whole object', () => {
    const { claims } = read({ roles: ['a'], groups: ['b'], realm_access: { roles: ['c'] } }).identity;
    assert.deepEqual(plain(claims), { groups: ['b'], realm_access: { roles: ['c'] } });
    const path = read({ realm_access: { roles: ['c'], more: 1 } }).identity;
    assert.deepEqual(plain(path.claims), { realm_access: { roles: ['c'], more: 1 } });
  });

  it('by what is configured and by nothing else, a name before a path', () => {
    const mapping: MappedClaim[] = [
      { field: 'profile', claim: 'https://example.com/profile' },
      { field: 'roles', claim: 'app.roles' },
      { field: 'roles', claim: 'app.role' },
    ];
    const { identity } = read(
      { sub: '7', profile: 'https://ada.example', 'https://example.com/profile': 'Member', roles: ['x'], app: { role: ['y'] } },
      ...mapping,
    );
    assert.deepEqual([identity.id, identity.profile, identity.roles], ['7', 'Member', ['y']]);
    assert.equal(identity.claims.profile, 'https://ada.example');
    assert.deepEqual(read({ 'app.roles': ['a'], app: { roles: ['b'] } }, ...mapping).identity.roles, ['a']);
  });
});

describe('A claim that is not what it must be makes the token bad', () => {
  const roles = (count: number) => Array.from({ length: count }, (_, index) => `r${index}`);
  for (const [what, bad, good] of [
    ['an object for a profile', { profile: {} }, { profile: 'x' }],
    ['a list for an id', { sub: ['7'] }, { sub: '7' }],
    ['true for a login', { login: true }, { login: 'true' }],
    ['a fraction for an id', { id: 1.5 }, { id: 15 }],
    ['a number beyond what is exact', { id: 2 ** 53 }, { id: 2 ** 53 - 1 }],
    ['long text', { name: 'x'.repeat(257) }, { name: 'x'.repeat(256) }],
    ['a long role', { roles: ['x'.repeat(257)] }, { roles: ['x'.repeat(256)] }],
    ['65 roles', { roles: roles(65) }, { roles: roles(64) }],
    ['65 roles in text', { roles: roles(65).join(' ') }, { roles: roles(64).join(' ') }],
    ['a number for a role', { roles: [7] }, { roles: ['7'] }],
    ['an object for roles', { roles: { ops: true } }, { roles: ['ops'] }],
    ['an object for topics', { topics: {} }, { topics: [] }],
    ['65 topics', { topics: roles(65) }, { topics: roles(64) }],
    ['half of a character', { profile: '\ud800' }, { profile: '😀' }],
    ['half of a character in a name', { '\udc00': 1 }, { '😀': 1 }],
    ['half of a character, deep down', { a: [{ b: '\ud800' }] }, { a: [{ b: '😀' }] }],
    ['a nest', { a: JSON.parse('['.repeat(17) + ']'.repeat(17)) }, { a: JSON.parse('['.repeat(15) + ']'.repeat(15)) }],
    ['a nest that no stack could bear', JSON.parse(`{"a":${'['.repeat(4000)}${']'.repeat(4000)}}`), {}],
  ] as const)
    it(what, () => {
      assert(isRefused(bad));
      assert(!isRefused(good));
    });

  it('in a claim that is configured too', () => {
    const mapping = { field: 'profile', claim: 'app.profile' } as const;
    assert(isRefused({ app: { profile: [] } }, mapping));
    assert(!isRefused({ app: 7 }, mapping));
  });
});

describe('Names of the language', () => {
  const claims = JSON.parse(
    '{"sub":"7","__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"a":{"__proto__":{"admin":true},"toString":1},"hasOwnProperty":1}',
  );

  it('are claims like any other, and change no object', () => {
    const { identity } = read(claims);
    assert.equal(Object.getPrototypeOf(identity.claims), null);
    assert.equal(Object.getPrototypeOf(identity.claims.a), null);
    assert.equal(identity.claims.admin, undefined);
    assert.equal((identity.claims.a as Record<string, unknown>).admin, undefined);
    assert.deepEqual(Object.keys(identity.claims), ['__proto__', 'constructor', 'a', 'hasOwnProperty']);
    assert.equal(({} as Record<string, unknown>).admin, undefined);
  });

  it('are not there unless the token has them', () => {
    const { claims } = read({ sub: '7', a: {} }).identity;
    assert.equal(claims.constructor, undefined);
    assert.equal((claims.a as Record<string, unknown>).toString, undefined);
    const inherited = { field: 'profile', claim: 'constructor.name' } as const;
    assert.equal(read({}, inherited).identity.profile, '');
    assert.equal(read({ a: [] }, { field: 'profile', claim: 'a.length' }).identity.profile, '');
  });

  it('select nobody by accident, where one hides what else the token says', () => {
    const { identity } = read({ team: 'blue', constructor: 'mine' });
    const client = { ...identity, topics: [], client: { id: 'a', ip: '' } };
    for (const filter of ['claims.team == "red"', 'claims.constructor == claims', '!has(claims.team)'])
      assert(!compileFilter(filter).matches(client), filter);
  });

  it('can be asked for in a filter, at any depth', () => {
    const { identity } = read({ team: { id: 'blue' }, list: [{ x: 1 }], toString: 'mine' });
    const client = { ...identity, topics: [], client: { id: 'a', ip: '' } };
    for (const filter of ['claims.team.id == "blue"', 'claims.list[0].x == 1', 'claims.toString == "mine"'])
      assert(compileFilter(filter).matches(client), filter);
    for (const filter of ['claims.team.toString == "x"', 'has(claims.valueOf)', 'claims.team.constructor == claims.team'])
      assert(!compileFilter(filter).matches(client), filter);
  });
});

it('any claims are an identity within its bounds, or refused', () => {
  const name = fc.constantFrom('sub', 'id', 'roles', 'profile', 'topics', 'realm_access', '__proto__', 'constructor', 'a');
  fc.assert(
    fc.property(fc.dictionary(name, fc.jsonValue({ maxDepth: 4 }), { noNullPrototype: false }), (claims) => {
      if (isRefused(claims)) return;
      const { identity } = read(claims);
      for (const text of [identity.id, identity.profile, ...identity.roles])
        assert(typeof text === 'string' && text.length <= 256);
      assert(identity.roles.length <= 64 && Object.isFrozen(identity) && Object.isFrozen(identity.claims));
    }),
    { numRuns: Number(process.env.RUNS ?? 500) },
  );
  assert.deepEqual(Object.keys(Object.prototype), []);
});
