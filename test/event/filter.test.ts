import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SseError } from '../../src/errors.ts';
import { compileFilter } from '../../src/event/filter.ts';
import { client } from './client.ts';

const ada = client({
  authenticated: true,
  id: '7',
  login: 'ada',
  name: 'Ada L.',
  mail: 'ada@example.com',
  profile: 'Administrator',
  roles: ['ops', 'dev'],
  topics: ['prices/eur'],
  claims: { level: 3, rate: 0.5, admin: true, none: null, tags: ['x'], team: { id: 'blue' }, big: 2 ** 53 },
});
const nobody = client();

for (const [filter, forAda, forNobody] of [
  ['profile == "Administrator"', true, false],
  ['profile != "Administrator"', false, true],
  ["profile == 'Administrator' && 'ops' in roles", true, false],
  ['profile == "administrator"', false, false],
  ['authenticated', true, false],
  ['!authenticated', false, true],
  ['id in ["6", "7"]', true, false],
  ['login == "ada" || login == ""', true, true],
  ['name.startsWith("Ada") && mail.endsWith("@example.com")', true, false],
  ['mail.contains("@")', true, false],
  ['size(roles) > 1', true, false],
  ['roles.exists(r, r.startsWith("op"))', true, false],
  ['roles.all(r, r != "guest")', true, true],
  ['"prices/eur" in topics', true, false],
  ['client.id == "c1" && client.ip == "127.0.0.1"', true, true],
  ['true ? authenticated : false', true, false],
  ['profile.lowerAscii() == "administrator"', true, false],
  ['  true', true, true],
  ['true // for everyone', true, true],
  // Claims: numbers are numbers, whatever they are written as.
  ['claims.level == 3', true, false],
  ['claims.level > 2.5', true, false],
  ['claims["level"] == 3.0', true, false],
  ['claims.rate == 0.5', true, false],
  ['claims.admin', true, false],
  ['claims.none == null', true, false],
  ['"x" in claims.tags', true, false],
  ['claims.team.id == "blue"', true, false],
  ['claims.big == 9007199254740992', true, false],
  // What touches a missing claim is no match, negated too.
  ['claims.gone == 1', false, false],
  ['claims.gone != 1', false, false],
  ['!(claims.gone == 1)', false, false],
  ['claims.level == 3 && claims.gone', false, false],
  ['!claims.team.gone', false, false],
  ['has(claims.level)', true, false],
  ['!has(claims.level)', false, true],
  ['has(claims.level) && claims.level == 3', true, false],
  // What fails for one client, or is of another type there, is no match for that one.
  ['1 / size(roles) == 0', true, false],
  ['int(id) == 7', true, false],
  ['roles[1] == "dev"', true, false],
  ['claims.level', false, false],
  ['claims.level.startsWith("3")', false, false],
] as const) {
  test(`${filter} selects ${[forAda && 'ada', forNobody && 'nobody in particular'].filter(Boolean).join(' and ') || 'none'}`, () => {
    const { matches } = compileFilter(filter);
    assert.deepEqual([matches(ada), matches(nobody)], [forAda, forNobody]);
  });
}

function refusal(filter: string | object): { detail: string; position?: number | undefined; excerpt?: string | undefined } {
  try {
    compileFilter(filter, 'X-Filter');
  } catch (error) {
    assert(error instanceof SseError, `a defect: ${error}`);
    assert.equal(error.code, 'invalid-filter');
    const [issue, ...others] = error.issues;
    assert(issue && others.length === 0);
    assert.equal(issue.pointer, 'X-Filter');
    return issue;
  }
  assert.fail('was accepted');
}

