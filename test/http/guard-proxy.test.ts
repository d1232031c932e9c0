import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestServer } from '../support/server.ts';

/** Whether a client's own word counts, and whether admin answers. */
async function trust(server: TestServer): Promise<{ declares: boolean; publishes: boolean }> {
  const stream = await server.stream('?profile=Administrator');
  const { profile } = JSON.parse((await stream.event('sse.open')).data);
  stream.wire.socket.destroy();
  return { declares: profile === 'Administrator', publishes: (await server.broadcast('', 'x')).status === 202 };
}

for (const [sign, head] of [
  ['the header forwarded', 'Forwarded: for=192.0.2.1'],
  ['the header x-forwarded-for', 'X-Forwarded-For: 192.0.2.1'],
  ['the header x-forwarded-for', 'X-Forwarded-For:'],
  ['the header x-forwarded-host', 'x-forwarded-host: public.example'],
  ['the header x-forwarded-proto', 'X-FORWARDED-PROTO: https'],
  ['the header x-forwarded-server', 'X-Forwarded-Server: a'],
  ['the header via', 'Via: 1.1 varnish'],
  ['the header x-real-ip', 'X-Real-IP: 192.0.2.1'],
  ['HTTP/1.0', 'HTTP/1.0'],
  ['a Referer of another host in a same-origin request', 'Sec-Fetch-Site: same-origin\nReferer: http://public.example/'],
  ['a Referer of another host in a same-origin request', 'Referer: http://public.example/page'],
  ['a Referer of another host in a same-origin request', 'Sec-Fetch-Site: same-origin\nReferer: http://localhost:8080/'],
  ['an Origin of another host in a same-origin request', 'Sec-Fetch-Site: same-origin\nOrigin: http://localhost:8080'],
] as const) {
  for (const path of ['/', '/sse', '/livez', '/missing'])
    test(`a first request for ${path} with ${head.replaceAll('\n', ', ')} ends the trust in this machine for good`, async (t) => {
      const server = await TestServer.start(t);
      assert.deepEqual(await trust(server), { declares: true, publishes: true });
      const seen = await server.send(head === 'HTTP/1.0' ? `GET ${path} HTTP/1.0` : `GET ${path}\n${head}`);
      assert.equal(seen.status, 403);
      assert.match(JSON.parse(seen.body).detail, /--trust-proxy/);
      assert.deepEqual(await trust(server), { declares: false, publishes: false });
      await server.send('GET /\nVia: 1.1 another');
      assert.deepEqual(server.of('proxy-seen'), [{ kind: 'proxy-seen', sign }], 'told once');
      assert.equal(server.of('broadcast').length, 1);
      assert.equal((await server.send('GET /livez')).status, 200, 'what needs no trust goes on');
    });
}

test('a request for admin shows a proxy as well, and publishes nothing', async (t) => {
  const server = await TestServer.start(t);
  for (const head of [
    'POST /admin/broadcast\nX-Forwarded-For: 192.0.2.1',
    'POST /admin/broadcast',
    'PUT /admin/broadcast',
    'GET /admin/',
  ])
    assert.equal((await server.send(head, 'x')).status, 403);
  assert.equal(server.of('proxy-seen').length, 1);
  assert.deepEqual(server.of('broadcast'), []);
});

test('a publish over HTTP/1.0 publishes nothing', async (t) => {
  const server = await TestServer.start(t);
  assert.equal((await server.send('POST /admin/broadcast HTTP/1.0', 'x')).status, 403);
  assert.deepEqual(server.of('broadcast'), []);
});

for (const [what, head] of [
  ['a page of another site that links here', 'Referer: http://evil.test/\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate'],
  ['a page of another port of this machine that links here', 'Referer: http://localhost:5173/\nSec-Fetch-Site: same-site'],
  [
    'a page of another origin that may open the stream',
    'Origin: http://localhost:5173\nReferer: http://localhost:5173/\nSec-Fetch-Site: same-site',
  ],
  ['one whose browser says less', 'Origin: http://localhost:5173\nReferer: http://localhost:5173/'],
  ['an address that was typed', 'Sec-Fetch-Site: none'],
  ['its own page', 'Referer: http://localhost/\nSec-Fetch-Site: same-origin\nHost: localhost'],
  ['its own page at another name', 'Referer: http://127.0.0.1:80/x?y\nHost: 127.0.0.1'],
  ['headers that only look like it', 'X-Forwarded: 1\nX-Real: 1\nX-Via: 1'],
] as const) {
  test(`no sign of a proxy: ${what}`, async (t) => {
    const server = await TestServer.start(t);
    assert.equal((await server.send(`HEAD /sse\n${head}`)).status, 200);
    assert.deepEqual(await trust(server), { declares: true, publishes: true });
    assert.deepEqual(server.of('proxy-seen'), []);
  });
}

test('a server that a proxy was announced to takes none of this for a sign', async (t) => {
  const server = await TestServer.start(t, { trustProxy: 'loopback' });
  for (const head of [
    'Forwarded: for=192.0.2.1',
    'Via: 1.1 nginx',
    'X-Real-IP: 192.0.2.1\nX-Forwarded-Proto: https',
    'Referer: http://public.example/',
    'Host: public.example',
  ])
    assert.equal((await server.send(`GET /livez\n${head}`)).status, 200, head);
  assert.equal((await server.send('GET /livez HTTP/1.0')).status, 200);
  assert.deepEqual(server.of('proxy-seen'), []);
});
