import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../support/program.ts';
import { TestServer } from '../support/server.ts';

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
const openFiles = () => readdirSync('/proc/self/fd').length;

test('requests that are sent ahead are answered in their order', async (t) => {
  const server = await TestServer.start(t);
  const paths = ['/', '/livez', '/missing', '/app.js', '/readyz', '/admin/broadcast', '/style.css', '/livez'];
  const wire = server.connect().send(paths.map(get).join(''));
  await wire.until(
    (received) => received.split('HTTP/1.1 ').length === paths.length + 1 && received.endsWith('ok\n'),
    'all answers',
  );
  const statuses = [...wire.received.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status));
  assert.deepEqual(statuses, [200, 200, 404, 200, 200, 405, 200, 200]);
});

test('events that are published ahead are published in their order', async (t) => {
  const server = await TestServer.start(t);
  const stream = await server.stream();
  const post = (data: string) =>
    `POST /admin/broadcast HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${data.length}\r\n\r\n${data}`;
  const data = Array.from({ length: 10 }, (_, index) => String(index));
  server.connect().send(data.map(post).join(''));
  assert.deepEqual(await stream.until('9'), data);
});

test('a client may send no more than some requests ahead', async (t) => {
  const server = await TestServer.start(t);
  const some = server.connect().send(get('/livez').repeat(17));
  await some.until((received) => received.split('ok\n').length === 18, 'all answers');
  const many = server.connect().send(get('/livez').repeat(1000));
  assert((await many.end()).split('ok\n').length < 20);
  assert.equal((await server.send('GET /livez')).status, 200);
});

test('a client that sends ahead and takes nothing opens one file, and none when it has gone', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const root = temporaryFolder();
  writeFileSync(join(root, 'large'), Buffer.alloc(32 * 1024 * 1024));
  const server = await TestServer.start(t, { static: root });
  await server.send('GET /large\nRange: bytes=0-1');
  const before = openFiles();
  const wires = Array.from({ length: 10 }, () => server.connect().send(get('/large').repeat(16)));
  for (const wire of wires) await wire.until((received) => received.length > 0 && wire.socket.pause(), 'the first bytes');
  // Each connection has two ends in this process, and its first answer a file.
  assert(openFiles() <= before + 30, `${openFiles() - before} files`);
  for (const wire of wires) wire.socket.destroy();
  while (openFiles() > before) await new Promise((resolve) => setImmediate(resolve));
});

test('whatever follows on the connection of a stream ends it', async (t) => {
  const server = await TestServer.start(t);
  for (const more of [get('/livez'), 'GET /livez HTTP/1.1\r\nHost: localhost\r\nExpect: more\r\n\r\n']) {
    const wire = server.connect().send(get('/sse'));
    await wire.until((received) => received.includes('sse.open'), 'the stream');
    wire.send(more.repeat(100));
    await wire.end();
    assert.equal(wire.received.split('HTTP/1.1 ').length, 2, 'one answer');
  }
  assert.deepEqual(server.of('refused'), []);
});

test('what is expected of a request that waits for its turn is not looked at before', async (t) => {
  const server = await TestServer.start(t);
  const wire = server
    .connect()
    .send(get('/app.js') + 'GET /livez HTTP/1.1\r\nHost: localhost\r\nExpect: more\r\n\r\n'.repeat(100));
  await wire.end();
  assert(server.of('refused').length <= 1);
});