for (const [filter, detail, position, excerpt] of [
  ['rofile == "x"', "unknown name 'rofile'; did you mean 'profile'?", 0, 'rofile == "x"\n^'],
  [
    'true && user == "x"',
    "unknown name 'user'; known are authenticated, id, login, name, mail, profile, roles, topics, claims, client",
    8,
    'true && user == "x"\n        ^',
  ],
  ['   rofile == "x"', "unknown name 'rofile'; did you mean 'profile'?", 3, '   rofile == "x"\n   ^'],
  ['true &&\n  rofile == "x"', "unknown name 'rofile'; did you mean 'profile'?", 10, '  rofile == "x"\n  ^'],
  ['client.port == 1', "unknown field 'port'", 7, 'client.port == 1\n       ^'],
  ['client.ipp == ""', "unknown field 'ipp'; did you mean 'ip'?", 7, 'client.ipp == ""\n       ^'],
  ['profile == 1', 'no such overload: string == int', 0, 'profile == 1\n^'],
  ['profile', 'must be true or false, but this is of type string', 0, 'profile\n^'],
  ['claims', 'must be true or false, but this is of type map<string, dyn>', 0, 'claims\n^'],
  ['\n\n profile', 'must be true or false, but this is of type string', 3, ' profile\n ^'],
  ['\nprofile ==', 'ends too early', 11, 'profile ==\n          ^'],
  ['\n= 1', "unexpected '='; equality is written ==", 1, '= 1\n^'],
  ['profile ==', 'ends too early', 10, 'profile ==\n          ^'],
  ['profile == "x', 'unterminated string', 11, 'profile == "x\n           ^'],
  ['profile = "x"', "unexpected '='; equality is written ==", 8, 'profile = "x"\n        ^'],
  ['// nothing', 'ends too early', 10, '// nothing\n          ^'],
  ['profile.matches("(a+)+$")', 'matches() is not available in filters', 8, 'profile.matches("(a+)+$")\n        ^'],
  ['matches(profile, "a")', 'matches() is not available in filters', 0, 'matches(profile, "a")\n^'],
  ['cel.bind(x, 1, x == 1)', 'bind() is not available in filters', 4, 'cel.bind(x, 1, x == 1)\n    ^'],
  [
    'name.startWith("A")',
    "startWith() is not available in filters; did you mean 'startsWith'?",
    5,
    'name.startWith("A")\n     ^',
  ],
  ['constructor("x")', 'constructor() is not available in filters', 0, 'constructor("x")\n^'],
  [
    'roles.exists(r, topics.exists(t, t == r))',
    'exists() cannot stand inside another macro',
    23,
    'roles.exists(r, topics.exists(t, t == r))\n                       ^',
  ],
] as const) {
  test(`refused: ${filter}`, () => {
    assert.deepEqual(refusal(filter), { pointer: 'X-Filter', detail, position, excerpt });
  });
}

test('a filter is bounded in bytes', () => {
  const of = (length: number) => `profile == "${'x'.repeat(length - 13)}"`;
  assert.doesNotThrow(() => compileFilter(of(1024)));
  assert.equal(refusal(of(1025)).detail, 'a filter has at most 1024 bytes; see --filter-limit');
  assert.equal(refusal(`profile == "${'é'.repeat(506)}"`).detail, 'a filter has at most 1024 bytes; see --filter-limit');
  assert.equal(refusal({ profile: 'x'.repeat(1100) }).detail, 'a filter has at most 1024 bytes; see --filter-limit');
});

test('a filter is bounded in operators', () => {
  const of = (operators: number) =>
    Array(operators + 1)
      .fill('authenticated')
      .join('||');
  assert.doesNotThrow(() => compileFilter(of(32)));
  assert.equal(refusal(of(33)).detail, 'a filter has at most 32 operators');
  assert.equal(refusal(`${'!'.repeat(33)}authenticated`).detail, 'a filter has at most 32 operators');
});

test('what the type checker gives up on is refused, and no defect', () => {
  assert.equal(refusal('2.5 < {}[profile]').detail, 'has types that cannot be checked; write it more simply');
});

test('a filter is bounded in depth, and no nesting overflows the stack', () => {
  for (const filter of [
    `${'('.repeat(500)}true${')'.repeat(500)}`,
    `${'['.repeat(500)}`,
    `${'!'.repeat(1000)}true`,
    `${'-'.repeat(1000)}1 == 1`,
  ])
    assert.equal(typeof refusal(filter).detail, 'string');
});
