import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from '../../src/event/identity.ts';
import { TestServer } from '../support/server.ts';

const JSON_TYPE = 'Content-Type: application/json';
const FORM = 'Content-Type: application/x-www-form-urlencoded';

/** Each form of design §6: what is sent, and the bytes of the frame without its id. */
for (const [what, head, body, frame] of [
  ['no body is the default event', '', '', 'event: greeting\ndata: hello\n'],
  ['no body, and a type beside it', 'X-Event: other', '', 'event: other\ndata: hello\n'],
  ['no body, and JSON announced', JSON_TYPE, '', 'event: greeting\ndata: hello\n'],
  ['a raw body is the data', '', 'hello', 'data: hello\n'],
  ['a raw body of any type', 'Content-Type: text/html; charset=UTF-8', '<p>ü</p>', 'data: <p>ü</p>\n'],
  ['a raw body keeps its lines', '', 'a\r\nb\n', 'data: a\ndata: b\ndata: \n'],
  ['a raw body keeps its byte order mark', '', '\ufeffa', 'data: \ufeffa\n'],
  ['curl -d hello: a form without data is raw', FORM, 'hello', 'data: hello\n'],
  ['curl -d a=b: a form without data is raw', FORM, 'a=b&c=%20%zz', 'data: a=b&c=%20%zz\n'],
  ['a form with data', FORM, 'data=a+b%0Ac%C3%BC&event=notice&retry=700', 'event: notice\nretry: 700\ndata: a b\ndata: cü\n'],
  ['a form with a sign that is no escape', FORM, 'data=100%', 'data: 100%\n'],
  ['a form with empty data', FORM, 'data=', 'data: \n'],
  ['JSON: a string is sent as it is', JSON_TYPE, '{"data":"a\\nb"}', 'data: a\ndata: b\n'],
  ['JSON: other data is its JSON text', JSON_TYPE, '{"event":"price","data":{"eur":9.5}}', 'event: price\ndata: {"eur":9.5}\n'],
  ['JSON: null is data', 'Content-Type: application/vnd.mine+json', '{"data":null}', 'data: null\n'],
  [
    'JSON with a byte order mark',
    'Content-Type: Application/JSON;charset="utf-8"',
    '\ufeff{"data":"x","retry":500}',
    'retry: 500\ndata: x\n',
  ],
  ['JSON that was not announced is raw', 'Content-Type: text/plain', '{"data":"x"}', 'data: {"data":"x"}\n'],
  ['headers', 'X-Event: notice\nX-Retry: 900', 'x', 'event: notice\nretry: 900\ndata: x\n'],
  ['headers are UTF-8', 'X-Event: größe 🚀', 'x', 'event: größe 🚀\ndata: x\n'],
  ['headers beside JSON', `${JSON_TYPE}\nX-Event: notice`, '{"data":"x"}', 'event: notice\ndata: x\n'],
] as const) {
  test(`${what}`, async (t) => {
    const server = await TestServer.start(t, { event: 'greeting' });
    const stream = await server.stream();
    const { length } = stream.body;
    const { status, headers, body: answer } = await server.broadcast(head, body);
    assert.equal(status, 202);
    assert.equal(headers['content-type'], 'application/json; charset=utf-8');
    assert.match(answer, /^\{"id":"[0-9a-f]{10}-1","matched":1,"durability":"memory"\}\n$/);
    const expected = `${frame}id: ${JSON.parse(answer).id}\n\n`;
    await stream.wire.until(() => stream.body.length >= length + Buffer.byteLength(expected), 'the frame');
    assert.equal(Buffer.from(stream.body.slice(length), 'latin1').toString('utf8'), expected);
    assert.deepEqual(
      server.of('broadcast').map(({ source }) => source),
      ['http'],
    );
  });
}

test('PUT does what POST does, and everything may stand in the query', async (t) => {
  const server = await TestServer.start(t);
  const stream = await server.stream();
  await server.send('PUT /admin/broadcast?event=notice&retry=800', 'put');
  await server.send('POST /admin/broadcast?event=notice&data=gr%C3%BC%C3%9Fe+%26+more&retry=900');
  await server.send('POST /admin/broadcast?data=');
  await server.send(`POST http://localhost:${server.port}/admin/broadcast?data=absolute`);
  assert.deepEqual(await stream.until('absolute'), ['put', 'grüße & more', '', 'absolute']);
  assert.deepEqual(stream.retries, [2000, 800, 900]);
});

