import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Bodies } from '../../src/http/bodies.ts';
import { EventStream } from '../../src/http/event-stream.ts';
import type { Handler } from '../../src/http/exchange.ts';
import { httpServer } from '../../src/http/server.ts';
import type { Activity } from '../../src/hub/activity.ts';
import { Wire } from '../support/server.ts';

/** The HTTP server alone, its side of one connection, and the other side of it. */
async function connected(t: TestContext, handler: Handler, change: (server: Server) => void = () => {}) {
  const activities: Activity[] = [];
  const server = httpServer({
    handler,
    addressOf: () => '',
    requestIdOf: () => 'r1',
    bodies: new Bodies(() => Infinity),
    observe: (activity) => void activities.push(activity),
    headerLimit: 16 * 1024,
    urlLimit: () => undefined,
  });
  change(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const accepted = once(server, 'connection');
  const wire = new Wire(connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true }));
  t.after(() => wire.socket.destroy());
  const [socket] = (await accepted) as [Socket];
  return { server, socket, wire, activities, closed: once(socket, 'close') };
}

const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n';
const silent: Handler = () => {};
const reading: Handler = (exchange) => exchange.bodies.with(exchange, 1000, () => {}).catch(() => {});

/** A handler that answers when it is told to. */
function waiting(): { readonly handler: Handler; readonly end: () => void } {
  let end = (): void => {};
  const handler: Handler = ({ res }) =>
    new Promise((resolve) => {
      end = () => {
        res.end('done');
        resolve();
      };
    });
  return { handler, end: () => end() };
}

test("Node's limits are set on purpose", async (t) => {
  const { server } = await connected(t, silent);
  const { headersTimeout, requestTimeout, keepAliveTimeout, timeout, maxHeadersCount } = server;
  assert.deepEqual(
    { headersTimeout, requestTimeout, keepAliveTimeout, timeout, maxHeadersCount },
    { headersTimeout: 10_000, requestTimeout: 10_000, keepAliveTimeout: 72_000, timeout: 30_000, maxHeadersCount: 0 },
  );
});

test('slow senders are cut', { concurrency: true, timeout: 5000 }, async (t) => {
  const slow = [
    ['that sends nothing', ''],
    ['that never ends its headers', `${GET}X: y`],
    ['that never ends its body', `${GET}Content-Length: 10\r\n\r\nhalf`],
  ] as const;
  const cut = slow.map(([what, bytes]) =>
    t.test(`one ${what}`, async (t) => {
      const { wire, closed, activities } = await connected(t, reading, (server) => {
        server.headersTimeout = 10;
        server.requestTimeout = 20;
      });
      wire.send(bytes);
      await wire.until((received) => received.startsWith('HTTP/1.1 408 Request Timeout\r\n'), 'the answer');
      // It goes on as slowly as before, and never closes its side.
      const trickle = setInterval(() => wire.send('\r\nX: y'), 50);
      await closed;
      clearInterval(trickle);
      assert.deepEqual(
        activities.map((activity) => activity.kind === 'refused' && activity.code),
        ['timeout'],
      );
    }),
  );
  const kept = t.test('one whose request was no HTTP and that never closes its side', async (t) => {
    const { wire, closed, activities } = await connected(t, silent, (server) => {
      server.requestTimeout = 20;
    });
    wire.send('no HTTP\r\n\r\n');
    assert.equal((await wire.answer()).status, 400);
    wire.send('and more\r\n\r\n');
    await closed;
    assert.equal(activities.length, 1);
  });
  await Promise.all([...cut, kept]);
});

for (const [what, begun, rest] of [
  ['a body', `${GET.replace('GET', 'POST')}Content-Length: 10\r\n\r\nhalf`, ' and half'],
  ['a head', GET, '\r\n'],
] as const)
  test(`what was refused for taking too long is not carried out when the rest of ${what} comes after all`, async (t) => {
    const done: string[] = [];
    const handler: Handler = async (exchange) => {
      await exchange.bodies.with(exchange, 100, (body) => void done.push(body.toString()));
      exchange.res.end('done');
    };
    const { wire, closed } = await connected(t, handler, (server) => {
      server.headersTimeout = 10;
      server.requestTimeout = 20;
    });
    wire.send(begun);
    await wire.until((received) => received.startsWith('HTTP/1.1 408 Request Timeout\r\n'), 'the answer');
    wire.send(rest);
    await closed;
    assert.deepEqual(done, []);
    assert.equal(wire.received.split('HTTP/1.1 ').length, 2, 'one answer');
  });

