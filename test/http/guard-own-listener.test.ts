import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { OptionsInput } from '../../src/config/options.ts';
import { temporaryFolder } from '../support/program.ts';
import { TestServer } from '../support/server.ts';
import { tokenFile } from './files.ts';

const TOKEN = 'a-token-of-some-length';

async function exposed(t: TestContext, options: OptionsInput = {}): Promise<{ server: TestServer; admin: { port: number } }> {
  const server = await TestServer.start(t, { trustProxy: 'loopback', ...options });
  return { server, admin: { port: Number(new URL(server.admin).port) } };
}

for (const [what, options, rest] of [
  ['that a proxy stands before', { trustProxy: 'loopback' }, {}],
  ['on a production machine', {}, { production: true }],
  ['that was told so', { adminListen: '0' }, {}],
] as const) {
  test(`a server ${what} has no admin on its public port, whoever asks and however`, async (t) => {
    const server = await TestServer.start(t, { ...options, adminTokenFile: tokenFile(TOKEN) }, rest);
    for (const path of [
      '/admin',
      '/admin/',
      '/admin/broadcast',
      '/admin/broadcast/',
      '/admin//broadcast',
      '/admin/%62roadcast',
      '/Admin/broadcast',
      '//admin/broadcast',
      '/./admin/broadcast',
      '/x/../admin/broadcast',
      '/%61dmin/broadcast',
    ])
      for (const method of ['POST', 'PUT', 'GET', 'OPTIONS', 'DELETE']) {
        const { status } = await server.send(`${method} ${path}\nAuthorization: Bearer ${TOKEN}`, method === 'GET' ? '' : 'x');
        assert(status === 404 || status === 405, `${method} ${path}: ${status}`);
      }
    assert.equal((await server.send(`POST http://localhost:${server.port}/admin/broadcast`, 'x')).status, 404);
    assert.deepEqual(server.of('broadcast'), []);
  });
}

test('on a server that others reach, nobody is believed on its word', async (t) => {
  const { server } = await exposed(t);
  await server.stream('?id=7&profile=Administrator&roles=ops');
  assert.equal(server.of('opened')[0]?.client.profile, '');
  assert.equal(server.of('opened')[0]?.client.id, '');
});

test('the listener of admin publishes, tells its health, has the dashboard, and nothing else', async (t) => {
  const { server, admin } = await exposed(t);
  const stream = await server.stream();
  for (const [head, status] of [
    ['POST /admin/broadcast', 202],
    ['GET /livez', 200],
    ['GET /readyz', 200],
    ['GET /admin/broadcast', 405],
    ['GET /admin', 302],
    ['GET /admin/', 200],
    ['HEAD /admin/', 200],
    ['POST /admin/', 405],
    ['GET /admin/assets/style.css', 200],
    ['GET /admin/assets/admin/app.js', 200],
    ['GET /admin/assets/index.html', 404],
    ['GET /admin/assets/admin/', 404],
    ['GET /admin/index.html', 404],
    ['GET /admin/assets/../broadcast', 404],
    ['GET /app.js', 404],
    ['GET /sse', 404],
    ['GET /', 404],
    ['GET /index.html', 404],
    ['POST /', 404],
  ] as const)
    assert.equal((await server.send(head, '', admin)).status, status, head);
  assert.deepEqual(await stream.until('hello'), ['hello']);
});

test('on the listener of admin, hosts and origins count, and proxies do not', async (t) => {
  const { server, admin } = await exposed(t, { adminHost: ['Admin.Example.com', 'fd00::7', '192.0.2.7'] });
  for (const [headers, status] of [
    ['Host: localhost', 202],
    ['Host: admin.example.com', 202],
    ['Host: ADMIN.example.com:8080', 202],
    ['Host: [fd00::7]:8080', 202],
    ['Host: 192.0.2.7', 202],
    ['Host: admin.example.com\nOrigin: https://admin.example.com\nSec-Fetch-Site: same-origin', 202],
    ['Host: localhost\nX-Forwarded-For: 192.0.2.1\nVia: 1.1 x', 202],
    ['Host: evil.test', 421],
    ['Host: x.admin.example.com', 421],
    ['Host: admin.example.com\nOrigin: https://evil.test', 403],
    ['Host: admin.example.com\nOrigin: https://public.example', 403],
    ['Host: admin.example.com\nSec-Fetch-Site: cross-site', 403],
  ] as const)
    assert.equal((await server.send(`POST /admin/broadcast\n${headers}`, 'x', admin)).status, status, headers);
  assert.deepEqual(server.of('proxy-seen'), []);
});

test('where a token is set, admin needs it', async (t) => {
  const { server, admin } = await exposed(t, { adminTokenFile: tokenFile(TOKEN) });
  for (const [authorization, status, challenge] of [
    [undefined, 401, 'Bearer'],
    [`Bearer ${TOKEN}`, 202, undefined],
    [`bearer  ${TOKEN} `, 202, undefined],
    [`Bearer ${TOKEN}x`, 401, 'Bearer error="invalid_token"'],
    [`Bearer ${TOKEN.slice(1)}`, 401, 'Bearer error="invalid_token"'],
    [`Bearer ${TOKEN.toUpperCase()}`, 401, 'Bearer error="invalid_token"'],
    [`Basic ${TOKEN}`, 401, 'Bearer error="invalid_token"'],
    [TOKEN, 401, 'Bearer error="invalid_token"'],
    ['', 401, 'Bearer error="invalid_token"'],
    ['Bearer', 401, 'Bearer error="invalid_token"'],
  ] as const) {
    const header = authorization === undefined ? '' : `Authorization: ${authorization}`;
    const answer = await server.send(`POST /admin/broadcast\n${header}`, 'x', admin);
    assert.equal(answer.status, status, authorization);
    assert.equal(answer.headers['www-authenticate'], challenge, authorization);
    assert(!answer.body.includes(TOKEN.slice(1)));
  }
  assert.equal((await server.send(`POST /admin/broadcast?token=${TOKEN}\nCookie: sse_token=${TOKEN}`, 'x', admin)).status, 401);
  assert.equal((await server.send('GET /admin/none', '', admin)).status, 401, 'nobody learns what is there');
  assert.equal((await server.send('GET /livez', '', admin)).status, 401);
  assert(!JSON.stringify(server.activities).includes(TOKEN.slice(1)));
});

test('a unix socket is for its owner, and for pages no more than a port is', async (t) => {
  const path = join(temporaryFolder(), 'admin.sock');
  const server = await TestServer.start(t, { trustProxy: 'loopback', adminListen: `unix:${path}` });
  assert.equal(server.admin, `unix:${path}`);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const stream = await server.stream();
  assert.equal((await server.send('POST /admin/broadcast', 'x', { path })).status, 202);
  assert.deepEqual(await stream.until('x'), ['x']);
  assert.equal((await server.send('POST /admin/broadcast\nHost: evil.test', 'x', { path })).status, 421);
  assert.equal((await server.send('POST /admin/broadcast\nOrigin: http://evil.test', 'x', { path })).status, 403);
});
