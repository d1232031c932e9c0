import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseSince } from '../../src/http/since.ts';
import { temporaryFolder } from '../support/program.ts';
import { TestServer } from '../support/server.ts';

/** A server with the events 1 to 3 behind it, and their ids. */
async function withEvents(t: TestContext): Promise<{ server: TestServer; ids: string[] }> {
  const server = await TestServer.start(t);
  const ids: string[] = [];
  for (const data of ['1', '2', '3']) ids.push((await server.app.publish({ data }, 'test')).id);
  return { server, ids };
}

/** What a stream gets of the events from before. */
async function replay(server: TestServer, query: string, headers = ''): Promise<string[]> {
  const stream = await server.stream(query, headers);
  await server.app.publish({ data: 'now' }, 'test');
  const data = await stream.until('now');
  stream.wire.socket.destroy();
  return data.slice(0, data.indexOf('now'));
}

/** What a stream gets that ends by itself, and the id at its end. */
async function poll(server: TestServer, query: string, headers = ''): Promise<{ data: string[]; id: string | undefined }> {
  const stream = await server.stream(query, headers);
  await stream.wire.end();
  const bye = await stream.event('sse.bye');
  assert.equal(bye.data, '{"reason":"complete"}');
  return { data: stream.data, id: bye.id };
}

test('a stream goes on where its client has got to', async (t) => {
  const { server, ids } = await withEvents(t);
  const [one, two] = ids;
  assert.deepEqual(await replay(server, ''), [], 'a new one at the head');
  assert.deepEqual(await replay(server, '', `Last-Event-ID: ${two}`), ['3']);
  assert.deepEqual(await replay(server, `?lastEventId=${one}`), ['2', '3']);
  assert.deepEqual(await replay(server, '?since=earliest'), ['1', '2', '3']);
  assert.deepEqual(await replay(server, '?since=1h'), ['1', '2', '3']);
  assert.deepEqual(await replay(server, '?since=2026-01-01'), ['1', '2', '3']);
  assert.deepEqual(await replay(server, '?since=2999-01-01T00:00:00Z'), []);
});

test('the header wins over ?lastEventId, and that over ?since; an empty one is none', async (t) => {
  const { server, ids } = await withEvents(t);
  const [one, two] = ids;
  assert.deepEqual(await replay(server, `?lastEventId=${one}&since=earliest`, `Last-Event-ID: ${two}`), ['3']);
  assert.deepEqual(await replay(server, `?lastEventId=${two}&since=earliest`), ['3']);
  assert.deepEqual(await replay(server, `?lastEventId=${two}`, 'Last-Event-ID:'), ['3']);
  assert.deepEqual(await replay(server, '?lastEventId=&since=earliest', 'Last-Event-ID: '), ['1', '2', '3']);
  assert.deepEqual(await replay(server, `?lastEventId=${two}&since=nonsense`), ['3'], 'what does not count is not looked at');
});

test('?limit= begins so many events back that are for this client, however far that is', async (t) => {
  for (const store of [undefined, join(temporaryFolder(), 'log')]) {
    // Most of them have left the ring: on disk they are found all the same.
    const server = await TestServer.start(t, { historyEvents: 100, ...(store !== undefined && { store }) });
    for (let i = 1; i <= 600; i++)
      await server.app.publish({ data: String(i), ...(i % 3 === 0 ? {} : { filter: 'id == "somebody else"' }) }, 'test');
    const past = async (query: string) => (await poll(server, `?replay=only&${query}`)).data;
    assert.deepEqual(await past('limit=2'), ['597', '600']);
    assert.deepEqual(await past('since=earliest&limit=3'), ['594', '597', '600']);
    assert.deepEqual(await past('since=2999-01-01&limit=3'), []);
    assert.equal((await past('limit=1000')).length, store === undefined ? 34 : 200);
    if (store !== undefined) assert.equal((await past('limit=150'))[0], '153');
    assert.deepEqual(await replay(server, '?limit=2'), ['597', '600'], 'and then what comes');
  }
});

test('?limit= leaves nothing out after an id', async (t) => {
  const { server, ids } = await withEvents(t);
  assert.deepEqual(await replay(server, '?limit=1', `Last-Event-ID: ${ids[0]}`), ['2', '3']);
});

test('?replay=only ends after the past, with the position to go on from', async (t) => {
  const { server } = await withEvents(t);
  const first = await poll(server, '?replay=only&since=earliest');
  assert.deepEqual(first.data, ['1', '2', '3']);
  assert.deepEqual((await poll(server, '?replay=only&limit=2')).data, ['2', '3']);
  assert.deepEqual((await poll(server, '?replay=only')).data, [], 'without a position the past is over');
  const { id } = await server.app.publish({ data: '4' }, 'test');
  const second = await poll(server, '?replay=only', `Last-Event-ID: ${first.id}`);
  assert.deepEqual(second, { data: ['4'], id });
  assert.equal(server.app.totals.closed.complete, 4);
});

