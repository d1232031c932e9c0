import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SseError } from '../../src/errors.ts';
import { compileFilter } from '../../src/event/filter.ts';
import type { Client } from '../../src/event/identity.ts';
import { DEFAULT_SIZES } from '../../src/event/sizes.ts';
import { client } from './client.ts';

const INHERITED = ['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', 'length'];

const clients: readonly Client[] = [
  client(),
  client({ claims: { a: {}, list: ['x'], text: 'x', number: 1, nothing: null } }),
  client({
    authenticated: true,
    id: '1',
    profile: 'x'.repeat(256),
    roles: Array.from({ length: 64 }, (_, index) => `role-${index}`),
    topics: Array.from({ length: 64 }, (_, index) => `topic-${index}`),
    claims: { a: { a: { a: 1 } } },
  }),
];

function compiled(filter: string | object) {
  try {
    return compileFilter(filter);
  } catch (error) {
    assert(error instanceof SseError, `a defect: ${error}`);
    assert.equal(error.code, 'invalid-filter');
    for (const { detail, position, excerpt } of error.issues) {
      assert(detail.length > 0);
      if (position !== undefined) assert(position >= 0 && excerpt !== undefined && excerpt.endsWith('^'));
    }
    return undefined;
  }
}

for (const name of INHERITED) {
  test(`what every object inherits is no claim: ${name}`, () => {
    for (const filter of [
      `claims.${name} == claims.${name}`,
      `claims["${name}"] == claims["${name}"]`,
      `has(claims.${name})`,
      `"${name}" in claims`,
      `claims.a.${name} == claims.a.${name}`,
      `claims.a["${name}"] != null`,
      `"${name}" in claims.a`,
      `claims.list["${name}"] == 1`,
      `claims.list.${name} == 1`,
      `claims.text.${name} == 1`,
    ])
      for (const one of clients) assert.equal(compiled(filter)?.matches(one) ?? false, false, filter);
  });

  test(`and no name of a filter either: ${name}`, () => {
    for (const filter of [
      `${name} == ${name}`,
      `${name}(profile) == profile`,
      `profile.${name}() == profile`,
      `client.${name} == client.${name}`,
      `client["${name}"] == "x"`,
    ])
      assert.equal(compiled(filter)?.matches(clients[0] as Client) ?? false, false, filter);
    assert.equal(compiled(JSON.parse(`{"${name}":"x"}`)), undefined);
    assert.equal(compiled(JSON.parse(`{"client":{"${name}":"x"}}`)), undefined);
  });

  test(`a claim may have that name: ${name}`, () => {
    const claims = JSON.parse(`{"${name}":"mine"}`);
    for (const filter of [`claims.${name} == "mine"`, { claims }]) {
      assert.equal(compiled(filter)?.matches(client({ claims })), true);
      assert.equal(compiled(filter)?.matches(client()), false);
    }
    assert.equal(({} as Record<string, unknown>).mine, undefined);
  });
}

const token = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      'profile',
      'roles',
      'topics',
      'claims',
      'client',
      'authenticated',
      'claims.a',
      'client.ip',
      'x',
      ...INHERITED,
    ),
  },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      '==',
      '!=',
      '<',
      '>=',
      '&&',
      '||',
      '!',
      '-',
      '+',
      '*',
      '/',
      '%',
      'in',
      '?',
      ':',
      '.',
      ',',
      '.?',
      '[?',
    ),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom('(', ')', '[', ']', '{', '}', '"', "'", '"""', 'r"', 'b"', '\\', '`', '//', '\n', ';'),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      '"a"',
      "'x'",
      '1',
      '-1',
      '1u',
      '1.5',
      '0x1f',
      '1e999',
      '9223372036854775807',
      'true',
      'false',
      'null',
      '[]',
      '{}',
      '[1,2]',
      '{"a":1}',
    ),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...'has size contains startsWith exists exists_one all map filter int double string timestamp duration type dyn bool matches split join bind getFullYear substring indexOf trim lowerAscii charAt optional.of cel.bind'
        .split(' ')
        .flatMap((name) => [`${name}(`, `.${name}(`]),
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
);
const soup = fc.array(token, { maxLength: 24 }).chain((tokens) => fc.constantFrom(tokens.join(' '), tokens.join('')));
/** Mostly well formed, so that many get past the parser. */
const expression = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(
      'profile',
      'id',
      'authenticated',
      'roles',
      'claims',
      'claims.a',
      'claims["a"]',
      'client.ip',
      '"a"',
      '1',
      '2.5',
      'null',
      'true',
      '[1]',
      '["a"]',
      '{}',
    ),
    fc
      .tuple(tie('node'), fc.constantFrom('==', '!=', '<', '&&', '||', 'in', '+', '*', '/'), tie('node'))
      .map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc
      .tuple(fc.constantFrom('!', '-', 'size', 'string', 'int', 'dyn', 'has', 'type', 'timestamp'), tie('node'))
      .map(([name, a]) => `${name}(${a})`),
    fc
      .tuple(tie('node'), fc.constantFrom('exists', 'all', 'map', 'filter', 'exists_one'), tie('node'))
      .map(([a, name, b]) => `${a}.${name}(r, ${b})`),
    fc
      .tuple(tie('node'), fc.constantFrom('startsWith', 'contains', 'indexOf', 'substring'), tie('node'))
      .map(([a, name, b]) => `${a}.${name}(${b})`),
    fc.tuple(tie('node'), tie('node'), tie('node')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => `${a}[${b}]`),
  ),
})).node;

