import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, Stream, TestServer } from '../support/server.ts';

function assertToldToComeBack({ status, headers, body }: Answer): void {
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'text/event-stream; charset=utf-8');
  const [, retry] = /^retry: (\d+)\n\n$/.exec(body) ?? assert.fail(body);
  assert(Number(retry) >= 5000 && Number(retry) <= 15_000, retry);
}

function assertUnavailable({ status, headers, body }: Answer, code: string): void {
  assert.equal(status, 503);
  const after = Number(headers['retry-after']);
  assert(after >= 5 && after <= 15 && Number.isInteger(after), headers['retry-after']);
  assert.equal(JSON.parse(body).code, code);
}

test('when all places are taken, an EventSource is told to come back, and everything else that there is none', async (t) => {
  const server = await TestServer.start(t, { maxClients: 2 });
  const [first, second] = [await server.stream(), await server.stream()];
  const ends = async (headers: string) => {
    const wire = server.connect().send(`GET /sse HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`);
    await wire.end();
    return wire.answer();
  };
  assertToldToComeBack(await ends('Accept: text/event-stream\r\n'));
  assertToldToComeBack(await ends('Accept: text/html, Text/Event-Stream;q=0.9\r\n'));
  assertUnavailable(await server.send('GET /sse'), 'at-capacity');
  assertUnavailable(await server.send('GET /sse\nAccept: */*'), 'at-capacity');

  assert.equal(server.app.hub.size, 2, 'those who are in stay in');
  assert.deepEqual(
    server.of('refused').map(({ code }) => code),
    Array(4).fill('at-capacity'),
  );
  await server.broadcast('', 'still here');
  await first.until('still here');
  second.wire.socket.destroy();
  await second.wire.end();
  while (server.app.hub.size === 2) await new Promise((resolve) => setImmediate(resolve));
  await server.stream();
});

test('many who come at once get no more places than there are', async (t) => {
  const server = await TestServer.start(t, { maxClients: 5 });
  const wires = Array.from({ length: 30 }, () => server.connect().send('GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n'));
  await Promise.all(wires.map((wire) => wire.until((received) => /sse\.open|at-capacity/.test(received), 'an answer')));
  assert.equal(wires.filter(({ received }) => received.includes('sse.open')).length, 5);
});

test('while the server stops, connections that are still there get the same answers, and nothing is published', async (t) => {
  const server = await TestServer.start(t, { drainTime: '5s' });
  const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`;
  const stream = await server.stream();
  // In the middle of its request when the server begins to stop: what came with a whole one has been read as far as it goes.
  const half = async (begin: string) => {
    const wire = server.connect().send(get('/livez') + begin);
    await wire.until((received) => received.endsWith('ok\n'), 'the first answer');
    wire.received = '';
    return wire;
  };
  const browser = await half('GET /sse HTTP/1.1\r\nHost: localhost\r\n');
  const curl = await half('GET /sse HTTP/1.1\r\nHost: localhost\r\n');
  const probe = await half('GET /readyz HTTP/1.1\r\nHost: localhost\r\n');
  const publisher = await half('POST /admin/broadcast HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n');
  const used = server.connect().send(get('/readyz'));
  assert.equal((await used.answer()).body, 'ready\n');

  const stopped = server.app.stop();
  browser.send('Accept: text/event-stream\r\n\r\n');
  curl.send('\r\n');
  probe.send('\r\n');
  publisher.send('\r\nhello');
  assertToldToComeBack(await browser.end().then(() => browser.answer()));
  assertUnavailable(await curl.answer(), 'stopping');
  const { status, headers, body } = await probe.answer();
  assert.deepEqual([status, headers['retry-after'], body], [503, '5', 'stopping\n']);
  const published = await publisher.answer();
  assert.equal(published.status, 503);
  assert.equal(JSON.parse(published.body).code, 'stopping');

  assert.deepEqual(JSON.parse((await new Stream(stream.wire).event('sse.bye')).data), { reason: 'shutdown' });
  for (const wire of [curl, probe, publisher, used]) wire.socket.destroy();
  await stopped;
  assert.deepEqual(server.of('broadcast'), []);
});

test('a client that was asked never to come back is told so wherever its id stands', async (t) => {
  const server = await TestServer.start(t);
  assert.equal((await server.send('GET /sse\nLast-Event-ID: bye~a-1')).status, 204);
  assert.equal((await server.send('GET /sse?lastEventId=bye~a-1')).status, 204);
});

test('a stream is not opened with a body, behind which its client could go unnoticed', async (t) => {
  const server = await TestServer.start(t);
  for (const head of ['Content-Length: 5', 'Transfer-Encoding: chunked']) {
    const wire = server.connect().send(`GET /sse HTTP/1.1\r\nHost: localhost\r\n${head}\r\n\r\n`);
    assert.equal((await wire.answer()).status, 400, head);
  }
  assert.equal(server.app.hub.size, 0);
});

test('a path that was misspelt is told what it may have meant', async (t) => {
  const server = await TestServer.start(t);
  const { status, body } = await server.send('POST /admin/brodcast', 'x');
  assert.equal(status, 404);
  assert.match(JSON.parse(body).detail, /did you mean '\/admin\/broadcast'\?$/);
});