test('what ?limit= and ?replay= cannot be is refused by name', async (t) => {
  const server = await TestServer.start(t);
  for (const query of ['limit=0', 'limit=-1', 'limit=10001', 'limit=ten', 'limit=', 'replay=all', 'replay=']) {
    const { status, body } = await server.send(`GET /sse?${query}`);
    assert.equal(status, 400, query);
    assert.match(body, new RegExp(`"pointer":"\\?${query.split('=')[0]}"`));
  }
});

test('no cursor whatever is answered with anything but 200 and a gap: a browser would give up for good', async (t) => {
  const { server, ids } = await withEvents(t);
  for (const [query, headers, requested] of [
    ['', `Last-Event-ID: ${ids[0]}\nLast-Event-ID: ${ids[1]}`, `${ids[0]}, ${ids[1]}`],
    ['', 'Last-Event-ID: nonsense', 'nonsense'],
    ['', 'Last-Event-ID: 00000000-1', '00000000-1'],
    ['', `Last-Event-ID: ${'x'.repeat(10_000)}`, 'x'.repeat(128)],
    ['?lastEventId=%00%ff%0a', '', '\0\ufffd\n'],
    ['?lastEventId=__proto__', '', '__proto__'],
    [`?lastEventId=${ids[0]}99999999999999999999`, '', `${ids[0]}99999999999999999999`],
  ] as const) {
    const stream = await server.stream(query, headers);
    const gap = JSON.parse((await stream.event('sse.gap')).data);
    assert.equal(gap.requested, requested);
    assert.deepEqual(await stream.until('3'), ['1', '2', '3']);
    stream.wire.socket.destroy();
  }
});

for (const since of [
  '',
  'nonsense',
  '10',
  '10 m',
  '-10m',
  '10M',
  '2026-13-01',
  '2026-01-01T25:00',
  'yesterday',
  '1e3ms',
  '10m,20m',
  'earliest ',
])
  test(`?since=${since} is refused by name`, async (t) => {
    const server = await TestServer.start(t);
    const { status, body } = await server.send(`GET /sse?since=${encodeURIComponent(since)}`);
    assert.equal(status, 400);
    assert.deepEqual(JSON.parse(body).errors, [
      { pointer: '?since', detail: 'must be a duration such as 10m, a time such as 2026-11-22T10:00:00Z, or earliest' },
    ]);
  });

test('a time is read as ISO 8601, in UTC unless it names a zone', () => {
  const now = Date.UTC(2026, 10, 22, 12);
  for (const [text, expected] of [
    ['10m', now - 600_000],
    ['7d', now - 604_800_000],
    ['0', now],
    ['2026-11-22', Date.UTC(2026, 10, 22)],
    ['2026-11-22T10:00', Date.UTC(2026, 10, 22, 10)],
    ['2026-11-22T10:00:00', Date.UTC(2026, 10, 22, 10)],
    ['2026-11-22T10:00:00.5Z', Date.UTC(2026, 10, 22, 10, 0, 0, 500)],
    ['2026-11-22T10:00:00+02:00', Date.UTC(2026, 10, 22, 8)],
    ['2026-11-22T10:00:00 02:00', Date.UTC(2026, 10, 22, 8)],
    ['2026-11-22T10:00:00-02:00', Date.UTC(2026, 10, 22, 12)],
    ['earliest', 'earliest'],
  ] as const)
    assert.equal(parseSince(text, now), expected, text);
});

test('a stream has the topics it asks for, within the rules for topics', async (t) => {
  const server = await TestServer.start(t);
  const stream = await server.stream('?topic=a&topic=b%2Fc&topic=gr%C3%BC%C3%9Fe');
  assert.deepEqual(server.of('opened')[0]?.client.topics, ['a', 'b/c', 'grüße']);
  for (const [topics, data] of [
    ['x', 'not for it'],
    ['b/c', 'one'],
    ['grüße', 'two'],
  ] as const)
    await server.app.publish({ data, topics }, 'test');
  assert.deepEqual(await stream.until('two'), ['one', 'two']);

  const sixtyFour = Array(64).fill('topic=a').join('&');
  assert.equal((await server.send(`HEAD /sse?${sixtyFour}`)).status, 200);
  for (const [query, detail] of [
    ['topic=', 'must not be empty'],
    ['topic=a&topic=', 'must not be empty'],
    ['topic=a%0Ab', 'must not contain control characters or line breaks'],
    ['topic=a%00', 'must not contain control characters or line breaks'],
    [`topic=${'x'.repeat(129)}`, 'has at most 128 characters; see --topic-limit'],
    [`${sixtyFour}&topic=b`, 'at most 64 topics'],
  ] as const) {
    const { status, body } = await server.send(`GET /sse?${query}`);
    assert.equal(status, 400);
    assert.deepEqual(JSON.parse(body).errors, [{ pointer: '?topic', detail }]);
  }
});
