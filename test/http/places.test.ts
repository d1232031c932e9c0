import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Limits } from '../../src/http/limits.ts';
import { networkOf } from '../../src/http/network.ts';
import { Rates } from '../../src/http/rates.ts';
import { temporaryFolder } from '../support/program.ts';
import { samplesOf } from '../support/scrape.ts';
import { TestServer, type Wire } from '../support/server.ts';

const ADDRESS = (ip: string) => `X-Forwarded-For: ${ip}`;

/** Asks for a stream, as a program that is no EventSource: it is told by status. */
function ask(server: TestServer, headers: string): Wire {
  const lines = headers === '' ? '' : `${headers.replaceAll('\n', '\r\n')}\r\n`;
  return server.connect().send(`GET /sse HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n`);
}

/** The numbers that a scraper gets. */
async function scrape(server: TestServer): Promise<ReadonlyMap<string, number>> {
  const { port } = new URL(server.admin);
  return samplesOf((await server.send('GET /metrics', '', { port: Number(port) })).body);
}

const until = async (what: string, condition: () => boolean) => {
  for (const end = performance.now() + 5000; !condition(); ) {
    assert(performance.now() < end, what);
    await new Promise((resolve) => setImmediate(resolve));
  }
};

async function admitted(server: TestServer, headers: string): Promise<boolean> {
  return ask(server, headers)
    .until((received) => (received.includes('sse.open') ? 'in' : received.includes('"status":429') && 'out'), 'an answer')
    .then((answer) => answer === 'in');
}

interface Stats {
  readonly limits: Readonly<Record<string, Readonly<Record<string, number | null>>>>;
  readonly totals: { readonly refused: Readonly<Record<string, number>> };
}
const statsOf = async (server: TestServer): Promise<Stats> => {
  const { port } = new URL(server.admin);
  return JSON.parse((await server.send('GET /admin/stats', '', { port: Number(port) })).body) as Stats;
};

for (const [address, network] of [
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002::', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::ffff:c000:201', '192.0.2.1'],
  ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
  ['', ''],
] as const)
  test(`limits take ${address || 'no address'} for ${network || 'none'}`, () => assert.equal(networkOf(address), network));

test('an address has its places and no more, also of many who come at once, and another one its own', async (t) => {
  const server = await TestServer.start(t, { maxClientsPerAddress: 3, trustProxy: 'loopback' });
  const each = (ip: string, count: number) => Promise.all(Array.from({ length: count }, () => admitted(server, ADDRESS(ip))));
  const answers = await Promise.all([each('192.0.2.1', 200), each('192.0.2.2', 2)]);
  assert.deepEqual(
    answers.map((those) => those.filter(Boolean).length),
    [3, 2],
  );
  const { limits, totals } = await statsOf(server);
  assert.deepEqual(limits.clientsPerAddress, { limit: 3, most: 3 });
  assert.deepEqual(limits.clients, { limit: 10_000, used: 5, opening: 0 });
  assert.equal(totals.refused['address-limit'], 197);
  assert.equal(server.of('closed').length, 0, 'nobody who is in is evicted');
});

test('a /64 of IPv6 is one address', async (t) => {
  const server = await TestServer.start(t, { maxClientsPerAddress: 2, trustProxy: 'loopback' });
  const answers = [];
  for (const ip of ['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8:0:1::1'])
    answers.push(await admitted(server, ADDRESS(ip)));
  assert.deepEqual(answers, [true, true, false, true]);
});

test('only a proxy that is trusted names an address: whoever makes one up left of it has no more places', async (t) => {
  const server = await TestServer.start(t, { maxClientsPerAddress: 1, trustProxy: 'loopback' });
  assert.equal(await admitted(server, ADDRESS('10.0.0.1, 192.0.2.1')), true);
  assert.equal(await admitted(server, ADDRESS('10.0.0.2, 192.0.2.1')), false);
});

test('an EventSource is told to come back in 5 to 15 seconds, and others by 429 and Retry-After', async (t) => {
  const server = await TestServer.start(t, { maxClientsPerAddress: 1, trustProxy: 'loopback' });
  await server.stream('', ADDRESS('192.0.2.1'));
  const { status, body } = await server.send(`GET /sse\n${ADDRESS('192.0.2.1')}\nAccept: text/event-stream`);
  const [, retry] = /^retry: (\d+)\n\n$/.exec(body) ?? assert.fail(body);
  assert(status === 200 && Number(retry) >= 5000 && Number(retry) <= 15_000);
  const other = await server.send(`GET /sse\n${ADDRESS('192.0.2.1')}`);
  assert.equal(other.status, 429);
  assert(Number(other.headers['retry-after']) >= 5 && Number(other.headers['retry-after']) <= 15);
  assert.equal((await scrape(server)).get('sse_refusals_total{code="address-limit"}'), 2);
});

