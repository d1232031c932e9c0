import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { SseError } from '../../src/errors.ts';
import { Guard } from '../../src/http/guard.ts';
import { Sessions } from '../../src/http/sessions.ts';
import { TestServer } from '../support/server.ts';
import { tokenFile } from './files.ts';

test('a server for this machine answers to a name of this machine alone, whatever the path', async (t) => {
  const server = await TestServer.start(t);
  const own = [
    'localhost',
    'LocalHost:80',
    'localhost.',
    'app.localhost:1',
    '127.0.0.1',
    '127.255.0.9:99999',
    '[::1]',
    '[::1]:2015',
    '[::ffff:127.0.0.1]',
  ];
  for (const host of own) assert.equal((await server.send(`GET /livez\nHost: ${host}`)).status, 200, host);
  const others = [
    'evil.test',
    'evil.test:2015',
    'localhost.evil.test',
    'localhost.evil.test:80',
    '127.0.0.1.evil.test',
    'evillocalhost',
    '.localhost',
    '0.0.0.0',
    '[::]',
    '128.0.0.1',
    '127.1',
    '127.0.0.256',
    '2130706433',
    '0x7f000001',
    '[::2]',
    'localhost,evil.test',
    '192.168.0.1',
    'ｌocalhost',
  ];
  // What is no name of a host at all is no request (RFC 9112 §3.2).
  const none = [
    '',
    '::1',
    '[localhost]',
    'localhost:x',
    'localhost:80:80',
    'user@localhost',
    'localhost@evil.test',
    'localhost/',
    'localhost#',
    'localhost?',
    'localhost localhost',
  ];
  for (const host of [...others, ...none]) {
    for (const head of [
      'GET /',
      'GET /sse',
      'GET /livez',
      'GET /readyz',
      'POST /admin/broadcast',
      'GET /admin/',
      'GET /none',
      'OPTIONS /sse',
    ]) {
      const { status, body } = await server.send(`${head}\nHost: ${host}`);
      assert.equal(status, none.includes(host) ? 400 : 421, `${head} ${host}`);
      if (none.includes(host)) continue;
      assert.match(JSON.parse(body).detail, head.includes('/admin/') ? /--admin-host/ : /--trust-proxy/);
    }
  }
  assert.deepEqual(server.of('broadcast'), []);
  assert.deepEqual(server.of('opened'), []);
  assert.deepEqual(server.of('proxy-seen'), []);
});

test('no page of another origin may publish', async (t) => {
  const server = await TestServer.start(t);
  const own = `localhost:${server.port}`;
  for (const [headers, status] of [
    [`Origin: http://${own}`, 202],
    [`Origin: https://${own}`, 202],
    [`Origin: http://${own}\nSec-Fetch-Site: same-origin`, 202],
    ['Sec-Fetch-Site: none', 202],
    ['Origin: http://evil.test', 403],
    ['Origin: http://localhost', 403],
    ['Origin: http://localhost:5173', 403],
    [`Origin: http://127.0.0.1:${server.port}`, 403],
    [`Origin: http://${own}@evil.test`, 403],
    [`Origin: http://${own}.evil.test`, 403],
    ['Origin: null', 403],
    ['Origin:', 403],
    ['Origin: file://', 403],
    ['Sec-Fetch-Site: cross-site', 403],
    ['Sec-Fetch-Site: same-site', 403],
    ['Sec-Fetch-Site: same-origin\nSec-Fetch-Site: cross-site', 403],
    ['Sec-Fetch-Site:', 403],
    [`Origin: http://${own}\nSec-Fetch-Site: cross-site`, 403],
  ] as const) {
    // As a form of a page would: a simple request, which no preflight precedes.
    const answer = await server.send(
      `POST /admin/broadcast\n${headers}\nContent-Type: application/x-www-form-urlencoded`,
      'data=x',
    );
    assert.equal(answer.status, status, headers);
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
  }
  assert.equal(server.of('broadcast').length, 4);
});

