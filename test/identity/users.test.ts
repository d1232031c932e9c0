import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { SseError } from '../../src/errors.ts';
import { parseUsers } from '../../src/identity/users.ts';

const SECRET = 'correct-horse-battery-staple';
const tokenHash = `sha256:${createHash('sha256').update(SECRET).digest('hex')}`;
const parse = (...users: unknown[]) => parseUsers(JSON.stringify({ users }), 'users.json');

test('a token that only its hash is known of leads to everything that stands there', async () => {
  const { verifier, size, warnings } = parse({
    tokenHash,
    id: '7',
    login: 'ada',
    name: 'Ada L.',
    mail: 'ada@example.com',
    profile: 'Administrator',
    roles: ['ops', 'dev'],
    topics: ['prices'],
    claims: { level: 3, team: { id: 'blue' } },
  });
  const grant = await verifier.verify(SECRET);
  const found = grant?.identity;
  assert.deepEqual([grant?.subject, grant?.topics, grant?.expiresAt], ['7', ['prices'], undefined]);
  assert.deepEqual(
    { ...found, claims: { ...found?.claims } },
    {
      authenticated: true,
      id: '7',
      login: 'ada',
      name: 'Ada L.',
      mail: 'ada@example.com',
      profile: 'Administrator',
      roles: ['ops', 'dev'],
      claims: { level: 3, team: { id: 'blue' }, topics: ['prices'] },
    },
  );
  assert.equal(size, 1);
  assert.deepEqual(warnings, []);
});

test('all but the token and the id may be left out', async () => {
  const found = (await parse({ tokenHash, id: '7' }).verifier.verify(SECRET))?.identity;
  assert.deepEqual(
    { ...found, claims: { ...found?.claims } },
    { authenticated: true, id: '7', login: '', name: '', mail: '', profile: '', roles: [], claims: {} },
  );
});

test('a token in plain text works, and the log says that it should not stay, without it', async () => {
  const { verifier, warnings } = parse({ token: SECRET, id: 'ada\n' });
  assert.equal((await verifier.verify(SECRET))?.identity.id, 'ada\n');
  assert.deepEqual(warnings, ['users.json: the token of user "ada\\n" stands there in plain text; use tokenHash']);
  assert(!warnings.join().includes(SECRET));
});

test('no other token is known', async () => {
  const { verifier } = parse({ tokenHash, id: '7' }, { token: 'other-token', id: '8' });
  for (const wrong of [
    '',
    ' ',
    SECRET.slice(1),
    `${SECRET} `,
    SECRET.toUpperCase(),
    tokenHash,
    tokenHash.slice(7),
    '__proto__',
    'constructor',
    '\0',
  ])
    assert.equal(await verifier.verify(wrong), undefined, wrong);
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), async (wrong) => assert.equal(await verifier.verify(wrong), undefined)),
  );
});

test('each token leads to its own user', async () => {
  const users = Array.from({ length: 200 }, (_, index) => ({ token: `token-${index}`, id: `user-${index}` }));
  const { verifier, size } = parse(...users);
  assert.equal(size, 200);
  for (const { token, id } of users) assert.equal((await verifier.verify(token))?.identity.id, id);
});

test('a claim may have any name, and adds nothing to any object', async () => {
  const file = `{"users":[{"tokenHash":"${tokenHash}","id":"7","claims":{"__proto__":{"admin":true},"constructor":"mine","a":{"__proto__":{"admin":true}}}}]}`;
  const found = (await parseUsers(file, 'users.json').verifier.verify(SECRET))?.identity;
  assert(found);
  assert.equal(found.claims.admin, undefined);
  assert.equal(found.claims.constructor, 'mine');
  assert.equal((found.claims.a as Record<string, unknown>).admin, undefined);
  assert.equal(({} as Record<string, unknown>).admin, undefined);
});

test('a file may have nobody', () => assert.equal(parse().size, 0));

test('the example that ships is good', () => {
  const file = readFileSync(new URL('../../config/users.example.json', import.meta.url), 'utf8');
  assert(parseUsers(file, 'users.example.json').size > 0);
});

