import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestServer } from '../support/server.ts';

const allow = (headers: Readonly<Record<string, string>>) => [
  headers['access-control-allow-origin'],
  headers['access-control-allow-credentials'],
  headers.vary,
];
const named = (origin: string) => [origin, 'true', 'Origin'];
const none = [undefined, undefined, 'Origin'];

for (const [what, options, table] of [
  [
    'for this machine, pages of this machine may',
    {},
    [
      ['http://localhost:5173', named('http://localhost:5173')],
      ['https://app.localhost', named('https://app.localhost')],
      ['http://127.0.0.1:3000', named('http://127.0.0.1:3000')],
      ['http://[::1]:3000', named('http://[::1]:3000')],
      ['http://localhost.evil.test', 403],
      ['http://127.0.0.1.evil.test', 403],
      ['http://evil.test', 403],
      ['null', 403],
      ['', 403],
      ['nonsense', 403],
      ['file://', 403],
    ],
  ],
  [
    'for others, its own pages may and no more',
    { trustProxy: 'loopback' },
    [
      ['http://localhost:5173', 403],
      ['https://app.example.com', 403],
      ['null', 403],
    ],
  ],
  [
    'with an allow-list, those on it may',
    { trustProxy: 'loopback', cors: ['https://app.example.com', 'https://b.example.com:8443'] },
    [
      ['https://app.example.com', named('https://app.example.com')],
      ['https://b.example.com:8443', named('https://b.example.com:8443')],
      ['https://b.example.com', 403],
      ['http://app.example.com', 403],
      ['https://app.example.com.evil.test', 403],
      ['https://app.example.com/', 403],
      ['null', 403],
    ],
  ],
  [
    'with *, all may, without credentials',
    { trustProxy: 'loopback', cors: '*' },
    [
      ['https://evil.test', ['*', undefined, undefined]],
      ['null', ['*', undefined, undefined]],
    ],
  ],
  [
    'with * and a list, those on it with credentials',
    { trustProxy: 'loopback', cors: ['*', 'https://app.example.com'] },
    [
      ['https://app.example.com', named('https://app.example.com')],
      ['https://evil.test', ['*', undefined, undefined]],
    ],
  ],
] as const) {
  test(`the stream of a server ${what}`, async (t) => {
    const server = await TestServer.start(t, options);
    for (const [origin, expected] of table) {
      for (const method of ['HEAD', 'OPTIONS']) {
        const { status, headers } = await server.send(`${method} /sse\nOrigin: ${origin}`);
        if (expected === 403)
          assert.deepEqual([status, ...allow(headers).slice(0, 2)], [403, undefined, undefined], `${method} ${origin}`);
        else assert.deepEqual([status, ...allow(headers)], [method === 'HEAD' ? 200 : 204, ...expected], `${method} ${origin}`);
      }
    }
    const own = `http://localhost:${server.port}`;
    assert.deepEqual(allow((await server.send(`HEAD /sse\nOrigin: ${own}`)).headers), none, 'its own page needs none');
    assert.deepEqual(allow((await server.send('HEAD /sse')).headers), none, 'no page');
    assert.equal(
      (await server.send('HEAD /sse\nHost: localhost:80\nOrigin: http://localhost')).status,
      200,
      'a default port may be left out',
    );
  });
}

test('a preflight is told what may be sent', async (t) => {
  const server = await TestServer.start(t);
  const { status, headers, body } = await server.send(
    'OPTIONS /sse\nOrigin: http://localhost:5173\nAccess-Control-Request-Method: GET\nAccess-Control-Request-Headers: last-event-id',
  );
  assert.equal(status, 204);
  assert.equal(body, '');
  assert.equal(headers['access-control-allow-origin'], 'http://localhost:5173');
  assert.equal(headers['access-control-allow-methods'], 'GET, HEAD');
  assert.equal(headers['access-control-allow-headers'], 'Authorization, Cache-Control, Last-Event-ID');
  assert.equal(headers['access-control-max-age'], '600');
  assert.deepEqual(server.of('opened'), []);
});

test('a page that may open the stream may read why it was refused', async (t) => {
  const server = await TestServer.start(t);
  const { status, headers } = await server.send('GET /sse?topic=\nOrigin: http://localhost:5173');
  assert.deepEqual([status, ...allow(headers)], [400, ...named('http://localhost:5173')]);
});

test('a page that may not is told by name, and reported', async (t) => {
  const server = await TestServer.start(t);
  const { body } = await server.send('GET /sse\nOrigin: http://evil.test');
  assert.match(JSON.parse(body).detail, /"http:\/\/evil\.test".*--cors/);
  assert.deepEqual(
    server.of('refused').map(({ code }) => code),
    ['forbidden'],
  );
  assert.deepEqual(server.of('opened'), []);
});

test('admin and files have no CORS, whoever asks', async (t) => {
  const server = await TestServer.start(t, { cors: '*' });
  for (const head of ['GET /', 'OPTIONS /admin/broadcast', 'POST /admin/broadcast', 'GET /livez']) {
    const { headers } = await server.send(`${head}\nOrigin: http://localhost:5173`);
    assert.deepEqual(
      Object.keys(headers).filter((name) => name.startsWith('access-control')),
      [],
      head,
    );
  }
});