const people = {
  admin: '?id=1&profile=Administrator&roles=ops&name=J%C3%BCrgen&topic=a',
  member: '?id=2&profile=Member&topic=b',
  other: '?id=3&topic=a,b&topic=c',
} as const;

for (const [what, target, head, body, expected] of [
  ['a filter in a header', '', 'X-Filter: profile == "Administrator"', 'x', ['admin']],
  ['a filter in UTF-8', '', 'X-Filter: name == "Jürgen"', 'x', ['admin']],
  ['an object in a header', '', 'X-Filter: {"name":"Jürgen","roles":["dev","ops"]}', 'x', ['admin']],
  ['a filter in the query', '?filter=profile%20!%3D%20%22Administrator%22', '', 'x', ['member', 'other']],
  ['an object in the query', '?filter=%7B%22id%22%3A%5B%222%22%2C%223%22%5D%7D', '', 'x', ['member', 'other']],
  ['a filter in a form', '', FORM, 'data=x&filter=id+%3D%3D+%222%22', ['member']],
  ['a filter in JSON', '', JSON_TYPE, '{"data":"x","filter":"id == \\"2\\""}', ['member']],
  ['an object in JSON', '', JSON_TYPE, '{"data":"x","filter":{"profile":"Administrator"}}', ['admin']],
  ['topics in one header', '', 'X-Topics: a, b', 'x', ['admin', 'member']],
  ['topics in several headers', '', 'X-Topics: a\nX-Topics: b , c', 'x', ['admin', 'member', 'other']],
  ['topics in the query', '?topics=b&topics=c', '', 'x', ['member', 'other']],
  ['one topic in JSON', '', JSON_TYPE, '{"data":"x","topics":"b"}', ['member']],
  ['a topic with a comma, in JSON', '', JSON_TYPE, '{"data":"x","topics":["a,b"]}', ['other']],
  ['ids left out', '', 'X-Except: 1,3', 'x', ['member']],
  ['ids left out in JSON', '', JSON_TYPE, '{"data":"x","except":["1"],"topics":["a","b"]}', ['member']],
  ['nobody', '', 'X-Filter: false', 'x', []],
] as const) {
  test(`${what}: ${expected.join(' and ') || 'nobody'}`, async (t) => {
    const server = await TestServer.start(t);
    const streams = await Promise.all(Object.values(people).map((query) => server.stream(query)));
    const { status, body: answer } = await server.send(`POST /admin/broadcast${target}\n${head}`, body);
    assert.equal(status, 202, answer);
    assert.equal(JSON.parse(answer).matched, expected.length);
    await server.broadcast('', 'end');
    const names = Object.keys(people) as (keyof typeof people)[];
    const got = await Promise.all(streams.map((stream) => stream.until('end')));
    assert.deepEqual(
      names.filter((_, index) => got[index]?.includes('x')),
      expected,
    );
  });
}

test('a connection can be named and left out by its id', async (t) => {
  const server = await TestServer.start(t);
  const [one, two] = [await server.stream('?id=7'), await server.stream('?id=7')];
  const { client } = JSON.parse((await one.event('sse.open')).data) as { client: Client['client']['id'] };
  await server.broadcast(`X-Except: ${client}`, 'not for one');
  await server.broadcast(`X-Filter: client.id == "${client}"`, 'for one');
  await server.broadcast('', 'end');
  assert.deepEqual(await one.until('end'), ['for one', 'end']);
  assert.deepEqual(await two.until('end'), ['not for one', 'end']);
});

test('by the time of the answer, a client that comes can have it replayed', async (t) => {
  const server = await TestServer.start(t);
  const { id } = JSON.parse((await server.broadcast('', 'first')).body);
  assert.deepEqual(await (await server.stream(`?lastEventId=${id.replace(/1$/, '0')}`)).until('first'), ['first']);
});

test('a curl that asks first is told to go on', async (t) => {
  const server = await TestServer.start(t);
  const wire = server.connect();
  wire.send('POST /admin/broadcast HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
  await wire.until((received) => received === 'HTTP/1.1 100 Continue\r\n\r\n', '100 Continue');
  assert.equal((await wire.send('hello').answer()).status, 202);
});
