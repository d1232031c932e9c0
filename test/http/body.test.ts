import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestServer } from '../support/server.ts';
import { beginBody, roomOf, startSmall, takeRoom, untilUsed } from './body-room.ts';

const MIB = 1024 * 1024;
const POST = 'POST /admin/broadcast HTTP/1.1\r\nHost: localhost\r\n';
const chunk = (size: number) =>
  Buffer.concat([Buffer.from(`${size.toString(16)}\r\n`), Buffer.alloc(size, 'x'), Buffer.from('\r\n')]);

test('a body of exactly the limit is an event, one byte more is refused', async (t) => {
  const server = await TestServer.start(t);
  const stream = await server.stream();
  const most = 'x'.repeat(MIB);
  assert.equal((await server.broadcast('', most)).status, 202);
  assert.deepEqual(await stream.until(most), [most]);
  const { status, body } = await server.broadcast('', `${most}x`);
  assert.equal(status, 413);
  assert.equal(JSON.parse(body).detail, 'a body has at most 1048576 bytes; see --body-limit');
  assert.equal(server.of('broadcast').length, 1);
});

test('a body that announces too much is refused before it comes', async (t) => {
  const server = await TestServer.start(t, { bodyLimit: 10 });
  for (const length of ['11', '99999999999999999999999', '9007199254740993']) {
    const wire = server.connect().send(`${POST}Content-Length: ${length}\r\n\r\n`);
    const { status } = await wire.answer();
    assert(status === 413 || status === 400, length);
    wire.socket.destroy();
  }
  assert.equal((await server.broadcast('', 'x'.repeat(10))).status, 202);
});

test('a body that announces nothing is refused as soon as it is too long', async (t) => {
  const server = await TestServer.start(t, { bodyLimit: 1000 });
  const wire = server.connect().send(`${POST}Transfer-Encoding: chunked\r\n\r\n`);
  wire.send(chunk(500)).send(chunk(500)).send(chunk(1));
  assert.equal((await wire.answer()).status, 413);
  const small = server.connect().send(`${POST}Transfer-Encoding: chunked\r\n\r\n`);
  small.send(chunk(500)).send(chunk(500)).send('0\r\n\r\n');
  assert.equal((await small.answer()).status, 202);
});

for (const [what, head, pieces] of [
  ['announced', `Content-Length: ${30 * MIB}\r\n\r\n`, Array.from({ length: 30 }, () => Buffer.alloc(MIB, 'x'))],
  [
    'in chunks',
    'Transfer-Encoding: chunked\r\n\r\n',
    [...Array.from({ length: 30 }, () => chunk(MIB)), Buffer.from('0\r\n\r\n')],
  ],
] as const) {
  for (const path of ['/admin/broadcast', '/nothing', '/sse'])
    test(`whoever sends far too much to ${path}, ${what}, can send it all and gets the answer, not a reset`, async (t) => {
      const server = await TestServer.start(t);
      const wire = server.connect().send(`POST ${path} HTTP/1.1\r\nHost: localhost\r\n${head}`);
      for (const piece of pieces) await new Promise<void>((resolve) => wire.socket.write(piece, () => resolve()));
      const { status, headers } = await wire.answer();
      assert.equal(status, path === '/admin/broadcast' ? 413 : 405);
      assert.equal(headers.connection, 'close');
      await wire.end();
      assert.equal(wire.error, undefined);
    });
}

test('fetch reads the answer to far too much as well', async (t) => {
  const server = await TestServer.start(t);
  const answer = await fetch(`${server.url}admin/broadcast`, { method: 'POST', body: new Uint8Array(20 * MIB) });
  assert.equal(answer.status, 413);
  assert.match(await answer.text(), /"code":"too-large"/);
});

test('a body that breaks off publishes nothing', async (t) => {
  const server = await TestServer.start(t);
  const stream = await server.stream();
  for (const [head, part] of [
    ['Content-Length: 100\r\n\r\n', 'half of it'],
    ['Transfer-Encoding: chunked\r\n\r\n', 'a\r\nhalf of it\r\n'],
    ['Transfer-Encoding: chunked\r\n\r\n', 'ff\r\nhalf of it'],
    ['Content-Length: 100\r\nContent-Type: application/json\r\n\r\n', '{"data":"whole"}'],
  ] as const) {
    for (const end of ['end', 'resetAndDestroy'] as const) {
      const wire = server.connect().send(`${POST}${head}${part}`);
      await wire.until(() => wire.socket.bytesWritten > 0, 'the request');
      const refused = server.of('refused').length;
      wire.socket[end]();
      await wire.end();
      while (server.of('refused').length === refused) await new Promise((resolve) => setImmediate(resolve));
    }
  }
  assert.deepEqual(new Set(server.of('refused').map(({ code }) => code)), new Set(['invalid-request']));
  await server.broadcast('', 'next');
  assert.deepEqual(await stream.until('next'), ['next']);
});

