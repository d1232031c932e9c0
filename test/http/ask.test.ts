import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { askApplication } from '../../src/http/ask.ts';
import type { Activity } from '../../src/hub/activity.ts';
import type { Authority, RequestView } from '../../src/identity/authority.ts';

interface Application {
  ask: Authority;
  asked: IncomingMessage[];
  activities: Activity[];
  clock: { time: number };
}

/** An application that answers as a test says. */
async function application(
  t: TestContext,
  answer: (req: IncomingMessage, res: ServerResponse) => void,
  timeout = 20_000,
): Promise<Application> {
  const asked: IncomingMessage[] = [];
  const server = createServer((req, res) => {
    asked.push(req);
    answer(req, res);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const activities: Activity[] = [];
  const clock = { time: 1_700_000_000_000 };
  const { port } = server.address() as AddressInfo;
  const ask = askApplication({
    url: `http://127.0.0.1:${port}/who?from=sse`,
    now: () => clock.time,
    observe: (activity) => void activities.push(activity),
    timeout,
  });
  return { ask, asked, activities, clock };
}

const view = (headers: RequestView['headers'] = {}, query = ''): RequestView => ({
  headers,
  query: new URLSearchParams(query),
  ip: '192.0.2.7',
});
const from = (ip: string, cookie: string): RequestView => ({ ...view({ cookie }), ip });
const json = (value: unknown) => (_req: IncomingMessage, res: ServerResponse) => void res.end(JSON.stringify(value));

test('the application sees the headers and the query, and answers who it is', async (t) => {
  const { ask, asked, clock } = await application(
    t,
    json({
      id: 7,
      login: 'ada',
      profile: 'Administrator',
      roles: ['ops'],
      topics: ['orders/7', 'news/*'],
      expiresIn: 60,
      tenant: 'x',
    }),
  );
  const grant = await ask(
    view({ cookie: 'session=1', authorization: 'Bearer x', host: 'evil.test', connection: 'close' }, 'topic=a&x=1'),
  );
  assert.deepEqual(
    { ...grant?.identity, claims: { ...grant?.identity.claims } },
    {
      authenticated: true,
      id: '7',
      login: 'ada',
      name: '',
      mail: '',
      profile: 'Administrator',
      roles: ['ops'],
      claims: { tenant: 'x', topics: ['orders/7', 'news/*'] },
    },
  );
  assert.deepEqual(grant?.topics, ['orders/7', 'news/*']);
  assert.deepEqual(grant?.subscribes, ['orders/7']);
  assert.equal(grant?.expiresAt, clock.time + 60_000);
  assert.equal(asked[0]?.url, '/who?from=sse&topic=a&x=1');
  const { headers } = asked[0] as IncomingMessage;
  assert.equal(headers.cookie, 'session=1');
  assert.equal(headers.authorization, 'Bearer x');
  assert.equal(headers['x-forwarded-for'], '192.0.2.7');
  assert.match(headers.host ?? '', /^127\.0\.0\.1/);
});

test('what it refuses is refused, in its sense', async (t) => {
  const { ask, activities } = await application(
    t,
    (req, res) => void res.writeHead(Number(req.headers['x-status'])).end('{"id":"7"}'),
  );
  await assert.rejects(ask(view({ 'x-status': '401' })), { code: 'unauthenticated' });
  await assert.rejects(ask(view({ 'x-status': '401', authorization: 'Bearer x' })), { code: 'invalid-credential' });
  await assert.rejects(ask(view({ 'x-status': '403' })), { code: 'forbidden' });
  assert.deepEqual(activities, []);
});

test('whatever is no answer is nobody, for the moment, and told once', async (t) => {
  const answers: ((res: ServerResponse) => void)[] = [
    (res) => res.writeHead(500).end(),
    (res) => res.writeHead(302, { location: '/login' }).end(),
    (res) => res.end('<html>'),
    (res) => res.end('[]'),
    (res) => res.end('{}'),
    (res) => res.end('{"id":{}}'),
    (res) => res.end('{"id":"7","expiresIn":"soon"}'),
    (res) => res.end(`{"id":"7","x":"${'x'.repeat(70_000)}"}`),
    (res) => res.destroy(),
    () => {}, // It hangs.
  ];
  const { ask, activities } = await application(t, (req, res) => answers[Number(req.headers['x-case'])]?.(res), 300);
  for (const index of answers.keys())
    await assert.rejects(ask(view({ 'x-case': String(index) })), { code: 'unverifiable' }, String(index));
  assert.equal(activities.length, 1);
});

test('the same request asks once in a while, and one at a time; a refusal is asked anew', async (t) => {
  let status = 200;
  const { ask, asked, clock } = await application(t, (_req, res) => void res.writeHead(status).end('{"id":"7"}'));
  await Promise.all(Array.from({ length: 5 }, () => ask(view({ cookie: 'a' }))));
  await ask(view({ cookie: 'a', 'last-event-id': 'x-1' }));
  assert.equal(asked.length, 1);
  await ask(view({ cookie: 'b' }));
  assert.equal(asked.length, 2);
  clock.time += 5000;
  status = 401;
  for (let i = 0; i < 2; i++) await assert.rejects(ask(view({ cookie: 'a' })), { code: 'unauthenticated' });
  assert.equal(asked.length, 4);
});

test('a storm of clients does not become one for the application', async (t) => {
  let open = 0;
  let most = 0;
  const { ask } = await application(t, (_req, res) => {
    most = Math.max(most, ++open);
    setImmediate(() => {
      open--;
      res.end('{"id":"7"}');
    });
  });
  const grants = await Promise.all(Array.from({ length: 500 }, (_, i) => ask(view({ cookie: String(i) }))));
  assert.equal(grants.length, 500);
  assert(most <= 64, `${most} at once`);
});

test('whoever asks for very many keeps nobody else waiting', async (t) => {
  const open: ServerResponse[] = [];
  const { ask, asked } = await application(t, (_req, res) => void open.push(res));
  const flood = Array.from({ length: 1500 }, (_, i) => ask(from(`2001:db8::${i.toString(16)}`, String(i))));
  const ended = Promise.allSettled(flood);
  let isAnswered = false;
  const other = ask(from('192.0.2.8', 'other')).finally(() => {
    isAnswered = true;
  });
  let answered = 0;
  while (!isAnswered) {
    await new Promise((resolve) => setImmediate(resolve));
    for (const res of open.splice(0)) {
      answered++;
      res.end('{"id":"7"}');
    }
  }
  assert.equal((await other)?.identity.id, '7');
  assert(answered <= 64 + 64 + 1, `${answered} were answered before`);
  const place = asked.findIndex(({ headers }) => headers.cookie === 'other');
  assert(place <= 65, `asked about as number ${place}`);
  const drain = setInterval(() => {
    for (const res of open.splice(0)) res.end('{"id":"7"}');
  }, 1);
  const refused = (await ended).filter(({ status }) => status === 'rejected');
  clearInterval(drain);
  // What waits is bounded, and the newcomer got the place of one of theirs.
  assert.equal(refused.length, 1500 - 64 - 1000 + 1);
});

test('whoever goes while waiting and is back at once is asked about all the same', async (t) => {
  const open: ServerResponse[] = [];
  const { ask } = await application(t, (_req, res) => void open.push(res));
  const others = Array.from({ length: 64 }, (_, i) => ask(from('192.0.2.1', String(i))));
  let isGone = false;
  const first = ask({ ...from('192.0.2.2', 'page'), isGone: () => isGone });
  isGone = true;
  const second = ask({ ...from('192.0.2.2', 'page'), isGone: () => false });
  while (open.length < 64) await new Promise((resolve) => setImmediate(resolve));
  const drain = setInterval(() => {
    for (const res of open.splice(0)) res.end('{"id":"7"}');
  }, 1);
  assert.equal((await second)?.identity.id, '7');
  await Promise.all([first, ...others]);
  clearInterval(drain);
});