test('clients of this machine have as many places as they like, unless a proxy stands there', () => {
  const values = {
    maxClients: 1,
    maxClientsPerAddress: 5,
    maxClientsPerIdentity: 0,
    connectRate: 0,
    publishRate: 0,
    replayRate: 0,
  };
  const most = (spares: boolean) =>
    ['127.0.0.1', '127.9.9.9', '::1', '192.0.2.1', ''].map((ip) =>
      new Limits(values, { sparesLoopback: spares, capacity: () => Infinity }).placesFor(ip),
    );
  assert.deepEqual(most(true), [0, 0, 0, 5, 0]);
  assert.deepEqual(most(false), [5, 5, 5, 5, 0]);
});

test('a place is free again however its stream ends, also before it was open', { timeout: 5000 }, async (t) => {
  let answer = () => {};
  const authenticate = () =>
    new Promise<undefined>((resolve) => {
      answer = () => resolve(undefined);
    });
  const server = await TestServer.start(t, { maxClients: 1 }, { authenticate });
  const used = async () => (await statsOf(server)).limits.clients;
  const asked = ask(server, '');
  const opening = async () => {
    for (;;) {
      const { opening, used: taken } = (await used()) ?? {};
      if (opening === 1) return taken;
    }
  };
  assert.equal(await opening(), 1);
  assert.equal((await server.send('GET /sse')).status, 503);
  assert.equal((await server.send('OPTIONS /sse')).status, 204);
  asked.socket.destroy();
  await asked.end();
  for (let taken: unknown = 1; taken !== 0; ) taken = (await used())?.used;
  answer();

  const next = ask(server, '');
  await opening();
  answer();
  await next.until((received) => received.includes('sse.open'), 'the stream');
  assert.deepEqual(await used(), { limit: 1, used: 1, opening: 0 });
  for (const cursor of server.app.hub.clients()) cursor.end('kicked');
  assert.deepEqual(await used(), { limit: 1, used: 0, opening: 0 });
});

test('one person has so many streams, anonymous ones are nobody, and a lower limit evicts none', async (t) => {
  const users = join(temporaryFolder(), 'users.json');
  writeFileSync(
    users,
    JSON.stringify({
      users: [
        { token: 'ada-token', id: '1' },
        { token: 'bob-token', id: '2' },
      ],
    }),
  );
  const server = await TestServer.start(t, { users, maxClientsPerIdentity: 2 });
  const [ada, bob] = ['Authorization: Bearer ada-token', 'Authorization: Bearer bob-token'];
  const answers = [];
  for (const who of [ada, ada, ada, bob, '', '', '']) answers.push(await admitted(server, who));
  assert.deepEqual(answers, [true, true, false, true, true, true, true]);
  assert.deepEqual((await statsOf(server)).limits.clientsPerIdentity, { limit: 2, most: 2 });

  const [first] = [...server.app.hub.clients()].filter(({ client }) => client.id === '1');
  first?.end('kicked');
  assert.equal(await admitted(server, ada), true, 'a place of hers is free again');

  server.app.limits.values = { ...server.app.limits.values, maxClientsPerIdentity: 1 };
  assert.equal(await admitted(server, bob), false);
  assert.equal(server.app.hub.size, 6);
  server.app.limits.values = { ...server.app.limits.values, maxClientsPerIdentity: 0 };
  assert.equal(await admitted(server, ada), true);
});

test('an address may ask for so many streams a second, whether it gets them or not', async (t) => {
  const server = await TestServer.start(t, { connectRate: 5, trustProxy: 'loopback' });
  const answers = await Promise.all(Array.from({ length: 20 }, () => admitted(server, ADDRESS('192.0.2.1'))));
  const inside = answers.filter(Boolean).length;
  assert(inside >= 5 && inside < 20, String(inside));
  assert.equal(await admitted(server, ADDRESS('192.0.2.2')), true);
  assert.equal((await statsOf(server)).totals.refused['connect-rate'], 20 - inside);
  await server.send(`HEAD /sse\n${ADDRESS('192.0.2.3')}`);
  assert.equal(server.app.hub.size, inside + 1);
});

