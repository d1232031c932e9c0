import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryFolder } from '../support/program.ts';
import { TestServer } from '../support/server.ts';

const users = [
  { token: 'token-of-ada', id: '1', login: 'ada', profile: 'Administrator' },
  { token: 'token-of-bob', id: '2', login: 'bob', profile: 'Member' },
];

async function start(t: TestContext, options: { readonly requireAuth?: boolean } = {}): Promise<TestServer> {
  const file = join(temporaryFolder(), 'users.json');
  writeFileSync(file, JSON.stringify({ users }));
  return TestServer.start(t, { users: file, ...options });
}

for (const [headers, expected] of [
  ['Authorization: Bearer token-of-ada', 'Administrator'],
  ['authorization: bearer token-of-bob', 'Member'],
  ['Cookie: sse_token=token-of-ada', 'Administrator'],
  ['Cookie: a=b; sse_token=token-of-bob; c=d', 'Member'],
  ['Cookie: sse_token="token-of-bob"', 'Member'],
  ['Cookie: a=b\nCookie: sse_token=token-of-bob', 'Member'],
  ['Cookie: sse_token=token-of-ada; sse_token=token-of-bob', 'Administrator'],
  ['Cookie: xsse_token=token-of-bob; SSE_TOKEN=token-of-bob', ''],
  ['Authorization: Bearer token-of-ada\nCookie: sse_token=token-of-bob', 'Administrator'],
  ['Authorization: Bearer nobody\nCookie: sse_token=token-of-bob', 401],
  ['Cookie: sse_token=nobody', 401],
  ['Cookie: sse_token=', 401],
  ['Cookie: sse_token', 401],
  ['Authorization: Basic YWRhOmFkYQ==', 401],
  ['', ''],
] as const) {
  test(`${headers.replaceAll('\n', ', ') || 'no credential'}: ${expected === 401 ? 'refused' : expected || 'anonymous'}`, async (t) => {
    const server = await start(t);
    if (expected === 401) {
      const { status, headers: answered, body } = await server.send(`GET /sse\n${headers}`);
      assert.deepEqual([status, answered['www-authenticate']], [401, 'Bearer error="invalid_token"']);
      assert.equal(JSON.parse(body).detail, 'the credential is not valid');
      assert(!JSON.stringify(server.activities).includes('token-of'));
      return;
    }
    await server.stream('?profile=Liar&id=9', headers);
    assert.equal(server.of('opened')[0]?.client.profile, expected);
    assert.equal(server.of('opened')[0]?.client.authenticated, expected !== '');
  });
}

test('where a credential is required, a client without one is asked for it and gets nothing', async (t) => {
  const server = await start(t, { requireAuth: true });
  for (const method of ['GET', 'HEAD']) {
    const { status, headers } = await server.send(`${method} /sse?id=1&profile=Administrator`);
    assert.deepEqual([status, headers['www-authenticate']], [401, 'Bearer']);
  }
  assert.equal((await server.send('HEAD /sse\nCookie: sse_token=token-of-ada')).status, 200);
  assert.equal((await server.send('GET /')).status, 200, 'files are for everyone');
  assert.deepEqual(server.of('opened'), []);
});

test('an event for administrators reaches the one administrator among three, live and on replay', async (t) => {
  const server = await start(t);
  const open = (token: string, query = '') => server.stream(query, token && `Authorization: Bearer token-of-${token}`);
  const streams = await Promise.all(['ada', 'bob', ''].map((token) => open(token)));
  await server.broadcast('X-Filter: profile == "Administrator"', 'secret');
  await server.broadcast('', 'end');
  streams.push(...(await Promise.all(['ada', 'bob', ''].map((token) => open(token, '?since=earliest&profile=Administrator')))));
  const got = await Promise.all(streams.map((stream) => stream.until('end')));
  assert.deepEqual(got, [['secret', 'end'], ['end'], ['end'], ['secret', 'end'], ['end'], ['end']]);
});
