import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../support/program.ts';
import { TestServer } from '../support/server.ts';

/** A directory with these files in it. */
function tree(files: Readonly<Record<string, string>>): string {
  const root = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

test('a file is served with what a browser must know of it', async (t) => {
  const server = await TestServer.start(t, {
    static: tree({ 'index.html': '<h1>hi</h1>', 'app.js': 'run()', 'a b/größe.txt': 'ü' }),
  });
  for (const [path, type, text] of [
    ['/', 'text/html; charset=utf-8', '<h1>hi</h1>'],
    ['/index.html?x=1', 'text/html; charset=utf-8', '<h1>hi</h1>'],
    ['/app.js', 'text/javascript; charset=utf-8', 'run()'],
    ['/a%20b/gr%C3%B6%C3%9Fe.txt', 'text/plain; charset=utf-8', 'ü'],
    ['//app.js', 'text/javascript; charset=utf-8', 'run()'],
  ] as const) {
    const { status, headers, body } = await server.send(`GET ${path}`);
    assert.deepEqual([status, headers['content-type'], body], [200, type, text], path);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['cache-control'], 'no-cache');
    assert(headers.etag && headers['last-modified']);
    assert.equal(headers['content-security-policy'], undefined, "the policy of a user's page is the user's");
    const head = await server.send(`HEAD ${path}`);
    assert.deepEqual([head.status, head.headers['content-length'], head.body], [200, String(Buffer.byteLength(text)), '']);
  }
});

test('how long browsers may keep files is told in seconds', async (t) => {
  const server = await TestServer.start(t, { static: tree({ 'a.txt': 'a' }), staticMaxAge: '1d' });
  assert.equal((await server.send('GET /a.txt')).headers['cache-control'], 'public, max-age=86400');
});

test('a part is served to who asks for it, and nothing to who has it', async (t) => {
  const server = await TestServer.start(t, { static: tree({ 'a.txt': '0123456789' }) });
  const { headers } = await server.send('GET /a.txt');
  for (const [head, status, body] of [
    ['Range: bytes=2-4', 206, '234'],
    ['Range: bytes=-2', 206, '89'],
    [`If-None-Match: ${headers.etag}`, 304, ''],
    ['If-None-Match: "other"', 200, '0123456789'],
    [`If-Modified-Since: ${headers['last-modified']}`, 304, ''],
  ] as const) {
    const answer = await server.send(`GET /a.txt\n${head}`);
    assert.deepEqual([answer.status, answer.body], [status, body], head);
  }
});

test('what goes wrong with a file is told without a word about this program', async (t) => {
  const server = await TestServer.start(t, { static: tree({ 'a.txt': '0123456789' }) });
  for (const [head, status] of [
    ['Range: bytes=20-', 416],
    ['If-Match: "other"', 412],
  ] as const) {
    const answer = await server.send(`GET /a.txt\n${head}`);
    assert.equal(answer.status, status);
    assert.doesNotMatch(answer.body, /node_modules|at .*\.js|Error:/, head);
  }
});

test('files are read and nothing else', async (t) => {
  const server = await TestServer.start(t, { static: tree({ 'a.txt': 'a' }) });
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])
    for (const path of ['/a.txt', '/missing', '/']) {
      const { status, headers } = await server.send(`${method} ${path}`);
      assert.deepEqual([status, headers.allow], [405, 'GET, HEAD'], `${method} ${path}`);
    }
});

