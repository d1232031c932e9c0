import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SseError } from '../../src/errors.ts';
import { anonymous, type Identity, identity } from '../../src/event/identity.ts';
import { Authentication, type TokenVerifier } from '../../src/identity/authenticate.ts';
import { badCredential } from '../../src/identity/grant.ts';
import { FORGETFUL, Revocations } from '../../src/identity/revocations.ts';
import { Tickets } from '../../src/identity/tickets.ts';

const ada = identity({ authenticated: true, id: '7', login: 'ada' });
const bob = identity({ authenticated: true, id: '8', login: 'bob' });
const knowing = (tokens: Record<string, Identity>): TokenVerifier => ({
  verify: async (token) => {
    const found = Object.hasOwn(tokens, token) ? tokens[token] : undefined;
    return found && { identity: found };
  },
});

const clocks = { now: Date.now, elapsed: () => performance.now() };
const others = () => ({
  tickets: new Tickets(clocks),
  revocations: new Revocations({ keeper: FORGETFUL, lifetime: () => Infinity, now: Date.now }),
});
const request = (query = '') => ({ request: { headers: {}, query: new URLSearchParams(query), ip: '' } });

interface Setting {
  readonly users?: boolean;
  readonly required?: boolean;
  readonly selfDeclared?: boolean;
}

function setting({ users = false, required = false, selfDeclared = true }: Setting): Authentication {
  const verifiers = users ? [knowing({ 'ada-token': ada }), knowing({ 'bob-token': bob })] : [];
  return new Authentication({ ...others(), verifiers, required, selfDeclared: () => selfDeclared });
}

type Shown = { readonly authorization?: string; readonly cookie?: string; readonly query?: string };

/** The id that is found, `anonymous`, or the error's code. */
async function who(authentication: Authentication, { query = '', ...shown }: Shown): Promise<string> {
  try {
    const { identity: found } = (await authentication.identify({ ...shown, ...request(query) })).grant;
    return found === anonymous ? 'anonymous' : found.id;
  } catch (error) {
    assert(error instanceof SseError, `a defect: ${error}`);
    assert(!error.message.includes('token-of'), 'no credential in any message');
    return error.code;
  }
}

for (const [what, shown, expected] of [
  ['a bearer token', { authorization: 'Bearer ada-token' }, '7'],
  ['one that the second verifier knows', { authorization: 'Bearer bob-token' }, '8'],
  ['the scheme in any case', { authorization: 'bEARER   ada-token ' }, '7'],
  ['a cookie', { cookie: 'ada-token' }, '7'],
  ['both: the header', { authorization: 'Bearer ada-token', cookie: 'bob-token' }, '7'],
  ['a bad header beside a good cookie', { authorization: 'Bearer token-of-none', cookie: 'bob-token' }, 'invalid-credential'],
  ['a token that nobody has', { authorization: 'Bearer token-of-none' }, 'invalid-credential'],
  ['a cookie that nobody has', { cookie: 'token-of-none' }, 'invalid-credential'],
  ['an empty cookie', { cookie: '' }, 'invalid-credential'],
  ['an empty header', { authorization: '' }, 'invalid-credential'],
  ['no token', { authorization: 'Bearer' }, 'invalid-credential'],
  ['a token without a scheme', { authorization: 'ada-token' }, 'invalid-credential'],
  ['two tokens', { authorization: 'Bearer ada-token bob-token' }, 'invalid-credential'],
  ['two schemes', { authorization: 'Bearer ada-token, Bearer bob-token' }, 'invalid-credential'],
  ['characters that no token has', { authorization: 'Bearer "ada-token"' }, 'invalid-credential'],
  ['another scheme', { authorization: 'Basic YWRhOmFkYS10b2tlbg==' }, 'invalid-credential'],
  ['another scheme beside a good cookie', { authorization: 'Basic dG9rZW4tb2Y=', cookie: 'ada-token' }, 'invalid-credential'],
  ['an inherited name', { authorization: 'Bearer constructor' }, 'invalid-credential'],
] as const) {
  for (const required of [false, true])
    test(`${required ? 'required' : 'optional'} authentication, ${what}: ${expected}`, async () => {
      assert.equal(await who(setting({ users: true, required }), shown), expected);
    });
}

