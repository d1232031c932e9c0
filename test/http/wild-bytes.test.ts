import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TestServer } from '../support/server.ts';

const latin1 = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const printable = fc.string({ maxLength: 20 });
const method = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'OPTIONS', 'DELETE', 'CONNECT', 'TRACE', 'M-SEARCH') },
  printable,
);
const path = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      '/',
      '/sse',
      '/admin/broadcast',
      '/admin',
      '/livez',
      '/index.html',
      '/app.js',
      '*',
      'http://localhost/',
      '//',
      '/..',
      '/%',
      '/%00',
      '/%ff',
      '/.well-known/',
    ),
  },
  fc.webPath(),
  latin1,
);
const query = fc.oneof(
  fc.constant(''),
  fc.webQueryParameters().map((text) => `?${text}`),
  fc.constantFrom('?lastEventId=', '?since=', '?topic=a', '?data=%', '?filter=%7B', '?roles=,,,&id=%ff'),
  latin1.map((text) => `?${text}`),
);
const value = fc.oneof(
  printable,
  latin1,
  fc.constantFrom(
    'localhost',
    'evil.test',
    'null',
    'http://localhost',
    'text/event-stream',
    '*/*',
    'application/json',
    'application/x-www-form-urlencoded',
    'chunked',
    'gzip',
    '0',
    '-1',
    '5',
    '100-continue',
    'close',
    'keep-alive, Upgrade',
    'bytes=0-',
    'bytes=-1',
    '"x"',
    'Thu, 01 Jan 1970 00:00:00 GMT',
    '{"id":1}',
    'true',
    'x'.repeat(9000),
  ),
);
const name = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.constantFrom(
      'Host',
      'Origin',
      'Referer',
      'Accept',
      'Authorization',
      'Cookie',
      'Last-Event-ID',
      'Content-Type',
      'Content-Length',
      'Content-Encoding',
      'Transfer-Encoding',
      'Expect',
      'Connection',
      'Upgrade',
      'Range',
      'If-None-Match',
      'If-Match',
      'If-Modified-Since',
      'If-Range',
      'X-Event',
      'X-Filter',
      'X-Topics',
      'X-Retry',
      'X-Except',
      'Sec-Fetch-Site',
      '__proto__',
      'constructor',
    ),
  },
  printable,
);
const header = fc.tuple(name, value).map(([name, value]) => `${name}: ${value}`);
const request = fc
  .record({
    method,
    path,
    query,
    version: fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', ''),
    host: fc.boolean(),
    headers: fc.array(header, { maxLength: 6 }),
    end: fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', '\r'),
    body: fc.oneof(
      fc.constant(''),
      printable,
      latin1,
      fc.json({ maxDepth: 2 }),
      fc.constantFrom('{"data":"x"}', '5\r\nhello\r\n0\r\n\r\n', 'data=x'),
    ),
  })
  .map(({ method, path, query, version, host, headers, end, body }) =>
    [`${method} ${path}${query} ${version}`, ...(host ? ['Host: localhost'] : []), ...headers, '', body].join(end),
  );
const bytes = fc.oneof(
  { weight: 12, arbitrary: fc.array(request, { minLength: 1, maxLength: 3 }).map((all) => all.join('')) },
  latin1,
);

test('whatever bytes come, the server answers or closes, reports no failure, and serves the next one', async (t) => {
  const server = await TestServer.start(t);
  const all = fc.sample(bytes, 3000);
  const statuses = new Map<string, number>();
  const AT_ONCE = 50;
  for (let i = 0; i < all.length; i += AT_ONCE) {
    await Promise.all(
      all.slice(i, i + AT_ONCE).map(async (sent) => {
        const wire = server.connect();
        wire.socket.end(Buffer.from(sent, 'latin1'));
        // A stream, and what waits for the rest of a request, stay open: that is an answer as well.
        await wire.until(
          (received) => wire.closed || received.includes('\r\n\r\n') || wire.socket.readyState === 'readOnly',
          'an answer',
        );
        wire.socket.resetAndDestroy();
        for (const [, status = ''] of wire.received.matchAll(/^HTTP\/1\.1 (\d\d\d) /gm))
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }),
    );
    assert.deepEqual(server.of('failed'), [], JSON.stringify(all.slice(i, i + AT_ONCE)));
  }
  assert.equal((await server.send('GET /livez')).status, 200);
  for (const status of ['200', '400']) assert(statuses.has(status), JSON.stringify([...statuses]));
  assert(!statuses.has('500'));
});
