import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryFolder } from '../support/program.ts';
import { TestServer } from '../support/server.ts';

async function start(t: TestContext): Promise<{ server: TestServer; root: string }> {
  const root = temporaryFolder();
  writeFileSync(join(root, 'a.txt'), '0123456789');
  return { server: await TestServer.start(t, { static: root }), root };
}

test('ranges are served as RFC 9110 has them, to GET alone, and only of the file that was meant', async (t) => {
  const { server } = await start(t);
  const { headers } = await server.send('GET /a.txt');
  for (const [head, status, body, range] of [
    ['Range: bytes=0-0', 206, '0', 'bytes 0-0/10'],
    ['Range: bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['Range: bytes=7-99', 206, '789', 'bytes 7-9/10'],
    ['Range: bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['Range: bytes=-99', 206, '0123456789', 'bytes 0-9/10'],
    ['Range: bytes=-0', 416, undefined, 'bytes */10'],
    ['Range: bytes=2-4,5-6', 206, '23456', 'bytes 2-6/10'],
    [`Range: bytes=2-4\nIf-Range: ${headers.etag}`, 206, '234', 'bytes 2-4/10'],
    [`Range: bytes=2-4\nIf-Range: ${headers['last-modified']}`, 206, '234', 'bytes 2-4/10'],
    // Anything else than what it has is another file: all of it.
    ['Range: bytes=2-4\nIf-Range: "other"', 200, '0123456789', undefined],
    ['Range: bytes=2-4\nIf-Range: Thu, 01 Jan 1970 00:00:00 GMT', 200, '0123456789', undefined],
    // Many parts would be a multipart answer; all of it is allowed instead.
    ['Range: bytes=0-1,8-9', 200, '0123456789', undefined],
    ['Range: lines=1-2', 200, '0123456789', undefined],
    ['Range: bytes=4-2', 416, undefined, 'bytes */10'],
    ['Range: bytes=10-', 416, undefined, 'bytes */10'],
  ] as const) {
    const answer = await server.send(`GET /a.txt\n${head}`);
    assert.deepEqual([answer.status, answer.headers['content-range']], [status, range], head);
    if (body !== undefined) assert.equal(answer.body, body, head);
    assert.equal(answer.headers['x-content-type-options'], 'nosniff', head);
  }
});

test('who has a file hears so without it, by its tag before its time', async (t) => {
  const { server } = await start(t);
  const { headers } = await server.send('GET /a.txt');
  const [tag, time] = [headers.etag, headers['last-modified']];
  for (const [head, status] of [
    [`If-None-Match: ${tag}`, 304],
    [`If-None-Match: "other", ${tag}`, 304],
    ['If-None-Match: *', 304],
    [`If-Modified-Since: ${time}`, 304],
    ['If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT', 200],
    ['If-Modified-Since: whenever', 200],
    [`If-None-Match: "other"\nIf-Modified-Since: ${time}`, 200],
    ['If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT', 412],
    ['If-Match: *', 200],
  ] as const)
    for (const method of ['GET', 'HEAD']) {
      const answer = await server.send(`${method} /a.txt\n${head}`);
      assert.equal(answer.status, status, `${method} ${head}`);
      if (status === 304 || method === 'HEAD') assert.equal(answer.body, '');
      assert.equal(answer.headers['x-content-type-options'], 'nosniff', `${method} ${head}`);
    }
});

test('no answer lets a browser guess what it is, whatever became of the request', async (t) => {
  const { server } = await start(t);
  for (const request of [
    'GET /',
    'GET /none',
    'GET /%',
    'GET /%00',
    'GET /..%2f',
    'POST /a.txt',
    'GET //evil.test',
    'GET /\\evil.test',
  ]) {
    const { headers } = await server.send(request);
    assert.equal(headers['x-content-type-options'], 'nosniff', request);
    assert.equal(headers.location, undefined, request);
  }
});

test('sockets and devices are not there', async (t) => {
  const { server, root } = await start(t);
  const listener = createServer().listen(join(root, 'socket'));
  t.after(() => listener.close());
  symlinkSync('/dev/zero', join(root, 'zero'));
  const paths = ['/socket', '/zero'];
  try {
    execFileSync('mknod', [join(root, 'device'), 'c', '1', '5'], { stdio: 'ignore' });
    paths.push('/device');
  } catch {
    // Only root may make one; what is read of a link to one is the same.
  }
  for (const path of paths) {
    assert(existsSync(join(root, path)));
    for (const head of ['', '\nRange: bytes=0-9']) assert.equal((await server.send(`GET ${path}${head}`)).status, 404, path);
  }
});
