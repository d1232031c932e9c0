import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileFilter } from '../../src/event/filter.ts';

for (const [filter, fixes, whole] of [
  ['login == "ada"', 'login: ada', true],
  ['"ada" == login', 'login: ada', true],
  ['id in ["1", "2"]', 'id: 1 2', true],
  ['client.id == "c1"', 'client.id: c1', true],
  ['"ops" in roles', 'roles: ops', true],
  ['"a" in topics', 'topics: a', true],
  ['roles.exists(r, r in ["ops", "dev"])', 'roles: ops dev', true],
  ['topics.exists(t, t == "a")', 'topics: a', true],
  ['profile == "x" && "ops" in roles', 'profile: x, roles: ops', true],
  ['authenticated && (name != "" && login == "ada")', 'login: ada', false],
  ['profile == "x" || profile in ["y", "x"]', 'profile: x y', true],
  ['"a" in roles || "b" in roles || "c" in roles', 'roles: a b c', true],
  ['(profile == "x" && authenticated) || profile == "y"', 'profile: x y', false],
  ['(profile == "x" && id == "1") || (id == "2" && profile == "x")', 'profile: x, id: 1 2', false],
  ['(profile == "x" && id == "1") || id == "2"', 'id: 1 2', false],
  ['profile in []', 'profile:', true],
  // What a client may lack and be matched all the same.
  ['profile == "x" || id == "1"', '', false],
  ['profile == "x" || authenticated', '', false],
  ['!(profile == "x")', '', false],
  ['!(profile != "x")', '', false],
  ['profile != "x"', '', false],
  ['authenticated ? profile == "x" : true', '', false],
  ['(profile == "x") == false', '', false],
  ['roles.all(r, r == "ops")', '', false],
  ['roles.exists(r, r != "ops")', '', false],
  ['roles.exists(r, "ops" in topics)', '', false],
  ['roles.exists(profile, profile != "x")', '', false],
  ['roles.filter(r, r == "x") == roles', '', false],
  ['profile == name', '', false],
  ['profile in roles', '', false],
  ['profile in ["x", name]', '', false],
  ['name == "x"', '', false],
  ['claims.profile == "x"', '', false],
  ['client.ip == "x"', '', false],
  // All are found by that of whom nothing is known.
  ['profile == ""', '', false],
  ['profile in ["", "x"]', '', false],
] as const) {
  test(`${filter} fixes ${fixes || 'nothing'}${whole ? ', and that is all it asks' : ''}`, () => {
    const { fixing } = compileFilter(filter);
    assert.equal(fixing.fixes.map(({ attribute, values }) => [`${attribute}:`, ...values].join(' ')).join(', '), fixes);
    assert.equal(fixing.whole, whole);
  });
}

for (const [filter, uses] of [
  ['authenticated', ['authenticated']],
  ['profile == "x" && "ops" in roles && profile != ""', ['profile', 'roles']],
  ['roles.exists(r, r == name || r == mail)', ['roles', 'name', 'mail']],
  ['claims.a.b == "x" && client.ip == mail', ['claims', 'client.ip', 'mail']],
  ['roles.exists(profile, profile == "x")', ['roles']],
  ['roles.exists(client, client == id)', ['roles', 'id']],
  ['login.startsWith("a") ? true : size(topics) > 1', ['login', 'topics']],
  ['true', []],
] as const) {
  test(`${filter} reads ${uses.join(' and ') || 'nothing'}`, () => assert.deepEqual(compileFilter(filter).uses, uses));
}
