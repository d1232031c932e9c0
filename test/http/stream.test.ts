import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestServer } from '../support/server.ts';

const HEADERS = [
  'content-type: text/event-stream; charset=utf-8',
  'cache-control: no-store, no-transform',
  'x-accel-buffering: no',
  'x-content-type-options: nosniff',
  'connection: close',
  'vary: Origin',
];
const pipelined = (...paths: string[]) => paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`).join('');
/** Without what is another at each request. */
const lasting = (lines: readonly string[]) => lines.filter((line) => !/^(date|x-request-id): /i.test(line));

test('a stream has exactly the headers it needs: no length, no encoding, nothing that a proxy would hold it back for', async (t) => {
  const server = await TestServer.start(t);
  const { wire, body } = await server.stream();
  const [line, ...headers] = wire.received.slice(0, wire.received.indexOf('\r\n\r\n')).split('\r\n');
  assert.equal(line, 'HTTP/1.1 200 OK');
  assert.deepEqual(lasting(headers), HEADERS);
  assert.match(
    body,
    /^retry: 2000\nevent: sse\.open\ndata: \{"client":"[0-9a-f]{10}","authenticated":false,"profile":""\}\nid: [0-9a-f]{10}-0\n\n$/,
  );
});

test('every id is of letters, digits and -._~ and far from 128 characters', async (t) => {
  const server = await TestServer.start(t);
  const stream = await server.stream();
  for (let i = 0; i < 20; i++) await server.broadcast('', String(i));
  await stream.until('19');
  for (const { id } of stream.received) assert.match(id ?? '', /^[A-Za-z0-9\-._~]{1,64}$/);
});

test('HEAD answers the same headers and attaches nobody', async (t) => {
  const server = await TestServer.start(t);
  const { status, lines, body } = await server.send('HEAD /sse');
  assert.equal(status, 200);
  assert.deepEqual(lasting(lines), HEADERS);
  assert.equal(body, '');
  assert.deepEqual(server.of('opened'), []);
});

test('other methods are refused with those there are', async (t) => {
  const server = await TestServer.start(t);
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND']) {
    const { status, headers, body } = await server.send(`${method} /sse`);
    assert.deepEqual([status, headers.allow], [405, 'GET, HEAD, OPTIONS'], method);
    assert.match(body, /POST \/admin\/broadcast/);
  }
});

test('a stream is for those who accept one', async (t) => {
  const server = await TestServer.start(t);
  for (const [accept, status] of [
    ['text/event-stream', 200],
    ['Text/Event-Stream', 200],
    ['text/event-stream;charset=utf-8', 200],
    ['text/html, text/event-stream;q=0.1', 200],
    ['text/*', 200],
    ['*/*', 200],
    ['application/json, */*;q=0.5', 200],
    ['', 200],
    ['text/html', 406],
    ['application/json', 406],
    ['application/*', 406],
    ['text/event-streams', 406],
    ['text/event-stream;q=0', 406],
    ['text/event-stream; q=0.000', 406],
    ['*/*;q=0', 406],
    // RFC 9110 §12.5.1: the most specific range decides.
    ['text/event-stream;q=0, */*', 406],
    ['*/*;q=0, text/event-stream', 200],
    ['text/*;q=0, */*', 406],
  ] as const) {
    const answer = await server.send(`HEAD /sse\nAccept: ${accept}`);
    assert.equal(answer.status, status, accept);
  }
  assert.equal((await server.send('HEAD /sse')).status, 200, 'none is any');
});

test('several paths serve the stream, and nothing beside them does', async (t) => {
  const server = await TestServer.start(t, { ssePath: ['/sse', '/api/test/sse'] });
  for (const [path, status] of [
    ['/sse', 200],
    ['/api/test/sse', 200],
    ['/sse?x=1', 200],
    ['/sse/', 404],
    ['/SSE', 404],
    ['/s%73e', 404],
    ['//sse', 404],
    ['/sse/../sse', 404],
  ] as const)
    assert.equal((await server.send(`HEAD ${path}`)).status, status, path);
});

test('what is broadcast goes to every stream, on every path, byte for byte the same', async (t) => {
  const server = await TestServer.start(t);
  const streams = [await server.stream(), await server.stream('?topic=a')];
  const { id } = JSON.parse((await server.broadcast('X-Event: notice', 'one\ntwo')).body);
  for (const stream of streams) {
    await stream.event('notice');
    assert(stream.body.endsWith(`event: notice\ndata: one\ndata: two\nid: ${id}\n\n`));
  }
});

test('nothing may follow on the connection of a stream: what does closes it, and writes nothing into it', async (t) => {
  const server = await TestServer.start(t);
  for (const more of [
    'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'no HTTP at all\r\n\r\n',
    '\0'.repeat(20_000),
  ]) {
    const stream = await server.stream();
    const { body } = stream;
    stream.wire.send(more);
    await stream.wire.end();
    assert.equal(stream.body, body, JSON.stringify(more.slice(0, 20)));
  }
  assert.deepEqual(
    server.of('closed').map(({ reason }) => reason),
    ['left', 'left', 'left', 'left'],
  );
});

test('what was sent behind a request for a stream would never get its turn: the connection is closed', async (t) => {
  const server = await TestServer.start(t);
  for (const path of ['/livez', '/sse']) {
    const wire = server.connect().send(pipelined('/sse', path));
    assert.equal(await wire.end(), '');
  }
  assert.deepEqual(server.of('opened'), []);
});

test('a stream may open on a connection that was used before, and behind an answer that is still to come', async (t) => {
  const server = await TestServer.start(t);
  const wire = server.connect();
  wire.send(pipelined('/livez'));
  await wire.answer();
  wire.send(pipelined('/sse'));
  await wire.until((received) => received.includes('sse.open'), 'the stream');
  const other = server.connect().send(pipelined('/', '/readyz', '/sse'));
  await other.until((received) => /<html.*ready\n.*sse\.open/s.test(received), 'the stream');
});

test('a client that goes while its stream opens leaves nothing behind', async (t) => {
  const server = await TestServer.start(t);
  for (let i = 0; i < 50; i++) {
    const wire = server.connect();
    wire.send('GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n');
    wire.socket.once('connect', () => wire.socket.resetAndDestroy());
    await wire.end();
  }
  const last = await server.stream();
  last.wire.socket.destroy();
  await last.wire.end();
  while (server.app.hub.size > 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(server.of('closed').length, server.of('opened').length);
});
