import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { SseError } from '../../src/errors.ts';
import { problemOf, STATUS } from '../../src/http/problem.ts';
import { temporaryFolder } from '../support/program.ts';
import { TestServer } from '../support/server.ts';

for (const [path, text] of [
  ['/livez', 'ok\n'],
  ['/readyz', 'ready\n'],
] as const) {
  test(`${path} answers ${JSON.stringify(text)} in plain text, to be kept by nobody`, async (t) => {
    const server = await TestServer.start(t);
    const { status, headers, body } = await server.send(`GET ${path}`);
    assert.deepEqual([status, body], [200, text]);
    assert.equal(headers['content-type'], 'text/plain; charset=utf-8');
    assert.equal(headers['cache-control'], 'no-store');
    const head = await server.send(`HEAD ${path}`);
    assert.deepEqual([head.status, head.headers['content-length'], head.body], [200, String(text.length), '']);
    const post = await server.send(`POST ${path}`, 'x');
    assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD']);
  });
}

test('asked for more, /readyz says how each thing stands that it looks at', async (t) => {
  for (const [options, store] of [
    [{}, 'none'],
    [{ store: join(temporaryFolder(), 'log') }, 'ok'],
  ] as const) {
    const server = await TestServer.start(t, options);
    const { status, body } = await server.send('GET /readyz?verbose');
    assert.deepEqual([status, body], [200, `stopping: no\nlog: ok\nstore: ${store}\ndescriptors: ok\n`]);
  }
  const exposed = await TestServer.start(t, { trustProxy: 'loopback' });
  const admin = { port: Number(new URL(exposed.admin).port) };
  assert.equal(
    (await exposed.send('GET /readyz?verbose', '', admin)).body,
    'stopping: no\nlog: ok\nstore: none\ndescriptors: ok\n',
  );
});

test('a server that stops is not ready, and says so to who is still connected', async (t) => {
  const server = await TestServer.start(t, { drainTime: '2s' });
  const wire = server.connect().send('GET /readyz?verbose HTTP/1.1\r\nHost: localhost\r\n');
  await server.send('GET /livez');
  const stopped = server.app.stop();
  wire.send('\r\n');
  const { status, headers, body } = await wire.answer();
  assert.deepEqual([status, headers['retry-after']], [503, '5']);
  assert.equal(body, 'stopping: yes\nlog: takes no events\nstore: none\ndescriptors: ok\n');
  wire.socket.destroy();
  await stopped;
});

test('an error is a problem as RFC 9457 has them', async (t) => {
  const server = await TestServer.start(t);
  const { status, headers, body } = await server.send('GET /"none\\');
  assert.equal(status, 404);
  assert.equal(headers['content-type'], 'application/problem+json; charset=utf-8');
  assert.equal(headers['cache-control'], 'no-store');
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.equal(Number(headers['content-length']), Buffer.byteLength(body));
  assert.deepEqual(JSON.parse(body), {
    type: 'about:blank',
    title: 'Not Found',
    status: 404,
    detail: 'there is nothing at "/\\"none\\\\"',
    code: 'not-found',
    requestId: headers['x-request-id'],
  });
  const head = await server.send('HEAD /none');
  assert.deepEqual([head.status, head.body], [404, '']);
  assert.deepEqual(
    server.of('refused').map(({ code, method, path, ip }) => [code, method, path, ip]),
    [
      ['not-found', 'GET', '/"none\\', '127.0.0.1'],
      ['not-found', 'HEAD', '/none', '127.0.0.1'],
    ],
  );
});

test('the title of a problem is its status in words, and its issues stand where there are any', () => {
  for (const [code, status] of Object.entries(STATUS)) {
    const problem = problemOf(new SseError(code as keyof typeof STATUS, 'x'), 'r1');
    assert(status >= 400 && problem.status === status && problem.title !== '' && !('errors' in problem), code);
  }
  const issues = [{ pointer: '/data', detail: 'is required' }];
  assert.deepEqual(problemOf(SseError.of('invalid-event', issues), 'r1').errors, issues);
});

test('the admin path without a route is not found, in any spelling, and a route has its methods', async (t) => {
  const server = await TestServer.start(t);
  for (const path of [
    '/admin/none',
    '/admin/index.html',
    '/admin/broadcast/',
    '/admin/constructor',
    '/admin/__proto__',
    '/admin/broadcast/..',
    '/admin/%62roadcast',
  ])
    assert.equal((await server.send(`POST ${path}`, 'x')).status, 404, path);
  for (const method of ['GET', 'HEAD', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'M-SEARCH']) {
    const { status, headers } = await server.send(`${method} /admin/broadcast`);
    assert.deepEqual([status, headers.allow], [405, 'POST, PUT'], method);
  }
  assert.deepEqual(server.of('broadcast'), []);
});