function refusal(json: string): string[] {
  try {
    parseUsers(json, 'users.json');
  } catch (error) {
    assert(error instanceof SseError, `a defect: ${error}`);
    assert.equal(error.code, 'invalid-config');
    // Whatever is wrong with a file of secrets: its mistakes are told, not its secrets.
    assert(!JSON.stringify([error.message, error.issues, error.stack]).includes(SECRET));
    return error.issues.map(({ pointer, detail }) => `${pointer}: ${detail}`);
  }
  return [];
}

const ada = { tokenHash, id: '7' };

for (const [what, user, expected] of [
  ['no token', { id: '7' }, ['users.json /users/0: needs one of tokenHash and token']],
  ['two tokens', { ...ada, token: SECRET }, ['users.json /users/0: needs one of tokenHash and token']],
  ['an empty token', { token: '', id: '7' }, ['users.json /users/0/token: must not be empty']],
  [
    'a token where its hash should be',
    { tokenHash: SECRET, id: '7' },
    ['users.json /users/0/tokenHash: must be sha256: and 64 hexadecimal digits in lower case'],
  ],
  [
    'a hash in capitals',
    { tokenHash: tokenHash.toUpperCase(), id: '7' },
    ['users.json /users/0/tokenHash: must be sha256: and 64 hexadecimal digits in lower case'],
  ],
  ['no id', { tokenHash }, ['users.json /users/0/id: is required']],
  ['an empty id', { ...ada, id: '' }, ['users.json /users/0/id: must not be empty']],
  ['a number for an id', { ...ada, id: 7 }, ['users.json /users/0/id: is required']],
  ['a long id', { ...ada, id: 'x'.repeat(257) }, ['users.json /users/0/id: has at most 256 characters']],
  ['a list for a profile', { ...ada, profile: [] }, ['users.json /users/0/profile: must be a string']],
  ['a long mail', { ...ada, mail: 'x'.repeat(257) }, ['users.json /users/0/mail: has at most 256 characters']],
  ['a text for roles', { ...ada, roles: 'ops' }, ['users.json /users/0/roles: must be a list of strings']],
  ['a number for a role', { ...ada, roles: [7] }, ['users.json /users/0/roles/0: must be a string']],
  ['65 roles', { ...ada, roles: Array(65).fill('x') }, ['users.json /users/0/roles: has at most 64 entries']],
  ['65 topics', { ...ada, topics: Array(65).fill('x') }, ['users.json /users/0/topics: has at most 64 entries']],
  ['a misspelt field', { ...ada, profil: 'x' }, ["users.json /users/0/profil: unknown field; did you mean 'profile'?"]],
  [
    'several mistakes',
    { tokenHash: SECRET, id: '', roles: 7 },
    [
      'users.json /users/0/tokenHash: must be sha256: and 64 hexadecimal digits in lower case',
      'users.json /users/0/id: must not be empty',
      'users.json /users/0/roles: must be a list of strings',
    ],
  ],
] as const) {
  test(`refused: ${what}`, () => assert.deepEqual(refusal(JSON.stringify({ users: [user] })), expected));
}

for (const [what, json, expected] of [
  ['no users', '{}', ['users.json /users: must be a list']],
  ['users by name', JSON.stringify({ users: { ada } }), ['users.json /users: must be a list']],
  [
    'a misspelt list',
    '{"user":[]}',
    ['users.json /users: must be a list', "users.json /user: unknown field; did you mean 'users'?"],
  ],
  [
    'the same token twice',
    JSON.stringify({ users: [ada, { token: SECRET, id: '8' }] }),
    ['users.json /users/1: has the same token as a user before it'],
  ],
  ['an empty file', '', ['users.json: is not JSON']],
  [
    'a comma too many',
    `{"users":[\n{"token":"${SECRET}","id":"7"},\n]}`,
    ['users.json: is not JSON at line 3, column 1; there is a comma too many before it'],
  ],
  ['a token without quotes', `{"users":[{"token":${SECRET}}]}`, ['users.json: is not JSON']],
  ['a token alone', SECRET, ['users.json: is not JSON']],
] as const) {
  test(`refused: ${what}`, () => {
    const found = refusal(json);
    if (expected.join().startsWith('users.json: is not JSON'))
      assert(found.join().startsWith('users.json: is not JSON'), found.join());
    else assert.deepEqual(found, expected);
  });
}