test('whatever a filter is, it is refused as one, or answers true or false for every client and never throws', () => {
  let accepted = 0;
  fc.assert(
    fc.property(
      fc.oneof(
        soup,
        expression,
        fc.tuple(fc.constantFrom(' ', '\n', '\n \t', '\r\n'), expression).map((parts) => parts.join('')),
        fc.string({ unit: 'binary' }),
      ),
      (source) => {
        const filter = compiled(source);
        if (!filter) return;
        accepted++;
        for (const one of clients) assert.equal(typeof filter.matches(one), 'boolean');
      },
    ),
    { numRuns: Number(process.env.RUNS ?? 6000) },
  );
  assert(accepted > 20, `the soup is too thin: ${accepted} were filters`);
});

test('whatever an object filter is, the same holds', () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(undefined, Number.NaN, 1n, () => 1, Symbol('x'), new Date(Number.NaN)),
    fc.array(fc.constantFrom('a', 1, null, true)),
  );
  const key = fc.oneof(
    fc.constantFrom('profile', 'roles', 'topics', 'claims', 'client', 'authenticated', ...INHERITED),
    fc.string(),
  );
  const object = fc.dictionary(key, fc.oneof(value, fc.dictionary(key, value)));
  fc.assert(
    fc.property(object, (source) => {
      const filter = compiled(source);
      if (filter) for (const one of clients) assert.equal(typeof filter.matches(one), 'boolean');
    }),
    { numRuns: 2000 },
  );
});

test('what would make a filter slow for a client with many roles is refused, each with its reason', () => {
  for (const [source, reason] of [
    ['(roles + topics).exists(x, x == "a")', 'lists cannot be added'],
    ['(claims.a + claims.b) == ["x"]', 'lists cannot be added'],
    ['roles.exists(r, roles.exists(t, t == r))', 'cannot stand inside another macro'],
    [`roles.exists(r, ${Array(6).fill('r in topics').join(' || ')})`, 'a macro has at most 8 operators inside'],
    ['roles.exists(r, r.lowerAscii().trim().upperAscii().contains("x"))', 'takes too long for a client with 64 roles and topics'],
    ['roles.exists(r, timestamp(r) == timestamp(name))', 'takes too long for a client with 64 roles and topics'],
  ] as const)
    assert.throws(
      () => compileFilter(source),
      (error: Error) => error.message.includes(reason),
      source,
    );
  const heavy = clients.at(-1) as Client;
  assert.equal(compileFilter('roles.exists(r, r in topics)').matches(heavy), false);
});

test('a filter that may be long is bounded as a short one is, but for the length of its texts', () => {
  const sizes = { ...DEFAULT_SIZES, filterLimit: 16 * 1024 };
  const long = `"${'x'.repeat(15_000)}"`;
  for (const [source, reason] of [
    [`${'('.repeat(8000)}true${')'.repeat(8000)}`, 'maxDepth'],
    [`${'['.repeat(8000)}${']'.repeat(8000)} == []`, 'maxDepth'],
    [`claims${'.a'.repeat(8000)} == 1`, 'maxDepth'],
    [`id in [${'"x",'.repeat(3000)}"x"]`, 'maxListElements'],
    [`${'!'.repeat(16_000)}true`, 'is nested too deeply'],
    [`${'-'.repeat(16_000)}1 == 1`, 'is nested too deeply'],
    [Array(34).fill('authenticated').join(' || '), 'at most 32 operators'],
    // Each role would be put behind a text anew.
    [`roles.exists(r, (${long} + r).size() == 3)`, 'takes too long for a client with 64 roles and topics'],
  ] as const)
    assert.throws(
      () => compileFilter(source, undefined, sizes),
      (error: Error) => error instanceof SseError && error.message.includes(reason),
      source.slice(0, 60),
    );
  assert.equal(compileFilter('!!authenticated', undefined, sizes).matches(clients[0] as Client), false);
  const named = client({ profile: 'x'.repeat(15_000) });
  assert.equal(compileFilter(`profile == ${long}`, undefined, sizes).matches(named), true);
  assert(compileFilter(`${long}.contains(id)`, undefined, sizes).cost <= compileFilter('"x".contains(id)').cost);
});