test('chunks that are none are refused, and publish nothing', async (t) => {
  const server = await TestServer.start(t);
  for (const body of [
    'zz\r\nhello\r\n0\r\n\r\n',
    '-5\r\nhello\r\n0\r\n\r\n',
    '5\r\nhello!\r\n0\r\n\r\n',
    'fffffffffffffffff\r\nx',
  ]) {
    const { status } = await server.connect().send(`${POST}Transfer-Encoding: chunked\r\n\r\n${body}`).answer();
    assert.equal(status, 400, body);
  }
  assert.deepEqual(server.of('broadcast'), []);
});

test('length and chunks together are refused: two readers could see two requests', async (t) => {
  const server = await TestServer.start(t);
  for (const head of [
    'Content-Length: 5\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked\r\nContent-Length: 5',
    'Transfer-Encoding: identity, chunked, x',
    'Transfer-Encoding: xchunked',
    'Content-Length: 5, 5',
    'Content-Length: +5',
    'Content-Length: 5\r\nContent-Length: 5',
    'Content-Length: 5\r\nContent-Length: 6',
  ]) {
    const wire = server
      .connect()
      .send(`${POST}${head}\r\n\r\n0\r\n\r\nPOST /admin/broadcast HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    assert.equal((await wire.answer()).status, 400, head);
    wire.socket.destroy();
  }
  assert.deepEqual(server.of('broadcast'), []);
});

test('a publisher that goes before its answer does no harm', async (t) => {
  const server = await TestServer.start(t);
  const stream = await server.stream();
  for (let i = 0; i < 20; i++) {
    const wire = server.connect().send(`${POST}Content-Length: 2\r\n\r\nhi`);
    wire.socket.once('connect', () => wire.socket.resetAndDestroy());
    await wire.end();
  }
  await server.broadcast('', 'next');
  await stream.until('next');
});

test('what all bodies take together has a bound', async (t) => {
  const server = await startSmall(t);
  const stream = await server.stream();
  const [first, second] = await takeRoom(server);
  for (const [head, body] of [
    ['POST /admin/broadcast', 'x'],
    ['POST /admin/broadcast\nTransfer-Encoding: chunked', '1\r\nx\r\n0\r\n\r\n'],
    ['POST /admin/filter/check\nContent-Type: application/json', '{}'],
  ] as const) {
    const refused = await server.send(head, body);
    assert.equal(refused.status, 503, head);
    assert.equal(JSON.parse(refused.body).code, 'overloaded');
    assert.equal(refused.headers['retry-after'], '5');
  }
  assert.equal(server.app.totals.refused.overloaded, 3);
  assert.equal((await server.broadcast()).status, 202, 'what has no body needs no room');
  first.socket.destroy();
  await untilUsed(server, 1024);
  assert.equal((await server.broadcast('', 'there is room again')).status, 202);
  second.send('x'.repeat(1023));
  assert.equal((await second.answer()).status, 202, 'who was in before is not put out');
  assert.equal((await roomOf(server)).used, 0);
  assert.deepEqual(await stream.until('x'.repeat(1024)), ['hello', 'there is room again', 'x'.repeat(1024)]);
});

test('large bodies leave room for small ones', async (t) => {
  const server = await TestServer.start(t, {}, { memory: { heap: 32 * MIB, total: 64 * MIB } });
  const wires = Array.from({ length: 3 }, () => beginBody(server, MIB));
  await untilUsed(server, 3 * MIB);
  assert.equal((await server.broadcast('', 'x'.repeat(MIB))).status, 503);
  assert.equal((await server.broadcast('', 'x'.repeat(64 * 1024))).status, 202);
  for (const { socket } of wires) socket.destroy();
  await untilUsed(server, 0);
});

test('a batch counts for what is made of it, which is many times its body', async (t) => {
  const server = await TestServer.start(t, {}, { memory: { heap: MIB, total: MIB } });
  const batch = '{"data":1}\n'.repeat(5000);
  const publish = () => server.broadcast('Content-Type: application/x-ndjson', batch);
  const other = beginBody(server, 1000);
  await untilUsed(server, 1000);
  const refused = await publish();
  assert.equal(refused.status, 503);
  assert.equal(JSON.parse(refused.body).code, 'overloaded');
  assert.equal(server.of('broadcast').length, 0, 'all or none');
  other.socket.destroy();
  await untilUsed(server, 0);
  assert.equal((await publish()).status, 202, 'alone it is always let in');
  assert.equal((await roomOf(server)).used, 0);
});

test('a body that is announced and does not come takes no room', async (t) => {
  const server = await TestServer.start(t);
  const wire = server.connect().send(`${POST}Content-Length: ${MIB}\r\nExpect: 100-continue\r\n\r\n`);
  await wire.until((received) => received.startsWith('HTTP/1.1 100 Continue'), 'leave to send');
  assert.equal((await roomOf(server)).used, 0);
  wire.send('x');
  await untilUsed(server, MIB);
  wire.send('x'.repeat(MIB - 1));
  await wire.until((received) => received.includes('HTTP/1.1 202'), 'the answer');
  assert.equal((await roomOf(server)).used, 0);
});