for (const [what, given, shown, expected] of [
  ['with users and nothing shown', { users: true }, {}, 'anonymous'],
  ['with users, a word of its own', { users: true }, { query: 'id=7&profile=Administrator' }, 'anonymous'],
  ['with users and required', { users: true, required: true }, {}, 'unauthenticated'],
  ['with users and required, a word of its own', { users: true, required: true }, { query: 'id=7' }, 'unauthenticated'],
  ['required of those who cannot', { required: true }, { query: 'id=7' }, 'unauthenticated'],
  ['without users', {}, {}, 'anonymous'],
  ['without users, a word of its own', {}, { query: 'id=7' }, '7'],
  ['without users, a word of its own where that does not count', { selfDeclared: false }, { query: 'id=7' }, 'anonymous'],
  ['without users, a credential means nothing', {}, { authorization: 'Bearer ada-token', cookie: 'ada-token' }, 'anonymous'],
  ['without users, what is no identity', {}, { query: 'topic=a&id=&roles=,,&authenticated=true&claims=x' }, 'anonymous'],
] as const) {
  test(`${what}: ${expected}`, async () => assert.equal(await who(setting(given), shown), expected));
}

test('whether a word of its own counts is asked each time', async () => {
  let counts = true;
  const authentication = new Authentication({ ...others(), verifiers: [], required: false, selfDeclared: () => counts });
  assert.equal(await who(authentication, { query: 'id=7' }), '7');
  counts = false;
  assert.equal(await who(authentication, { query: 'id=7' }), 'anonymous');
});

test('a token that is bad to the verifier whose it is, is bad; nobody else is asked', async () => {
  for (const [error, expected] of [
    [badCredential('expired'), 'invalid-credential'],
    [new SseError('unverifiable', 'the keys cannot be fetched'), 'unverifiable'],
  ] as const) {
    const refusing: TokenVerifier = { verify: () => Promise.reject(error) };
    const verifiers = [knowing({ 'ada-token': ada }), refusing, knowing({ 'bob-token': bob })];
    const authentication = new Authentication({ ...others(), verifiers, required: false, selfDeclared: () => true });
    assert.equal(await who(authentication, { authorization: 'Bearer ada-token' }), '7');
    assert.equal(await who(authentication, { authorization: 'Bearer bob-token' }), expected);
    assert.equal(await who(authentication, { cookie: 'bob-token' }), expected);
    assert.equal(await who(authentication, {}), 'anonymous');
  }
});

test('every defect of a credential has one message', async () => {
  const messages = new Set<string>();
  for (const authorization of ['Bearer token-of-none', 'Basic x', 'Bearer', ''])
    await assert.rejects(setting({ users: true }).identify({ authorization, ...request() }), (error: Error) => {
      messages.add(error.message);
      return true;
    });
  assert.deepEqual([...messages], ['the credential is not valid']);
});

test('a client declares what there is to declare, and never that it is authenticated', async () => {
  const query =
    'id=7&login=ada&name=Ada+L.&mail=a%40b.c&profile=Administrator&roles=ops,%20dev,&roles=qa&authenticated=true&topic=a&__proto__=x&constructor=x';
  const { identity: found } = (await setting({}).identify(request(query))).grant;
  assert.deepEqual(found, {
    ...anonymous,
    id: '7',
    login: 'ada',
    name: 'Ada L.',
    mail: 'a@b.c',
    profile: 'Administrator',
    roles: ['ops', 'dev', 'qa'],
  });
});

test('what a client declares of itself is bounded', async () => {
  const roles = Array.from({ length: 100 }, (_, index) => `r${index}`).join();
  const query = new URLSearchParams({ id: 'x'.repeat(5000), roles: `${'y'.repeat(5000)},${roles}` }).toString();
  const { identity: found } = (await setting({}).identify(request(query))).grant;
  assert.equal(found.id.length, 256);
  assert.equal(found.roles.length, 64);
  assert.equal(found.roles[0]?.length, 256);
});

test('who was vouched for is let in as long as the one who did is asked', async () => {
  const former = async () => ({ identity: ada });
  const means = { verifiers: [], required: false };
  const authentication = new Authentication({ ...others(), ...means, authority: former, selfDeclared: () => true });
  const { grant } = await authentication.identify(request());
  assert.equal(authentication.check(grant), grant);
  authentication.use({ ...means, authority: former });
  assert.equal(authentication.check(grant), grant);
  for (const other of [{}, { authority: async () => ({ identity: ada }) }]) {
    authentication.use({ ...means, ...other });
    assert.throws(() => authentication.check(grant), { code: 'invalid-credential' });
  }
});
