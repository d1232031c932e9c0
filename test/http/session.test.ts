import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SESSION_AGE, Sessions } from '../../src/http/sessions.ts';
import { TestServer, type Wire } from '../support/server.ts';
import { tokenFile } from './files.ts';

const TOKEN = 'a-token-of-some-length';
const BEARER = `Authorization: Bearer ${TOKEN}`;

async function start(t: TestContext): Promise<TestServer> {
  return TestServer.start(t, { adminTokenFile: tokenFile(TOKEN) });
}

/** Signs in. @returns the line that shows the cookie */
async function signIn(server: TestServer, headers = BEARER): Promise<string> {
  const { status, headers: answered } = await server.send(`POST /admin/session\n${headers}`);
  assert.equal(status, 200);
  return `Cookie: ${answered['set-cookie']?.split(';')[0]}`;
}

test('the token is traded for a cookie that no script reads and no other site sends', async (t) => {
  const server = await start(t);
  const { status, headers, body } = await server.send(`POST /admin/session\n${BEARER}`);
  assert.equal(status, 200);
  assert.deepEqual(JSON.parse(body), { expiresIn: 43_200 });
  assert.match(
    headers['set-cookie'] ?? '',
    new RegExp(`^sse_admin_${server.port}=[\\w-]{43}; Path=/admin; Max-Age=43200; HttpOnly; SameSite=Strict$`),
  );
  for (const wrong of ['', 'Authorization: Bearer another-token', 'Authorization: Basic x'])
    assert.equal((await server.send(`POST /admin/session\n${wrong}`)).status, 401, wrong);
});

test('the cookie stands for the token, and for nothing else that is checked', async (t) => {
  const server = await start(t);
  const cookie = await signIn(server);
  for (const [headers, status] of [
    [cookie, 202],
    [`${cookie}\nSec-Fetch-Site: same-origin\nOrigin: http://localhost:${server.port}`, 202],
    [`${cookie}\nSec-Fetch-Site: cross-site`, 403],
    [`${cookie}\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: document`, 403],
    [`${cookie}\nOrigin: http://localhost:1`, 403],
    [`${cookie}\nHost: evil.test`, 421],
    [`${cookie}x`, 401],
    [cookie.slice(0, -1), 401],
    [`${cookie}\nAuthorization: Bearer another-token`, 401],
    [cookie.replace(String(server.port), '1'), 401],
    [`Cookie: sse_admin_${server.port}=${TOKEN}`, 401],
    [`Cookie: sse_admin_${server.port}=`, 401],
  ] as const)
    assert.equal((await server.send(`POST /admin/broadcast\n${headers}`, 'x')).status, status, headers);
  assert.equal((await server.send(`GET /admin/session\n${cookie}`)).body, '{"hasToken":true}\n');
});

test('whoever signs out is out, and nobody else is', async (t) => {
  const server = await start(t);
  const [mine, other] = [await signIn(server), await signIn(server)];
  const { headers, body } = await server.send(`DELETE /admin/session\n${mine}`);
  assert.match(headers['set-cookie'] ?? '', /^sse_admin_\d+=; Path=\/admin; Max-Age=0; /);
  assert.deepEqual(JSON.parse(body), { ended: 1 });
  assert.equal((await server.send(`GET /admin/stats\n${mine}`)).status, 401);
  assert.equal((await server.send(`GET /admin/stats\n${other}`)).status, 200);
  assert.equal((await server.send('DELETE /admin/session')).status, 401);
});

test('the cookie is for HTTPS alone where a trusted proxy says that the browser speaks it', async (t) => {
  const server = await TestServer.start(t, { trustProxy: 'loopback', adminTokenFile: tokenFile(TOKEN) });
  const admin = { port: Number(new URL(server.admin).port) };
  for (const [proto, isSecure] of [
    ['https', true],
    ['http, https', true],
    ['https, http', false],
    ['http', false],
    ['nohttps', false],
  ] as const) {
    const { headers } = await server.send(`POST /admin/session\n${BEARER}\nX-Forwarded-Proto: ${proto}`, '', admin);
    assert.equal(headers['set-cookie']?.endsWith('; Secure'), isSecure, proto);
  }
});

