import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestServer } from '../support/server.ts';

test('what one reader may read otherwise than another must not stand there twice', async (t) => {
  const server = await TestServer.start(t);
  for (const [name, one, other] of [
    ['Host', 'localhost', 'localhost'],
    ['Host', 'localhost', 'evil.test'],
    ['Authorization', 'Bearer a', 'Bearer b'],
    ['Content-Type', 'text/plain', 'application/json'],
    ['Origin', 'http://localhost', 'http://evil.test'],
  ] as const) {
    for (const path of ['/', '/sse', '/livez', '/admin/broadcast']) {
      const { status, body } = await server.send(`POST ${path}\n${name}: ${one}\n${name.toUpperCase()}: ${other}`);
      assert.equal(status, 400, `${name} ${path}`);
      assert.equal(JSON.parse(body).detail, `the header ${name.toLowerCase()} stands there twice`);
    }
  }
  assert.deepEqual(server.of('broadcast'), []);
});

test('a request without a Host is refused', async (t) => {
  const server = await TestServer.start(t);
  const { status, body } = await server.connect().send('POST /admin/broadcast HTTP/1.1\r\nContent-Length: 1\r\n\r\nx').answer();
  assert.equal(status, 400);
  assert.equal(JSON.parse(body).detail, 'the header host is missing');
  const { status: old } = await server.connect().send('POST /admin/broadcast HTTP/1.0\r\nContent-Length: 1\r\n\r\nx').answer();
  assert.equal(old, 421);
  assert.deepEqual(server.of('broadcast'), []);
});

test('a whole URL as the target is for this very host or for nobody', async (t) => {
  const server = await TestServer.start(t);
  const own = `localhost:${server.port}`;
  for (const [target, status] of [
    [`http://${own}/livez`, 200],
    [`HTTP://LOCALHOST:${server.port}/livez`, 200],
    [`http://${own}/x/../livez`, 200],
    [`http://${own}`, 200],
    ['http://evil.test/livez', 400],
    ['http://localhost/livez', 400],
    [`http://127.0.0.1:${server.port}/livez`, 400],
    [`http://${own}@evil.test/livez`, 400],
    [`http://evil.test#@${own}/livez`, 400],
    ['*', 400],
    ['http://', 400],
  ] as const)
    assert.equal((await server.send(`${target === '*' ? 'OPTIONS' : 'GET'} ${target}`)).status, status, target);
  const { status } = await server.send('GET http://evil.test/livez\nHost: evil.test');
  assert.equal(status, 421, 'one lie about the host is as good as two');
});

test('a tunnel is not opened', async (t) => {
  const server = await TestServer.start(t);
  const wire = server.connect().send('CONNECT localhost:22 HTTP/1.1\r\nHost: localhost:22\r\n\r\n');
  assert.equal(await wire.end(), '');
});

test('an offer to speak another protocol is declined, and the request answered', async (t) => {
  const server = await TestServer.start(t);
  for (const upgrade of ['h2c', 'websocket']) {
    const { status } = await server.send(`GET /livez\nConnection: Upgrade\nUpgrade: ${upgrade}`);
    assert.equal(status, 200);
  }
});

test('no header goes unseen: a hundred lines are read, more are refused', async (t) => {
  const server = await TestServer.start(t);
  const lines = (count: number) => Array.from({ length: count - 1 }, (_, index) => `X-${index}: y`).join('\n');
  assert.equal((await server.send(`GET /livez\n${lines(100)}`)).status, 200);
  const { status, body } = await server.send(`GET /livez\n${lines(101)}`);
  assert.equal(status, 431);
  assert.equal(JSON.parse(body).detail, 'a request has at most 100 header lines');
  // Behind as many lines as Node reads by default, what the guard looks for is seen as well.
  for (const count of [98, 2000]) {
    const answer = await server.send(`POST /admin/broadcast\n${lines(count)}\nX-Forwarded-For: 192.0.2.1`, 'x');
    assert.equal(answer.status, count === 98 ? 403 : 431);
  }
  assert.deepEqual(server.of('broadcast'), []);
});

test('headers of more than 16 KiB are refused, wherever they are long', async (t) => {
  const server = await TestServer.start(t);
  assert.equal((await server.send(`GET /livez\nX: ${'y'.repeat(15_000)}`)).status, 200);
  for (const head of [
    `GET /livez\nX: ${'y'.repeat(17_000)}`,
    `GET /livez\n${'X'.repeat(17_000)}: y`,
    `GET /${'y'.repeat(17_000)}`,
    `GET /livez\nX: ${'y'.repeat(2_000_000)}`,
  ]) {
    const wire = server.connect();
    wire.send(`${head.split('\n')[0]} HTTP/1.1\r\nHost: localhost\r\n${head.split('\n')[1] ?? 'X: y'}\r\n\r\n`);
    const { status, headers } = await wire.answer();
    assert.equal(status, 431);
    assert.equal(headers.connection, 'close');
    wire.socket.destroy();
  }
  assert.deepEqual(new Set(server.of('refused').map(({ code }) => code)), new Set(['too-many-headers']));
});

test('what is no HTTP is answered once and reported once', async (t) => {
  const server = await TestServer.start(t);
  for (const bytes of [
    'hello\r\n\r\n',
    'GET / HTTP/3.0\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'GET / HTTP/1.1\nHost: localhost\nX : y\n\n',
    'GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\0\r\n\r\n',
  ]) {
    const before = server.of('refused').length;
    const wire = server.connect().send(bytes);
    const { status, headers } = await wire.answer();
    assert.equal(status, 400, JSON.stringify(bytes));
    assert.equal(headers.connection, 'close');
    await wire.end();
    assert.equal(wire.received.split('HTTP/1.1 400').length, 2);
    assert.equal(server.of('refused').length, before + 1);
  }
});

test('a Host that is none, a version that is not spoken here, and what cannot be expected are refused, and reported', async (t) => {
  for (const options of [{}, { trustProxy: 'loopback' }]) {
    const server = await TestServer.start(t, options);
    const requests = [
      ['GET /livez HTTP/1.1\r\nHost:\r\n\r\n', 400],
      ['GET /livez HTTP/1.1\r\nHost: a b\r\n\r\n', 400],
      ['GET /livez HTTP/1.1\r\nHost: localhost, localhost\r\n\r\n', 400],
      ['GET /livez HTTP/1.1\r\nHost: user@localhost\r\n\r\n', 400],
      ['GET /livez HTTP/1.1\r\nHost: localhost/x\r\n\r\n', 400],
      ['GET /livez\r\n\r\n', 400],
      ['GET /livez HTTP/0.9\r\nHost: localhost\r\n\r\n', 400],
      ['GET /livez HTTP/2.0\r\nHost: localhost\r\n\r\n', 400],
      ['GET /livez HTTP/1.1\r\nHost: localhost\r\nExpect: the-unexpected\r\n\r\n', 417],
      [`POST /livez HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(30_000)}\r\n`, undefined],
    ] as const;
    for (const [request, expected] of requests) {
      const before = server.of('refused').length;
      const wire = server.connect().send(request);
      await wire.until(() => wire.closed || wire.received.includes('\r\n\r\n'), 'an answer or the end');
      if (expected) {
        const { status, headers } = await wire.answer();
        assert.equal(status, expected, request);
        assert(headers.connection === 'close' || expected === 400, request);
      }
      assert(server.of('refused').length > before, request);
      wire.socket.destroy();
    }
  }
});
