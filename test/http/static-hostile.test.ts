import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { temporaryFolder } from '../support/program.ts';
import { TestServer } from '../support/server.ts';

const SECRET = 'nobody may read this';

/** A directory to serve inside another one, and what must never leave it. */
async function start(t: TestContext): Promise<{ server: TestServer; root: string; outside: string }> {
  const outside = temporaryFolder();
  const root = join(outside, 'public');
  for (const path of ['public/sub', 'public/.git', 'public/.well-known/.x', 'public/sub/.well-known', 'public-other'])
    mkdirSync(join(outside, path), { recursive: true });
  for (const path of [
    'secret.txt',
    'index.html',
    'public-other/secret.txt',
    'public/.env',
    'public/.git/config',
    'public/.well-known/.x/y',
    'public/sub/.well-known/x',
    'public/sub/.htaccess',
  ])
    writeFileSync(join(outside, path), SECRET);
  writeFileSync(join(root, '.well-known/security.txt'), 'Contact: us');
  writeFileSync(join(root, 'index.html'), 'index');
  writeFileSync(join(root, 'sub/a.txt'), 'a');
  writeFileSync(join(root, '%2e%2e'), 'strange but ours');
  return { server: await TestServer.start(t, { static: [root, `/docs=${root}`] }), root, outside };
}

const UP = [
  '..',
  '%2e%2e',
  '%2E.',
  '.%2e',
  '..;',
  '..;x',
  '%2e%2e;',
  '..%00',
  '..%2f',
  '..%5c',
  '..\\',
  '%c0%ae%c0%ae',
  '%uff0e%uff0e',
  '%252e%252e',
  '%25%32%65%25%32%65',
  '...',
  '....',
  '..%09',
  '..%20',
  '..%0d%0a',
  '%ef%bc%8e%ef%bc%8e',
  '.%00.',
  '..#',
  '..?',
];

test('no spelling of the way up leaves the directory', async (t) => {
  const { server } = await start(t);
  const targets = ['secret.txt', 'public/.env'];
  const between = ['/', '//', '%2f', '%5c', '\\', '/./', '%2f%2e%2f', '/%00/', '/;/'];
  for (const up of UP) {
    for (const separator of between) {
      for (const start of ['/', '/sub/', '/docs/', '/docs/sub/', '//', '/docs%2f', '/.well-known/', '/none/']) {
        const path = `${start}${up}${separator}${start.includes('sub') ? `${up}${separator}` : ''}`;
        for (const target of targets) {
          const { status, body } = await server.send(`GET ${path}${target}`);
          assert(!body.includes(SECRET), `${path}${target}`);
          assert([400, 404].includes(status) || body === 'index', `${path}${target}: ${status} ${body}`);
        }
      }
    }
  }
});

test('a host or a directory in the path is a name like others', async (t) => {
  const { server, outside } = await start(t);
  for (const path of [
    '//evil.test/..',
    '//evil.test/../secret.txt',
    '//evil.test/%2e%2e/index.html',
    `/${outside}/secret.txt`,
    `/%2f${encodeURIComponent(outside)}/secret.txt`,
    '/file:///etc/passwd',
    '/C:/secret.txt',
    '/~root/x',
    '/etc/passwd',
    '/proc/self/environ',
    '/dev/zero',
  ]) {
    const { status, headers } = await server.send(`GET ${path}`);
    assert.deepEqual([status, headers.location], [404, undefined], path);
  }
});

test('dotfiles are not there, .well-known aside', async (t) => {
  const { server } = await start(t);
  for (const path of [
    '/.env',
    '/%2eenv',
    '/.git/config',
    '/.git/',
    '/.git',
    '/sub/.htaccess',
    '/sub/.well-known/x',
    '/.well-known/.x/y',
    '/.well-known/../.env',
    '/docs/.env',
    '/.Well-Known/security.txt',
    '/.',
    '/..',
    '/./index.html',
    '/sub/.',
  ])
    assert.equal((await server.send(`GET ${path}`)).status, 404, path);
  assert.equal((await server.send('GET /.well-known/security.txt')).body, 'Contact: us');
  assert.equal((await server.send('GET /docs/%2ewell-known/security.txt')).body, 'Contact: us');
});

test('escapes are read once', async (t) => {
  const { server } = await start(t);
  assert.equal((await server.send('GET /%252e%252e')).body, 'strange but ours');
  assert.equal((await server.send('GET /%2e%2e')).status, 404);
});