test('what is being carried out is not answered as refused, though its body never comes', async (t) => {
  const { handler, end } = waiting();
  const { wire, closed } = await connected(t, handler, (server) => {
    server.headersTimeout = 10;
    server.requestTimeout = 20;
  });
  wire.send(`${GET.replace('GET', 'DELETE')}Content-Length: 10\r\n\r\n`);
  await closed;
  end();
  assert.equal(wire.received, '');
});

test('an order that is carried out is answered, whatever stands behind it, and then the connection is closed', async (t) => {
  const { handler, end } = waiting();
  const { server, wire, closed } = await connected(t, handler);
  const noticed = once(server, 'clientError');
  wire.send(`${GET.replace('GET', 'POST')}\r\nno HTTP\r\n\r\n`);
  await noticed;
  end();
  await wire.until((received) => received.endsWith('done'), 'the answer');
  await closed;
  assert.match(wire.received, /^HTTP\/1\.1 200 OK\r\n.*Connection: close\r\n.*done$/s);
  assert.equal(wire.received.split('HTTP/1.1 ').length, 2, 'one answer');
});

test('behind an answer there comes no second one, though the body of its request never does', async (t) => {
  const { wire, closed } = await connected(
    t,
    ({ res }) => void res.end('done'),
    (server) => {
      server.headersTimeout = 10;
      server.requestTimeout = 20;
    },
  );
  wire.send(`${GET.replace('GET', 'DELETE')}Content-Length: 10\r\n\r\nhalf`);
  await wire.until((received) => received.endsWith('done'), 'the answer');
  await closed;
  assert(wire.received.endsWith('done'), wire.received);
});

test('a client that takes nothing of its answer is cut', { timeout: 5000 }, async (t) => {
  const much: Handler = ({ res }) => void res.end(Buffer.alloc(64 * 1024 * 1024));
  const { wire, closed } = await connected(t, much, (server) => {
    server.timeout = 50;
  });
  wire.socket.pause();
  wire.send(`${GET}\r\n`);
  await closed;
});

test('but an event stream has a time of its own: one where nothing happens stays', async (t) => {
  const { socket, wire } = await connected(t, ({ res }) => void new EventStream(res, {}));
  wire.send(`${GET}\r\n`);
  await wire.until((received) => received.endsWith('\r\n\r\n'), 'the headers');
  assert.equal(socket.timeout, 0);
});

test('nothing is written into an answer that is on its way, whatever comes meanwhile', async (t) => {
  const { wire, closed } = await connected(
    t,
    ({ res }) => void res.writeHead(200, { 'content-length': 1000 }).write('half of it'),
  );
  wire.send(`${GET}\r\n`);
  await wire.until((received) => received.endsWith('half of it'), 'the answer');
  wire.send('no HTTP\r\n\r\n');
  await closed;
  assert(wire.received.endsWith('half of it'));
});

test('a handler that throws what it should not is answered 500 without a word, and reported', async (t) => {
  const failure = new Error('a secret');
  const { wire, activities } = await connected(t, () => {
    throw failure;
  });
  const { status, body } = await wire.send(`${GET}\r\n`).answer();
  assert.deepEqual([status, body], [500, '']);
  assert.deepEqual(activities, [{ kind: 'failed', what: 'GET /', requestId: 'r1', error: failure }]);
});

test('nothing of the head that a client sent is kept with its stream', async (t) => {
  let request: unknown;
  const { wire } = await connected(t, ({ req, res }) => {
    new EventStream(res, {});
    request = [req.url, req.headers, req.rawHeaders];
  });
  wire.send(`GET /?${'x'.repeat(10_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await wire.until((received) => received.endsWith('\r\n\r\n'), 'the headers');
  assert.deepEqual(request, ['', {}, []]);
});