test('where admin has no token, there is nothing to sign in to', async (t) => {
  const server = await TestServer.start(t);
  assert.equal((await server.send('POST /admin/session')).status, 404);
  assert.equal((await server.send('DELETE /admin/session')).status, 404);
  assert.equal((await server.send('GET /admin/session')).body, '{"hasToken":false}\n');
});

test('the page comes to whoever may ask for the token; what is in it comes to whoever has that', async (t) => {
  const server = await start(t);
  for (const [head, status] of [
    ['GET /admin/', 200],
    ['GET /admin', 302],
    ['GET /admin/assets/admin/app.js', 200],
    ['GET /admin/assets/none.js', 401],
    ['GET /admin/none', 401],
    ['GET /admin/clients', 401],
    ['GET /admin/events', 401],
    ['PATCH /admin/', 405],
    ['GET /admin/\nHost: evil.test', 421],
    ['GET /admin/\nSec-Fetch-Site: cross-site', 403],
    ['GET /admin/\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: document', 200],
    ['GET /admin/\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: iframe', 403],
    ['GET /admin/clients\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: document', 403],
    ['GET /admin/assets/admin/app.js\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: cors\nSec-Fetch-Dest: script', 403],
  ] as const)
    assert.equal((await server.send(head)).status, status, head);
  const { headers, body } = await server.send('GET /admin/');
  assert.match(headers['content-security-policy'] ?? '', /^default-src 'none'; script-src 'self'; .*frame-ancestors 'none'$/);
  assert.doesNotMatch(body, /<script>|<style|style="| on\w+="|https?:/);
  assert.equal((await server.send('GET /admin')).headers.location, '/admin/');
});

test('a session ends after its time, and with too many the oldest does', () => {
  let now = 0;
  const sessions = new Sessions(() => now);
  const first = sessions.open();
  now = SESSION_AGE - 1;
  assert(sessions.has(first));
  now = SESSION_AGE;
  assert(!sessions.has(first));
  const many = Array.from({ length: 101 }, () => sessions.open());
  assert.equal(new Set(many).size, 101);
  assert.deepEqual([sessions.has(many[0] as string), sessions.has(many[1] as string), sessions.has('')], [false, true, false]);
});

/** The feed and a tap of some client, opened with a credential. */
async function lookOn(server: TestServer, client: string, credential: string): Promise<Wire[]> {
  const wires = ['/admin/events', `/admin/clients/${client}/tap`].map((path) =>
    server.connect().send(`GET ${path} HTTP/1.1\r\nHost: localhost:${server.port}\r\n${credential}\r\n\r\n`),
  );
  for (const wire of wires) await wire.until((received) => /^HTTP\/1.1 200 .*\r\n\r\n/s.test(received), 'a stream');
  return wires;
}

const ENDS: Readonly<Record<string, (server: TestServer, cookie: string, t: TestContext) => unknown>> = {
  'when its browser signs out': (server, cookie) => server.send(`DELETE /admin/session\n${cookie}`),
  'when a hundred newer ones push it out': async (server) => {
    for (let i = 0; i < 100; i++) await signIn(server);
  },
  'after its time': (_server, _cookie, t) => t.mock.timers.tick(SESSION_AGE),
};
for (const [how, end] of Object.entries(ENDS))
  test(`what a session has open ends with it, ${how}, and nothing else does`, async (t) => {
    const server = await start(t);
    const cookie = await signIn(server);
    const stream = await server.stream();
    const { client } = JSON.parse((await stream.event('sse.open')).data) as { client: string };
    const byToken = await lookOn(server, client, BEARER);
    if (how === 'after its time') t.mock.timers.enable({ apis: ['setTimeout'] });
    const signedIn = await lookOn(server, client, cookie);
    await end(server, cookie, t);
    t.mock.timers.reset();
    for (const wire of signedIn) await wire.until((received) => received.endsWith('\r\n0\r\n\r\n'), 'its end');
    const later = await lookOn(server, client, await signIn(server));
    assert.equal((await server.send(`POST /admin/broadcast\n${BEARER}`, 'still')).status, 202);
    for (const [feed, tap] of [byToken, later]) {
      await feed?.until((received) => received.includes('event: broadcast'), 'what happens');
      await tap?.until((received) => received.includes('data: still'), 'what the client is sent');
    }
  });