test('the checks of admin come in the order of the design', async (t) => {
  const server = await TestServer.start(t, { adminTokenFile: tokenFile('a-token-of-some-length'), bodyLimit: 10 });
  const good = 'Authorization: Bearer a-token-of-some-length';
  const send = (head: string, body: string) =>
    server.send(head, body).then(({ status, body }) => [status, JSON.parse(body).detail]);
  const path = '/admin/broadcast?nonsense';
  const sign = 'X-Forwarded-For: 192.0.2.1';
  const long = 'far too long a body';
  const steps: [what: string, head: string, body: string, status: number, detail: RegExp][] = [
    ['syntax', `POST ${path}\n${good}`, 'short', 400, /unknown field/],
    ['size', `POST ${path}\n${good}`, long, 413, /--body-limit/],
    ['token', `POST ${path}`, long, 401, /token/],
    ['a wrong token', `POST ${path}\nAuthorization: Bearer another-token-of-some`, long, 401, /token/],
    ['method', `PATCH ${path}`, long, 405, /POST, PUT/],
    ['origin', `PATCH ${path}\nOrigin: http://evil.test\n${sign}`, long, 403, /another origin/],
    ['site', `PATCH ${path}\nSec-Fetch-Site: cross-site\n${sign}`, long, 403, /another site/],
    ['host', `PATCH ${path}\nHost: evil.test\nOrigin: http://evil2.test\n${sign}`, long, 421, /--admin-host/],
    [
      'twice',
      `PATCH ${path}\nHost: evil.test\nHost: evil.test\nOrigin: http://evil2.test\n${sign}`,
      long,
      400,
      /host stands there twice/,
    ],
  ];
  for (const [what, head, body, status, detail] of steps) {
    const answer = await send(head, body);
    assert.equal(answer[0], status, what);
    assert.match(answer[1], detail, what);
  }
  assert.deepEqual(server.of('proxy-seen'), [], 'what is refused before is not looked at');
  const [status, detail] = await send(`PATCH ${path}\n${sign}`, long);
  assert.equal(status, 403);
  assert.match(detail, /reverse proxy/);
  assert.deepEqual(server.of('broadcast'), []);
  assert(!JSON.stringify(server.activities).includes('another-token-of-some'));
});

test('before all else comes the peer: this machine, or whoever has the token', () => {
  const sessions = new Sessions(() => 0);
  const guard = new Guard({
    exposed: true,
    adminHosts: ['admin.example.com'],
    adminToken: 'a-token',
    sessions,
    observe: () => {},
  });
  const check = (remoteAddress: string | undefined, headers: Record<string, string>) => {
    try {
      guard.checkAdmin({ socket: { remoteAddress }, headers, httpVersion: '1.1' } as unknown as IncomingMessage, {
        shared: false,
        checkMethod: () => {},
      });
      return 'passed';
    } catch (error) {
      assert(error instanceof SseError);
      return error.code;
    }
  };
  const bearer = { authorization: 'Bearer a-token' };
  for (const peer of ['192.0.2.1', '10.0.0.1', '2001:db8::1', '::ffff:192.0.2.1', '0.0.0.0', '']) {
    assert.equal(check(peer, { host: 'localhost' }), 'forbidden', peer);
    assert.equal(check(peer, { host: 'evil.test', origin: 'http://evil2.test' }), 'forbidden', peer);
    assert.equal(check(peer, { host: 'localhost', authorization: 'Bearer a-tokem' }), 'forbidden', peer);
    assert.equal(check(peer, { host: 'evil.test', ...bearer }), 'misdirected', peer);
    assert.equal(check(peer, { host: 'admin.example.com', ...bearer }), 'passed', peer);
  }
  for (const peer of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1', undefined]) {
    assert.equal(check(peer, { host: 'localhost' }), 'unauthenticated', peer);
    assert.equal(check(peer, { host: 'localhost', authorization: 'Basic x' }), 'invalid-credential', peer);
    assert.equal(check(peer, { host: 'localhost', ...bearer }), 'passed', peer);
  }
});
