import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SseError } from '../../src/errors.ts';
import { compileFilter } from '../../src/event/filter.ts';
import { client } from './client.ts';

const many = (count: number, name: string): string[] => Array.from({ length: count }, (_, index) => `${name}-${index}`);
const matches = (filter: string, claims: Record<string, unknown>, roles: string[] = []): boolean =>
  compileFilter(filter).matches(client({ claims, roles, name: 'x'.repeat(200) }));

for (const [filter, claims, expected] of [
  // What tokens hold in practice.
  ['"g-199" in claims.groups', { groups: many(200, 'g') }, true],
  ['claims.groups.exists(g, g.startsWith("g-99"))', { groups: many(100, 'g') }, true],
  ['claims.groups.exists(g, g in roles)', { groups: [...many(50, 'g'), 'r'] }, true],
  ['roles.exists(r, r in claims.groups)', { groups: [...many(50, 'g'), 'r'] }, true],
  ['claims.about.contains("last word")', { about: `${'x'.repeat(500)} last word` }, true],
  ['size(claims.map) == 100', { map: Object.fromEntries(many(100, 'k').map((key) => [key, 1])) }, true],
  // What takes too long to be decided: no match, negated too.
  ['"g-1999" in claims.groups', { groups: many(2000, 'g') }, false],
  ['!("x" in claims.groups)', { groups: many(2000, 'g') }, false],
  ['!claims.groups.exists(g, g == "x")', { groups: many(2000, 'g') }, false],
  ['claims.groups.all(g, g != "x") || true', { groups: many(2000, 'g') }, false],
  ['!claims.about.contains("word")', { about: 'x'.repeat(20_000) }, false],
  ['claims.groups != ["x"] && claims.groups == claims.groups', { groups: many(2000, 'g') }, true],
  ['claims.groups == claims.others', { groups: many(2000, 'g'), others: many(2000, 'g') }, false],
  // Unless something decides before.
  ['name.startsWith("x") || "x" in claims.groups', { groups: many(2000, 'g') }, true],
] as const) {
  test(`${filter}, of a client with ${JSON.stringify(claims).length} characters of claims, is ${expected}`, () => {
    for (let time = 0; time < 3; time++) assert.equal(matches(filter, claims, ['r']), expected, 'whatever was asked before');
  });
}

test('claims that are nested deeper than the stack end no broadcast', () => {
  const deep = JSON.parse(`${'['.repeat(9000)}${']'.repeat(9000)}`);
  assert.equal(matches('claims.a == claims.b', { a: deep, b: structuredClone(JSON.parse(JSON.stringify([[]]))) }), false);
  assert.equal(matches('claims.a == claims.b', { a: deep, b: JSON.parse(`${'['.repeat(9000)}${']'.repeat(9000)}`) }), false);
});

for (const filter of [
  { profile: ['a', 'b'], login: ['c', 'd'], roles: many(20, 'role'), topics: many(20, 'topic') },
  'roles.exists(r, r in topics)',
  'roles.exists(r, r.startsWith("a-") || r.startsWith("b-") || r.startsWith("c-") || r == "d")',
  'roles.exists(r, r.lowerAscii() == "ops") && !("secret" in topics)',
  Array(16).fill('"ops" in roles').join(' || '),
  Array(16).fill('claims.region == "eu"').join(' || '),
  Array(10).fill('name.lowerAscii().contains("x")').join(' || '),
])
  test(`is not too much: ${JSON.stringify(filter).slice(0, 80)}`, () => {
    assert.equal(typeof compileFilter(filter).matches(client()), 'boolean');
  });

for (const [filter, detail, position] of [
  ['roles.exists(r, r.trim().lowerAscii().contains("x"))', /^takes too long for a client with 64 roles and topics/, 0],
  ['type(profile) == string', /^type\(\) is not available in filters$/, 0],
  ['true && duration(name) == duration("1s")', /^duration\(\) is not available in filters$/, 8],
  ['timestamp(name) - timestamp(mail) == timestamp(id) - timestamp(id)', /^times can only be compared/, undefined],
  ['b"a" == b"a"', /^bytes and uint are not available/, 0],
  ['1u == 1u', /^bytes and uint are not available/, 0],
  ['claims == {}', /^maps are not available/, 10],
  ['string == string', /^'string' is no value/, 0],
  ['has(client.port)', /^'client' is no value/, 4],
] as const)
  test(`refused: ${filter}`, () => {
    assert.throws(
      () => compileFilter(filter),
      (error) => {
        assert(error instanceof SseError);
        const [issue] = error.issues;
        assert.match(issue?.detail ?? '', detail);
        if (position !== undefined) assert.equal(issue?.position, position);
        return true;
      },
    );
  });
