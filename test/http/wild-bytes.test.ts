import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TestServer } from '../support/server.ts';

/** Text without what would end its line, so that most requests are whole. */
const tame = fc.string({ maxLength: 20 }).map((text) => text.trim());
const bytes = fc.uint8Array({ maxLength: 40 }).map((all) => Buffer.from(all).toString('latin1'));
const mostly = <T>(arbitrary: fc.Arbitrary<T>, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 30, arbitrary }, { weight: 1, arbitrary: other });

const method = mostly(
  fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'OPTIONS', 'DELETE', 'TRACE', 'M-SEARCH'),
  fc.constantFrom('CONNECT', 'get', 'X', ''),
);
const path = mostly(
  fc.oneof(
    fc.constantFrom(
      '/',
      '/sse',
      '/sse',
      '/admin/broadcast',
      '/admin/broadcast',
      '/admin',
      '/livez',
      '/app.js',
      '/%',
      '/%00',
      '/%ff',
      '//',
      '/..',
      '/.well-known/',
    ),
    fc.webPath().map((rest) => `/${rest}`),
  ),
  fc.oneof(fc.constantFrom('*', 'http://localhost/', 'localhost:80'), bytes),
);
/** A method that the path has, for the most part. */
const route = fc.oneof(
  fc.tuple(fc.constantFrom('GET', 'HEAD'), path),
  fc.tuple(fc.constantFrom('POST', 'PUT'), fc.constant('/admin/broadcast')),
  fc.tuple(method, path),
);
const query = mostly(
  fc.oneof(
    fc.constantFrom(
      '',
      '',
      '?lastEventId=x',
      '?since=1h',
      '?topic=a',
      '?data=%',
      '?filter=%7B',
      '?roles=,,,&id=%ff',
      '?event=a&event=b',
    ),
    fc.webQueryParameters().map((text) => `?${text}`),
  ),
  bytes.map((text) => `?${text}`),
);
const value = mostly(
  fc.oneof(
    tame,
    fc.constantFrom(
      'localhost',
      'evil.test',
      'null',
      'http://localhost',
      'text/event-stream',
      '*/*',
      'application/json',
      'application/x-www-form-urlencoded',
      'gzip',
      'close',
      'bytes=0-',
      'bytes=-1,2-',
      '"x"',
      'Thu, 01 Jan 1970 00:00:00 GMT',
      '{"id":1}',
      '{"id":"1"}',
      'profile == "x"',
      'true',
      '1000',
      'x'.repeat(5000),
    ),
  ),
  bytes,
);
const name = mostly(
  fc.constantFrom(
    'Accept',
    'Authorization',
    'Cookie',
    'Last-Event-ID',
    'Content-Type',
    'Content-Encoding',
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
    '__proto__',
    'constructor',
  ),
  fc.oneof(
    tame,
    fc.constantFrom('Origin', 'Referer', 'Sec-Fetch-Site', 'Host', 'Content-Length', 'Transfer-Encoding', 'Expect', 'Via'),
  ),
);
const header = fc.tuple(name, value).map((parts) => parts.join(': '));
const body = fc.oneof(
  fc.constant(''),
  tame,
  fc.json({ maxDepth: 2 }),
  bytes,
  fc.constantFrom('{"data":"x"}', '{"data":"x","filter":{"id":"1"}}', 'data=x', 'data=%ff'),
);
const request = fc
  .record({
    line: fc.tuple(
      fc.tuple(route, query).map(([route, query]) => route.join(' ') + query),
      mostly(fc.constant('HTTP/1.1'), fc.constantFrom('HTTP/1.0', 'HTTP/2.0', '')),
    ),
    host: mostly<string[]>(fc.constant(['Host: localhost']), fc.constantFrom([], ['Host: evil.test'])),
    headers: fc.array(header, { maxLength: 4 }),
    end: mostly(fc.constant('\r\n'), fc.constantFrom('\n', '\r')),
    body,
    length: mostly(fc.constant(undefined), fc.constantFrom(0, 3, 99, 2 ** 40)),
  })
  .map(({ line, host, headers, end, body, length }) =>
    [line.join(' '), ...host, ...headers, `Content-Length: ${length ?? Buffer.byteLength(body, 'latin1')}`, '', body].join(end),
  );
const wild = mostly(
  fc.array(request, { minLength: 1, maxLength: 3 }).map((all) => all.join('')),
  bytes,
);

test('whatever bytes come, the server answers or closes, and reports no failure', async (t) => {
  const statuses = new Map<string, number>();
  // A server of their own for some at a time: after the first sign of a proxy, much of it would be closed to the others.
  for (let round = 0; round < 50; round++) {
    const server = await TestServer.start(t);
    const requests = fc.sample(wild, 50);
    await Promise.all(
      requests.map(async (sent) => {
        const wire = server.connect();
        wire.socket.end(Buffer.from(sent, 'latin1'));
        await wire.until((received) => wire.closed || received.includes('\r\n\r\n'), `an answer to ${JSON.stringify(sent)}`);
        wire.socket.resetAndDestroy();
        for (const [, status = ''] of wire.received.matchAll(/^HTTP\/1\.1 (\d\d\d) /gm))
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }),
    );
    assert.deepEqual(server.of('failed'), [], JSON.stringify(requests));
    assert.equal((await server.send('GET /livez')).status, 200);
  }
  // Deep enough to matter.
  for (const status of ['200', '202', '400', '403', '404', '405', '421'])
    assert(statuses.has(status), `no ${status}: ${JSON.stringify([...statuses])}`);
  assert(!statuses.has('500'));
});
