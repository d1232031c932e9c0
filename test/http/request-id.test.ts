import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activityRecord } from '../../src/terminal/activity-lines.ts';
import { TestServer } from '../support/server.ts';

const MADE_HERE = /^[0-9a-f]{16}$/;

const BEHIND_PROXY = { trustProxy: ['loopback'] };

test('every answer says which request it answers, and no two say the same', async (t) => {
  const server = await TestServer.start(t, { maxClients: 1 });
  const answers = [];
  for (const head of [
    'GET /',
    'HEAD /',
    'GET /nothing',
    'GET /admin',
    'GET /admin/stats',
    'GET /admin/history?format=ndjson',
    'DELETE /admin/stats',
    'OPTIONS /sse',
    'HEAD /sse',
    'POST /sse',
    'GET /sse\nAccept: text/html',
    'GET /livez HTTP/1.0',
    'GET /livez\nExpect: something',
    'GET / HTTP/1.1\nHost: a\nHost: b',
    'GET /livez\nContent-Length: x',
    `GET /\nX-Long: ${'x'.repeat(20_000)}`,
    'POST /admin/broadcast\nOrigin: https://evil.test',
  ])
    answers.push(await server.send(head));
  const stream = await server.stream();
  answers.push(await stream.wire.answer(true));
  answers.push(await server.send('GET /sse\nAccept: text/event-stream'));
  answers.push(await server.send('GET /sse\nAccept: */*'));
  for (const { status, lines, headers } of answers) {
    assert.match(headers['x-request-id'] ?? '', MADE_HERE, `${status} ${lines.join('\n')}`);
    assert.equal(lines.filter((line) => /^x-request-id:/i.test(line)).length, 1);
  }
  assert.equal(new Set(answers.map(({ headers }) => headers['x-request-id'])).size, answers.length);
  const statuses = new Set(answers.map(({ status }) => status));
  for (const status of [200, 204, 302, 400, 403, 404, 405, 406, 431, 503]) assert(statuses.has(status), `${status} was seen`);
});

test('a refusal is found in the log by what its answer says', async (t) => {
  const server = await TestServer.start(t);
  for (const head of ['POST /admin/broadcast\nContent-Type: application/json', 'GET /sse?since=x', 'GET /nothing', 'BAD']) {
    const { headers, body } = await server.send(head, head.startsWith('POST') ? '{"datum":1}' : '');
    const id = headers['x-request-id'];
    if (body !== '') assert.equal(JSON.parse(body).requestId, id);
    const activity = server.of('refused').at(-1);
    assert(activity);
    assert.equal(activityRecord(activity).fields.requestId, id);
  }
});

test('the lines of a stream, at its opening and at its end, and those of a broadcast say which request it was', async (t) => {
  const server = await TestServer.start(t);
  const stream = await server.stream('?id=7');
  const id = (await stream.wire.answer(true)).headers['x-request-id'];
  const batch = '{"data":1}\n{"data":2}\n';
  const published = [await server.broadcast('', 'one'), await server.broadcast('Content-Type: application/x-ndjson', batch)];
  const { client } = JSON.parse((await stream.event('sse.open')).data) as { client: string };
  await server.send(`DELETE /admin/clients/${client}`);
  const lines = server.activities.map((activity) => activityRecord(activity));
  const [one, two] = published.map(({ headers }) => headers['x-request-id']);
  assert.deepEqual(
    lines.map(({ msg, fields }) => [msg, fields.requestId]),
    [
      ['stream opened', id],
      ['broadcast', one],
      ['broadcast', two],
      ['broadcast', two],
      ['stream closed', id],
    ],
  );
});

test('nobody but a trusted proxy names a request, and it only by what nobody has to escape', async (t) => {
  const good = ['7f0b4f1c', 'a.B_c~d-0', '5b2f9dd0-8a52-4c9c-9f6a-3f8f8d1b8f4e', 'x'.repeat(64)];
  const hostile = [
    '',
    'x'.repeat(65),
    'a b',
    'a"b',
    'a,b',
    'ü',
    '\u001b[31m',
    '<script>',
    '{$jndi:x}',
    'a\nX-Request-Id: b',
    '../x',
    '%0d%0a',
  ];
  const named = async (server: TestServer, id: string) =>
    (await server.send(`GET /livez\nX-Request-Id: ${id}`)).headers['x-request-id'] ?? '';
  const direct = await TestServer.start(t);
  for (const id of [...good, ...hostile]) assert.match(await named(direct, id), MADE_HERE);
  const behind = await TestServer.start(t, BEHIND_PROXY);
  for (const id of good) assert.equal(await named(behind, id), id);
  for (const id of hostile) assert.match(await named(behind, id), MADE_HERE, JSON.stringify(id));
  const elsewhere = await TestServer.start(t, { trustProxy: ['10.0.0.0/8'] });
  for (const id of good) assert.match(await named(elsewhere, id), MADE_HERE);
});

test('nothing of what is published is in the log, also when it is refused for its shape', async (t) => {
  const server = await TestServer.start(t);
  const json = 'Content-Type: application/json';
  const secret = 'tops3cret';
  for (const [head, body] of [
    ['', secret],
    [json, secret],
    [json, `{"data":${secret}}`],
    [json, `{"data":"${secret}`],
    [json, `{"data":"${secret}","event":"a\\nb"}`],
    [json, `{"data":"${secret}","filter":{"a":`],
    ['Content-Type: application/x-ndjson', `{"data":1}\n${secret}\n`],
    ['Content-Type: application/x-www-form-urlencoded', `data=${secret}&evnt=1`],
    ['Content-Type: application/x-www-form-urlencoded', `data=${secret}%ff`],
  ] as const)
    await server.broadcast(head, body);
  assert.equal(server.activities.length, 9);
  assert.doesNotMatch(JSON.stringify(server.activities.map((activity) => activityRecord(activity))), /s3cr/);
});