test('paths that are none are refused', async (t) => {
  const { server } = await start(t);
  for (const path of ['/%', '/%2', '/%zz', '/%ff', '/%c3', '/%ed%a0%80'])
    assert.equal((await server.send(`GET ${path}`)).status, 400, path);
  for (const path of [
    '/%00',
    '/index.html%00',
    '/index.html%00.txt',
    '/index.html%5c',
    `/${'x'.repeat(5000)}`,
    `/${'x/'.repeat(5000)}`,
    '/index.html/',
    '/index.html/x',
    '/index.html;x',
    '/INDEX.HTML',
  ])
    assert.equal((await server.send(`GET ${path}`)).status, 404, path.slice(0, 40));
});

test('links that lead out are not followed, the index of a directory either', async (t) => {
  const { server, root, outside } = await start(t);
  symlinkSync(join(outside, 'secret.txt'), join(root, 'absolute.txt'));
  symlinkSync('../secret.txt', join(root, 'relative.txt'));
  symlinkSync('..', join(root, 'up'));
  symlinkSync('../public-other', join(root, 'other'));
  symlinkSync('absolute.txt', join(root, 'twice.txt'));
  symlinkSync('circle', join(root, 'circle'));
  symlinkSync('nowhere', join(root, 'dangling'));
  mkdirSync(join(root, 'page'));
  symlinkSync('../../secret.txt', join(root, 'page/index.html'));
  for (const path of [
    'absolute.txt',
    'relative.txt',
    'up/secret.txt',
    'up/',
    'up',
    'other/secret.txt',
    'twice.txt',
    'circle',
    'dangling',
    'page/',
    'page/index.html',
    'page//',
    'page%2f',
    'up/public/index.html/../../secret.txt',
  ])
    for (const prefix of ['/', '/docs/']) {
      const { status, body } = await server.send(`GET ${prefix}${path}`);
      assert.equal(status, 404, prefix + path);
      assert(!body.includes(SECRET));
    }
  assert.equal((await server.send('GET /up/public/index.html')).body, 'index', 'out and in again is in');
});

test('a hard link is a file like others', async (t) => {
  const { server, root } = await start(t);
  linkSync(join(root, 'sub/a.txt'), join(root, 'hard.txt'));
  assert.equal((await server.send('GET /hard.txt')).body, 'a');
});

test('a pipe hangs nobody, as the index of a directory either', async (t) => {
  const { server, root } = await start(t);
  mkdirSync(join(root, 'piped'));
  execFileSync('mkfifo', [join(root, 'pipe'), join(root, 'piped/index.html')]);
  for (const path of ['/pipe', '/piped/', '/docs/pipe', '/docs/piped/', '/piped/index.html']) {
    // More than Node has threads for files.
    const answers = await Promise.all(Array.from({ length: 8 }, () => server.send(`GET ${path}`)));
    for (const { status } of answers) assert.equal(status, 404, path);
  }
  assert.equal((await server.send('GET /')).body, 'index');
});

test('files that come and go while they are read are there or not, and no failure', async (t) => {
  const { server, root } = await start(t);
  for (let i = 0; i < 50; i++) {
    const file = join(root, 'brief.txt');
    writeFileSync(file, 'brief');
    const asked = Promise.all([server.send('GET /brief.txt'), server.send('GET /brief.txt')]);
    await new Promise((resolve) => setImmediate(resolve));
    rmSync(file);
    for (const { status } of await asked) assert([200, 404].includes(status), String(status));
  }
});

test('whatever path is asked for, nothing from outside is answered', async (t) => {
  const { server, root } = await start(t);
  symlinkSync('..', join(root, 'up'));
  const segment = fc.oneof(
    fc.constantFrom(
      ...UP,
      '.',
      '',
      'sub',
      'up',
      'docs',
      'public',
      '.env',
      'secret.txt',
      'index.html',
      '%2f',
      '%5c',
      '%00',
      ';',
      '~',
    ),
    fc.webSegment(),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(segment, { maxLength: 6 }),
      fc.constantFrom('/', '//', '%2f', '\\'),
      async (segments, separator) => {
        const { body } = await server.send(`GET /${segments.join(separator)}`);
        assert(!body.includes(SECRET));
      },
    ),
    { numRuns: Number(process.env.RUNS ?? 600) },
  );
});