test('whoever only asks, or wants tickets, is held to that rate as well', async (t) => {
  const users = join(temporaryFolder(), 'users.json');
  writeFileSync(users, JSON.stringify({ users: [{ id: '7', token: 'of ada' }] }));
  const server = await TestServer.start(t, { connectRate: 5, trustProxy: 'loopback', requireAuth: true, users });
  const status = async (request: string) => (await server.send(`${request}\n${ADDRESS('192.0.2.1')}`)).status;
  const times = async (request: string) => Promise.all(Array.from({ length: 20 }, () => status(request)));
  const asked = await times('HEAD /sse');
  assert(asked.filter((code) => code === 401).length >= 5);
  assert(asked.filter((code) => code === 429).length >= 10, asked.join());
  // A ticket and a stream go together, so neither takes from the other.
  const tickets = await times('POST /sse/ticket');
  assert(tickets.filter((code) => code === 401).length >= 5);
  assert(tickets.filter((code) => code === 429).length >= 10, tickets.join());
  const { status: last, headers } = await server.send(`POST /sse/ticket\n${ADDRESS('192.0.2.1')}`);
  assert.deepEqual([last, headers['retry-after']], [429, '1']);
  assert.equal((await server.send(`POST /sse/ticket\n${ADDRESS('192.0.2.2')}`)).status, 401);
});

test('so many events a second are published, and each of a batch counts', async (t) => {
  const server = await TestServer.start(t, { publishRate: 10 });
  const batch = (events: number) => server.broadcast('Content-Type: application/x-ndjson', '{"data":1}\n'.repeat(events));
  assert.equal((await batch(30)).status, 202, 'more than a second has, when nothing was published before');
  const { status, headers, body } = await server.broadcast('', 'more');
  assert.equal(status, 429);
  assert.equal(JSON.parse(body).code, 'publish-rate');
  // 20 are owed, and one more is wanted.
  assert.equal(headers['retry-after'], '3');
  assert.equal((await server.send('POST /admin/broadcast?dryRun', 'x')).status, 200, 'a trial publishes nothing');
  assert.equal(server.of('broadcast').length, 30);
  await server.app.publish({ data: 'of the operator' }, 'library');
  assert.equal((await scrape(server)).get('sse_refusals_total{code="publish-rate"}'), 1);
});

test('a rate is what it says, for each by itself, and in bounded memory', () => {
  const rates = new Rates(100);
  const taken = (who: string, now: number) => rates.take(who, 1, 10, now) === 0;
  let inside = 0;
  for (let now = 0; now < 10_000; now += 5) if (taken('busy', now)) inside++;
  assert(inside >= 109 && inside <= 110, String(inside));
  assert.equal(taken('other', 10_000), true);
  for (let n = 0; n < 10_000; n++) taken(`stranger ${n}`, 10_000);
  assert.equal(rates.size, 100);
  for (let n = 0; n < 100; n++) taken('busy', 20_000);
  assert.equal(rates.size, 1, 'those who are as new are forgotten');
});

test('the past goes no faster than it may, whatever many want of it, and what is live does not wait', {
  timeout: 20_000,
}, async (t) => {
  const server = await TestServer.start(t, { replayRate: '64kb' });
  const event = 'x'.repeat(8 * 1024);
  for (let n = 0; n < 12; n++) await server.app.publish({ data: `${n} ${event}` }, 'test');
  const live = await server.stream();
  const begun = performance.now();
  const back = await Promise.all([server.stream('?since=earliest'), server.stream('?since=earliest')]);
  await until('somebody waits', () => server.app.hub.held > 0 || back.every((stream) => stream.data.length === 12));
  assert.equal((await statsOf(server)).limits.replayRate?.limit, 64 * 1024);
  await server.app.publish({ data: 'now' }, 'test');
  await live.until('now');
  const meanwhile = performance.now() - begun;
  for (const stream of back) assert.equal((await stream.until('now')).length, 13);
  const took = performance.now() - begun;
  // The first chunks go at once; the second client's are owed until the first one's are paid for.
  assert(meanwhile < 400 && took > 400, `${meanwhile} ${took}`);
  assert(((await scrape(server)).get('sse_replay_waits_total') ?? 0) > 0);
});
