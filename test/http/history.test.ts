import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { parseDraft } from '../../src/event/draft.ts';
import { temporaryFolder } from '../support/program.ts';
import { TestServer } from '../support/server.ts';

interface Line {
  readonly id: string;
  readonly time: string;
  readonly event: string;
  readonly data: string;
}

const get = (server: TestServer, query = '', headers = '') => server.send(`GET /admin/history${query}\n${headers}`);
const redact = (server: TestServer, query = '') => server.send(`DELETE /admin/history${query}`);

async function list(server: TestServer, query = ''): Promise<{ events: Line[]; next: string | null }> {
  const { status, body } = await get(server, query);
  assert.equal(status, 200, body);
  return JSON.parse(body) as { events: Line[]; next: string | null };
}

async function open({ port }: TestServer): Promise<IncomingMessage> {
  const request = httpGet({ port, host: '127.0.0.1', path: '/admin/history?format=ndjson', headers: { host: 'localhost' } });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

const dataOf = (lines: readonly Line[]) => lines.map(({ data }) => data);
const filter = (source: string) => `?filter=${encodeURIComponent(source)}`;

/** The same for a server that forgets and for one that keeps. */
for (const store of ['memory', 'disk'] as const)
  describe(`the history on ${store}`, () => {
    const start = (t: TestContext, directory = join(temporaryFolder(), 'log')) =>
      TestServer.start(t, store === 'disk' ? { store: directory } : {});

    test('shows the newest few, cut to a length, and one of them whole', async (t) => {
      const server = await start(t);
      for (const data of ['one', 'two', 'a long 🎈', 'four']) await server.app.publish({ data }, 'test');
      const { events, next } = await list(server, '?last=2&clip=8');
      assert.deepEqual(
        events.map(({ data, ...rest }) => [data, (rest as unknown as { size: number }).size]),
        [
          ['a long ', 9],
          ['four', 4],
        ],
      );
      assert.equal(next, null);
      assert.deepEqual(dataOf((await list(server, '?last=100')).events), ['one', 'two', 'a long 🎈', 'four']);
      const whole = await server.send(`GET /admin/history/${events[0]?.id}`);
      assert.deepEqual(JSON.parse(whole.body), { id: events[0]?.id, time: events[0]?.time, event: 'message', data: 'a long 🎈' });
      await redact(server, filter('data == "four"'));
      assert.equal((await server.send(`GET /admin/history/${events[1]?.id}`)).status, 404);
      assert.equal((await server.send('GET /admin/history/x-1')).status, 404);
      for (const query of ['?last=2&limit=1', `?last=2&cursor=${events[0]?.id}`, '?last=0', '?clip=-1'])
        assert.equal((await get(server, query)).status, 400, query);
    });

    test('shows each event as it was published, with its id, its time and its audience', async (t) => {
      const server = await start(t);
      const before = Date.now();
      await server.app.publish({ data: 'plain' }, 'test');
      await server.app.publish(
        { event: 'price', data: 'a\nü\u2028b', retry: 900, filter: { profile: 'x' }, topics: ['t'], except: ['7'] },
        'test',
      );
      await server.app.publish({ data: 1, id: 'mine', ttl: '90m', history: false, supersedes: 'key' }, 'test');
      const { headers } = await get(server);
      assert.equal(headers['content-type'], 'application/json; charset=utf-8');
      const { events, next } = await list(server);
      assert.equal(next, null);
      const rest = events.map(({ id, time, ...others }) => {
        assert.match(id, /^[0-9a-f]{10}-([12]|3\.mine)$/);
        assert(Date.parse(time) >= before && Date.parse(time) <= Date.now());
        return others;
      });
      assert.deepEqual(rest, [
        { event: 'message', data: 'plain' },
        { event: 'price', data: 'a\nü\u2028b', retry: 900, filter: 'profile == "x"', topics: ['t'], except: ['7'] },
        { event: 'message', data: '1', ttl: '90m', history: false, supersedes: 'key' },
      ]);
    });

    test('comes in pages, each with the cursor of the next', async (t) => {
      const server = await start(t);
      for (let i = 1; i <= 7; i++) await server.app.publish({ data: String(i) }, 'test');
      const pages: string[][] = [];
      let next: string | null = null;
      do {
        const page = await list(server, `?limit=3${next === null ? '' : `&cursor=${next}`}`);
        pages.push(dataOf(page.events));
        next = page.next;
      } while (next !== null);
      assert.deepEqual(pages, [['1', '2', '3'], ['4', '5', '6'], ['7']]);
      assert.equal((await list(server, '?limit=7')).next, null, 'no empty page behind the last event');
    });

    test('is NDJSON for who asks for it, the same bytes each time', async (t) => {
      const server = await start(t);
      for (let i = 1; i <= 300; i++) await server.app.publish({ data: `${i}` }, 'test');
      const { headers, body } = await get(server, '', 'Accept: application/x-ndjson');
      assert.equal(headers['content-type'], 'application/x-ndjson');
      const lines = body.split('\n').slice(0, -1);
      assert.equal(lines.length, 300, 'all, where JSON would have a hundred');
      assert.deepEqual(
        lines.map((line) => JSON.parse(line).data),
        Array.from({ length: 300 }, (_, i) => String(i + 1)),
      );
      assert.equal((await get(server, '?format=ndjson')).body, body);
      const limited = (await get(server, '?format=ndjson&limit=2')).body.trim().split('\n');
      const rest = (await get(server, `?format=ndjson&cursor=${JSON.parse(limited[1] ?? '').id}`)).body;
      assert.equal(`${limited.join('\n')}\n${rest}`, body, 'the last id is the cursor');
    });

    test('is selected by a filter over the event, and by time', async (t) => {
      const server = await start(t);
      await server.app.publish({ event: 'price', data: 'eur 9', topics: ['eur'] }, 'test');
      await server.app.publish({ event: 'price', data: 'usd 8', topics: ['usd'] }, 'test');
      await server.app.publish({ event: 'news', data: 'none' }, 'test');
      const select = async (source: string) => dataOf((await list(server, filter(source))).events);
      assert.deepEqual(await select('event == "price"'), ['eur 9', 'usd 8']);
      assert.deepEqual(await select('"usd" in topics || data.startsWith("no")'), ['usd 8', 'none']);
      assert.deepEqual(await select('id.endsWith("-2")'), ['usd 8']);
      assert.deepEqual(await select('time > timestamp("2020-01-01T00:00:00Z") && size(topics) == 0'), ['none']);
      assert.deepEqual(await select('int(data) > 3'), [], 'what cannot be decided does not match');
      assert.equal((await list(server, '?since=earliest&until=2100-01-01')).events.length, 3);
      assert.equal((await list(server, '?since=1h')).events.length, 3);
      assert.equal((await list(server, '?until=1h')).events.length, 0);
      assert.equal((await list(server, '?since=2100-01-01')).events.length, 0);
    });

    test('gives what was deleted to nobody: the sequence stays, and there is no gap', async (t) => {
      const server = await start(t);
      for (const data of ['a', 'secret 1', 'b', 'secret 2', 'c']) await server.app.publish({ data }, 'test');
      const { status, body } = await redact(server, filter('data.startsWith("secret")'));
      assert.deepEqual([status, body], [200, '{"deleted":2}\n']);
      assert.deepEqual(dataOf((await list(server)).events), ['a', 'b', 'c']);
      const stream = await server.stream('?since=earliest');
      assert.deepEqual(await stream.until('c'), ['a', 'b', 'c']);
      assert.equal(stream.received[0]?.event, 'sse.open');
      const { id } = await server.app.publish({ data: 'd' }, 'test');
      assert.match(id, /-6$/, 'no number is given twice');
      const first = (await list(server)).events[0]?.id;
      const back = await server.stream('', `Last-Event-ID: ${first}`);
      assert.deepEqual(await back.until('d'), ['b', 'c', 'd']);
      assert.deepEqual(server.of('gap'), []);
      assert.equal((await redact(server, filter('data.startsWith("secret")'))).body, '{"deleted":0}\n');
    });

    test('lets go of the id and of the key of what was deleted', async (t) => {
      const directory = join(temporaryFolder(), 'log');
      const server = await start(t, directory);
      for (const draft of [
        { data: 'price 0', supersedes: 'price' },
        { data: 'price 1', supersedes: 'price' },
        { data: 'news' },
        { data: 'price 2', id: 'mine', supersedes: 'price' },
        { data: 'end' },
      ])
        await server.app.publish(draft, 'test');
      const before = await server.stream('?since=earliest');
      assert.deepEqual(await before.until('end'), ['news', 'price 2', 'end']);
      assert.equal((await redact(server, filter('data == "price 2"'))).body, '{"deleted":1}\n');
      const after = await server.stream('?since=earliest');
      assert.deepEqual(await after.until('end'), ['price 1', 'news', 'end']);
      const { id } = await server.app.publish({ data: 'again', id: 'mine' }, 'test');
      assert.match(id, /-6\.mine$/);
      await assert.rejects(server.app.publish({ data: 'once more', id: 'mine' }, 'test'), { code: 'conflict' });
      if (store === 'memory') return;
      await server.app.stop();
      const restarted = await start(t, directory);
      const stream = await restarted.stream('?since=earliest');
      assert.deepEqual(await stream.until('again'), ['price 1', 'news', 'end', 'again']);
      await assert.rejects(restarted.app.publish({ data: 'once more', id: 'mine' }, 'test'), { code: 'conflict' });
    });

    test('is deleted as a whole only by who says so', async (t) => {
      const server = await start(t);
      await server.app.publish({ data: 'x' }, 'test');
      for (const query of ['', '?since=earliest', '?all=yes', '?all=true&until=1h', '?limit=1', '?fitler=true'])
        assert.equal((await redact(server, query)).status, 400, query);
      assert.equal((await list(server)).events.length, 1);
      assert.equal((await redact(server, '?all=true')).body, '{"deleted":1}\n');
      assert.deepEqual(await list(server), { events: [], next: null });
    });

    test('has no event whose audience is a function: whom it was for cannot be told', async (t) => {
      const server = await start(t);
      await server.app.publish({ data: 'live only', filter: () => true }, 'test');
      await server.app.publish({ data: 'kept' }, 'test');
      assert.deepEqual(dataOf((await list(server)).events), ['kept']);
    });

    test('names what it does not understand', async (t) => {
      const server = await start(t);
      for (const [query, detail] of [
        ['?sicne=1h', "?sicne: unknown parameter; did you mean 'since'?"],
        ['?since=yesterday', '?since: must be a duration such as 10m, a time such as 2026-11-22T10:00:00Z, or earliest'],
        ['?until=earliest', '?until: must be a duration such as 10m or a time such as 2026-11-22T10:00:00Z'],
        ['?since=1h&since=2h', '?since: is given twice'],
        ['?limit=0', '?limit: must be a whole number from 1 to 10000'],
        ['?format=xml', '?format: is json or ndjson'],
        ['?cursor=zzz-1', '?cursor: is no id of this log; give the next of an earlier answer, or the last id in it'],
        [filter('profile == "x"'), "?filter: unknown name 'profile'; known are id, event, data, topics, time"],
        [filter('data > 5'), '?filter: no such overload: string > int'],
        ['?filter=', '?filter: is empty; leave it out to select every event'],
        [filter(`data == "${'x'.repeat(1024)}"`), '?filter: a filter has at most 1024 bytes; see --filter-limit'],
      ] as const) {
        const { status, body } = await get(server, query);
        assert.equal(status, 400, query);
        assert.equal(JSON.parse(body).detail, detail);
      }
    });
  });

test('who may not publish may not read the history either, nor delete it', async (t) => {
  const server = await TestServer.start(t);
  await server.app.publish({ data: 'x' }, 'test');
  for (const method of ['GET', 'DELETE']) {
    const target = `${method} /admin/history?${method === 'DELETE' ? 'all=true' : ''}`;
    assert.equal((await server.send(`${target}\nOrigin: http://evil.test`)).status, 403);
    assert.equal((await server.send(`${target}\nHost: evil.test`)).status, 421);
  }
  const { status, headers } = await server.send('POST /admin/history', 'x');
  assert.deepEqual([status, headers.allow], [405, 'GET, DELETE']);
  assert.equal((await list(server)).events.length, 1);
});

test('what was deleted stays deleted after a restart, before the ring and in it', async (t) => {
  const directory = join(temporaryFolder(), 'log');
  const first = await TestServer.start(t, { store: directory, historyEvents: 10 });
  for (let i = 1; i <= 50; i++) await first.app.publish({ data: `${i}` }, 'test');
  // A replay from disk, so that its pages are in memory when their events are deleted.
  await (await first.stream('?since=earliest')).until('50');
  assert.equal((await redact(first, filter('data.endsWith("5")'))).body, '{"deleted":5}\n');
  const expected = Array.from({ length: 50 }, (_, i) => String(i + 1)).filter((data) => !data.endsWith('5'));
  assert.deepEqual(await (await first.stream('?since=earliest')).until('50'), expected);
  await first.app.stop();
  const second = await TestServer.start(t, { store: directory, historyEvents: 10 });
  const stream = await second.stream('?since=earliest');
  assert.deepEqual(await stream.until('50'), expected);
  assert.deepEqual(dataOf((await list(second)).events), expected);
  assert.deepEqual(second.of('gap'), []);
});

test('a long history waits for who reads it slowly, in bounded memory', async (t) => {
  const server = await TestServer.start(t, { store: join(temporaryFolder(), 'log'), historyBytes: '1mb' });
  const draft = parseDraft({ data: 'x'.repeat(100_000) });
  await Promise.all(Array.from({ length: 300 }, () => server.app.hub.publish([draft], 'test')));
  const { archive } = server.app.hub;
  let read = 0;
  const { select } = archive;
  t.mock.method(archive, 'select', async function* (this: typeof archive, ...given: Parameters<typeof select>) {
    for await (const entry of select.apply(archive, given)) {
      read++;
      yield entry;
    }
  });
  const response = await open(server);
  // Nobody reads it. As many turns as publishing this much more takes: a server that did not wait would have read on.
  for (let i = 0; i < 100; i++) await server.app.publish({ data: 'more' }, 'test');
  assert(read < 300, `${read} events read for a client that takes none`);
  let size = 0;
  for await (const chunk of response) size += chunk.length;
  assert(size > 300 * 100_000);
  assert.equal(read, 300, 'and none that came meanwhile');
  (await open(server)).destroy();
  assert.equal((await list(server, '?limit=1')).events.length, 1, 'one that leaves is no failure');
});

test('an order to forget that breaks off in the midst of its body was none', async (t) => {
  const server = await TestServer.start(t);
  await server.app.publish({ data: 'kept' }, 'test');
  const head = 'DELETE /admin/history?all=true HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n';
  const received = await server.connect().send(`${head}3\r\nabc\r\nzz\r\n\r\n`).end();
  assert.match(received, /^HTTP\/1\.1 400 /);
  assert.deepEqual(dataOf((await list(server)).events), ['kept']);
});
