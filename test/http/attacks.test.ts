import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { TestServer } from '../support/server.ts';

/** Ways in, out or up that somebody found. Each would work again without the line that stops it. */

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'sse-attack-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('a unix socket takes the place of an abandoned one, never that of a file or of a socket in use', async (t) => {
  const path = join(folder(t), 'admin.sock');
  const options = { adminListen: `unix:${path}` };
  writeFileSync(path, 'precious');
  await assert.rejects(TestServer.start(t, options), { code: 'start-failed' });
  assert.equal(readFileSync(path, 'utf8'), 'precious');
  rmSync(path);

  const other = createServer().listen(path);
  await new Promise((resolve) => other.once('listening', resolve));
  await assert.rejects(TestServer.start(t, options), { code: 'address-in-use' });
  await new Promise((resolve) => other.close(resolve));
});

test('the hash of an empty token is refused at the start, and what is no token is never looked up', async (t) => {
  const users = join(folder(t), 'users.json');
  const empty = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
  writeFileSync(users, JSON.stringify({ users: [{ tokenHash: empty, id: '1', profile: 'Administrator' }] }));
  await assert.rejects(TestServer.start(t, { users }), /hash of an empty token/);

  writeFileSync(users, JSON.stringify({ users: [{ token: 'a-token-of-good-length', id: '1' }] }));
  const server = await TestServer.start(t, { users });
  for (const shown of [
    'Authorization: garbage',
    'Authorization: Bearer',
    'Authorization: Basic eDp5',
    'Cookie: sse_token=',
    'Cookie: sse_token=""',
  ])
    assert.equal((await server.send(`GET /sse\n${shown}`)).status, 401, shown);
});

test('whoever came in by its own word goes when a proxy is seen, and others stay', async (t) => {
  const server = await TestServer.start(t);
  const declared = await server.stream('?profile=Administrator');
  const anonymous = await server.stream();
  assert.equal((await server.send('GET /\nX-Real-IP: 203.0.113.7')).status, 403);
  assert.match((await declared.event('sse.bye')).data, /revoked/);
  await server.app.publish({ data: 'x' }, 'test');
  assert.deepEqual(await anonymous.until('x'), ['x']);
});

test('a body that comes in one-byte chunks is read as any other', async (t) => {
  const server = await TestServer.start(t);
  const stream = await server.stream();
  const data = 'x'.repeat(20_000);
  const chunks = `${[...data].map((byte) => `1\r\n${byte}\r\n`).join('')}0\r\n\r\n`;
  const wire = server.connect();
  wire.send(`POST /admin/broadcast HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`);
  assert.equal((await wire.answer()).status, 202);
  wire.socket.destroy();
  assert.deepEqual(await stream.until(data), [data]);
});

test('the answer to many mistakes is no larger than a page', async (t) => {
  const server = await TestServer.start(t);
  const body = JSON.stringify(Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`wrong${i}`, 1])));
  const answer = await server.send('POST /admin/broadcast\nContent-Type: application/json', body);
  assert.equal(answer.status, 400);
  assert(answer.body.length < 8000, `${answer.body.length} bytes`);
});

test('an origin of another scheme, or with a user in it, is not this one', async (t) => {
  const server = await TestServer.start(t);
  for (const origin of ['chrome-extension://localhost', 'http://evil.test@localhost', `ftp://localhost:${server.port}`])
    assert.equal((await server.broadcast(`Origin: ${origin}\n`, 'x')).status, 403, origin);
});

test('a misspelt header is refused by name, and nothing is sent', async (t) => {
  const server = await TestServer.start(t);
  for (const [name, meant] of [
    ['X-Filtre', 'X-Filter'],
    ['X-Topic', 'X-Topics'],
    ['X-Data', 'the data is the body'],
  ] as const) {
    const answer = await server.broadcast(`${name}: x`, 'hello');
    assert.equal(answer.status, 400);
    assert(answer.body.includes(meant), answer.body);
  }
  for (const other of ['X-Request-Id: 1', 'X-Requested-With: XMLHttpRequest', 'X-B3-TraceId: 1'])
    assert.equal((await server.broadcast(other, 'hello')).status, 202, other);
  assert.equal(server.of('broadcast').length, 3);
});

test('a stream that asks for topics by the name that publishers use is told so', async (t) => {
  const server = await TestServer.start(t);
  const answer = await server.send('GET /sse?topics=prices');
  assert.equal(answer.status, 400);
  assert.match(answer.body, /called 'topic' here/);
});