test('the longest prefix wins, and what it does not have is not looked for elsewhere', async (t) => {
  const root = tree({ 'index.html': 'root', 'docs/index.html': 'hidden', 'docs/only.txt': 'hidden', 'docsx.txt': 'docsx' });
  const docs = tree({ 'index.html': 'docs', 'api/index.html': 'hidden' });
  const api = tree({ 'index.html': 'api' });
  const server = await TestServer.start(t, { static: [root, `/docs=${docs}`, `/docs/api=${api}`] });
  for (const [path, status, body] of [
    ['/', 200, 'root'],
    ['/docs/', 200, 'docs'],
    ['/docs/api/', 200, 'api'],
    ['/docs/only.txt', 404],
    ['/docsx.txt', 200, 'docsx'],
    ['/docs/index.html', 200, 'docs'],
    ['/docs/api/index.html', 200, 'api'],
  ] as const) {
    const answer = await server.send(`GET ${path}`);
    assert.equal(answer.status, status, path);
    if (body !== undefined) assert.equal(answer.body, body, path);
  }
});

test('without a directory for the root, there is nothing there', async (t) => {
  const server = await TestServer.start(t, { static: `/docs=${tree({ 'a.txt': 'a' })}` });
  assert.equal((await server.send('GET /')).status, 404);
  assert.equal((await server.send('GET /a.txt')).status, 404);
  assert.equal((await server.send('GET /docs/a.txt')).status, 200);
});

test("a directory gets the slash that its page's links need, within its prefix, and no listing", async (t) => {
  const docs = tree({ 'index.html': 'docs', 'sub/index.html': 'sub', 'empty/a.txt': 'a', 'evil.test/index.html': 'x' });
  const server = await TestServer.start(t, { static: [`/docs=${docs}`, docs] });
  for (const [path, location] of [
    ['/docs', '/docs/'],
    ['/docs/sub', '/docs/sub/'],
    ['/docs/sub?a=b', '/docs/sub/?a=b'],
    ['/sub', '/sub/'],
    ['//evil.test', '/evil.test/'],
    ['///evil.test', '/evil.test/'],
    ['/%2fevil.test', '/evil.test/'],
    ['/%2f%2fevil.test', '/evil.test/'],
  ] as const) {
    const { status, headers } = await server.send(`GET ${path}`);
    assert.deepEqual([status, headers.location], [301, location], path);
  }
  for (const path of ['/docs/empty/', '/empty/']) assert.equal((await server.send(`GET ${path}`)).status, 404, path);
});

test('the page that ships is served where no directory was named, under a policy of its own', async (t) => {
  const server = await TestServer.start(t);
  const { status, headers } = await server.send('GET /');
  assert.equal(status, 200);
  assert.match(
    headers['content-security-policy'] ?? '',
    /^default-src 'none'; script-src 'self'; style-src 'self';.* frame-ancestors 'none'$/,
  );
  assert.equal(headers['referrer-policy'], 'same-origin');
  assert.equal((await server.send('GET /../package.json')).status, 404);
});

test('links within a directory are followed', async (t) => {
  const root = tree({ 'real/a.txt': 'a', 'real/index.html': 'index' });
  symlinkSync(join(root, 'real'), join(root, 'linked'));
  symlinkSync('a.txt', join(root, 'real/b.txt'));
  const outer = temporaryFolder();
  symlinkSync(root, join(outer, 'root'));
  const server = await TestServer.start(t, { static: join(outer, 'root') });
  for (const [path, body] of [
    ['/linked/a.txt', 'a'],
    ['/linked/', 'index'],
    ['/real/b.txt', 'a'],
  ] as const)
    assert.equal((await server.send(`GET ${path}`)).body, body, path);
});

test("nothing of a directory is served where admin's paths are, in whatever spelling", async (t) => {
  const server = await TestServer.start(t, { trustProxy: 'loopback' });
  for (const path of ['/admin', '/admin/', '/admin/index.html', '/admin/app.js'])
    for (const spelt of [path, `/${path}`, path.replace('a', '%61'), path.replace('admin', 'Admin'), `//${path.slice(1)}`]) {
      const { status, body } = await server.send(`GET ${spelt}`);
      assert.equal(status, 404, spelt);
      assert.doesNotMatch(body, /dashboard/);
    }
  assert.equal((await server.send('GET /app.js')).status, 200);
});
