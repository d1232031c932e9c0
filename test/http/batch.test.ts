import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestServer } from '../support/server.ts';

const NDJSON = 'Content-Type: application/x-ndjson';
const JSON_TYPE = 'Content-Type: application/json';

const lines = (...values: unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');

test('a batch is an event a line, in order, with an answer a line', async (t) => {
  const server = await TestServer.start(t);
  const stream = await server.stream('?profile=Administrator');
  const { status, headers, body } = await server.broadcast(
    NDJSON,
    lines(
      { data: 'one', id: 'first' },
      { data: 'two', filter: { profile: 'Member' } },
      { event: 'price', data: { eur: 9.5 }, filter: 'profile == "Administrator"', ttl: '10m', supersedes: 'price' },
      { data: 'four' },
    ),
  );
  assert.equal(status, 202);
  assert.equal(headers['content-type'], 'application/x-ndjson');
  const answers = body
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const [epoch] = answers[0].id.split('-');
  const durability = 'memory';
  assert.deepEqual(answers, [
    { id: `${epoch}-1.first`, matched: 1, durability },
    { id: `${epoch}-2`, matched: 0, durability },
    { id: `${epoch}-3`, matched: 1, durability },
    { id: `${epoch}-4`, matched: 1, durability },
  ]);
  assert.deepEqual(await stream.until('four'), ['one', '{"eur":9.5}', 'four']);
});

test('lines may end with CRLF, and the last one without', async (t) => {
  const server = await TestServer.start(t);
  const { body } = await server.broadcast(NDJSON, '{"data":"a"}\r\n{"data":"b"}');
  assert.equal(body.trimEnd().split('\n').length, 2);
});

test('one bad line, and nothing is published: every bad line is named', async (t) => {
  const server = await TestServer.start(t);
  const stream = await server.stream();
  const { status, headers, body } = await server.broadcast(
    NDJSON,
    `{"data":"good"}\n{"data":1,"filter":"profil == 1"}\n\nnot json\n["x"]\n{"datum":1}\n{"data":"x","ttl":"1","retry":1}\n`,
  );
  assert.equal(status, 400);
  assert.equal(headers['content-type'], 'application/problem+json; charset=utf-8');
  const { errors, detail, code } = JSON.parse(body);
  assert.equal(code, 'invalid-event');
  assert.equal(detail, "6 of 7 lines are bad; nothing was published; line 2: unknown name 'profil'; did you mean 'profile'?");
  assert.deepEqual(
    errors.map(({ pointer }: { pointer: string }) => pointer),
    ['/1/filter', '/2', '/3', '/4', '/5/datum', '/6/retry', '/6/ttl'],
  );
  const { id } = JSON.parse((await server.broadcast('', 'next')).body);
  assert.match(id, /-1$/, 'no sequence was used up');
  assert.deepEqual(await stream.until('next'), ['next']);
});

test('a batch has 1 to 10 000 lines', async (t) => {
  const server = await TestServer.start(t);
  const all = '{"data":1}\n'.repeat(10_000);
  const { status, body } = await server.broadcast(NDJSON, all);
  assert.equal(status, 202);
  assert.match(body.trimEnd().split('\n').at(-1) ?? '', /-10000"/);
  for (const [text, count] of [
    ['', 0],
    [`${all}{"data":1}`, 10_001],
  ] as const) {
    const refused = await server.broadcast(NDJSON, text);
    assert.equal(refused.status, 400);
    assert.equal(JSON.parse(refused.body).detail, `a batch has 1 to 10000 lines, not ${count}`);
  }
});

for (const [what, target, head, pointer] of [
  ['query', '?event=x', '', '?event'],
  ['headers', '', '\nX-Filter: true', 'X-Filter'],
] as const)
  test(`fields of a batch stand in its lines, not in the ${what}`, async (t) => {
    const server = await TestServer.start(t);
    const { status, body } = await server.send(`POST /admin/broadcast${target}\n${NDJSON}${head}`, '{"data":1}\n');
    assert.equal(status, 400);
    assert.deepEqual(JSON.parse(body).errors, [{ pointer, detail: 'belongs in the lines of a batch' }]);
  });

test('an id of a batch that is taken refuses the batch', async (t) => {
  const server = await TestServer.start(t);
  await server.broadcast('X-Id: mine', 'x');
  const { status, body } = await server.broadcast(NDJSON, lines({ data: 1 }, { data: 2, id: 'mine' }));
  assert.equal(status, 409);
  const { code, errors } = JSON.parse(body);
  assert.equal(code, 'conflict');
  assert.deepEqual(errors, [{ pointer: '/1/id', detail: "'mine' is in the log already" }]);
  assert.equal(server.app.hub.events, 1);
});

test('a batch under a key is published once', async (t) => {
  const server = await TestServer.start(t);
  const send = (body: string) => server.broadcast(`${NDJSON}\nIdempotency-Key: key`, body);
  const first = await send(lines({ data: 1 }, { data: 2 }));
  const again = await send('{"data": 1}\n{"data": 2}');
  assert.deepEqual([again.status, again.body], [202, first.body]);
  assert.equal((await send(lines({ data: 1 }))).status, 409);
  assert.equal(server.app.hub.events, 2);
});

for (const [what, method] of [
  ['POST', 'POST'],
  ['PUT', 'PUT'],
] as const)
  test(`${what} under a key again has the first answer, and another body is a conflict`, async (t) => {
    const server = await TestServer.start(t);
    const stream = await server.stream();
    const send = (body: string) => server.send(`${method} /admin/broadcast\nIdempotency-Key: "a-key"`, body);
    const [first, second] = await Promise.all([send('x'), send('x')]);
    await server.stream();
    const third = await send('x');
    assert.equal(first.status, 202);
    assert.deepEqual([second.body, third.body], [first.body, first.body]);
    const other = await send('y');
    assert.equal(other.status, 409);
    assert.equal(other.headers['content-type'], 'application/problem+json; charset=utf-8');
    assert.equal(JSON.parse(other.body).code, 'conflict');
    await server.broadcast('', 'end');
    assert.deepEqual(await stream.until('end'), ['x', 'end']);
  });

test('a request that is refused leaves its key free', async (t) => {
  const server = await TestServer.start(t);
  assert.equal((await server.broadcast('Idempotency-Key: key\nX-Ttl: soon', 'x')).status, 400);
  assert.equal((await server.broadcast('Idempotency-Key: key\nX-Ttl: 1m', 'x')).status, 202);
});

for (const [what, head, detail] of [
  ['an empty key', 'Idempotency-Key:', 'has 1 to 255 visible ASCII characters, without spaces'],
  ['a key with a space', 'Idempotency-Key: a b', 'has 1 to 255 visible ASCII characters, without spaces'],
  ['a key of 256', `Idempotency-Key: ${'x'.repeat(256)}`, 'has 1 to 255 visible ASCII characters, without spaces'],
  ['a key in UTF-8', 'Idempotency-Key: ü', 'has 1 to 255 visible ASCII characters, without spaces'],
  ['two keys', 'Idempotency-Key: a\nIdempotency-Key: a', 'is given twice'],
] as const)
  test(`${what} is refused`, async (t) => {
    const server = await TestServer.start(t);
    const { status, body } = await server.broadcast(head, 'x');
    assert.equal(status, 400);
    assert.deepEqual(JSON.parse(body).errors, [{ pointer: 'Idempotency-Key', detail }]);
    assert.equal(server.app.hub.events, 0);
  });

for (const [what, target, head, body] of [
  ['JSON', '', JSON_TYPE, '{"data":"x","id":"mine","ttl":"10m","history":false,"supersedes":"a key"}'],
  ['the query', '?id=mine&ttl=10m&history=false&supersedes=a%20key', '', 'x'],
  ['headers', '', 'X-Id: mine\nX-Ttl: 10m\nX-History: false\nX-Supersedes: a key', 'x'],
] as const)
  test(`what is said of replays may stand in ${what}`, async (t) => {
    const server = await TestServer.start(t);
    const there = await server.stream();
    const { status, body: answer } = await server.send(`POST /admin/broadcast${target}\n${head}`, body);
    assert.equal(status, 202, answer);
    assert.match(JSON.parse(answer).id, /-1\.mine$/);
    await server.broadcast('', 'end');
    assert.deepEqual(await there.until('end'), ['x', 'end']);
    assert.deepEqual(await (await server.stream('?since=earliest')).until('end'), ['end']);
  });

test('history is true or false', async (t) => {
  const server = await TestServer.start(t);
  assert.equal((await server.broadcast('X-History: true', 'x')).status, 202);
  const { status, body } = await server.broadcast('X-History: no', 'x');
  assert.equal(status, 400);
  assert.deepEqual(JSON.parse(body).errors, [{ pointer: 'X-History', detail: 'must be true or false' }]);
});

test('the library publishes under a key as HTTP does', async (t) => {
  const { app } = await TestServer.start(t);
  const first = await app.publish({ data: 'x' }, 'library', { idempotencyKey: 'key' });
  assert.deepEqual(await app.publish({ data: 'x' }, 'library', { idempotencyKey: 'key' }), first);
  await assert.rejects(app.publish({ data: 'y' }, 'library', { idempotencyKey: 'key' }), { code: 'conflict' });
  await assert.rejects(app.publish({ data: 'x' }, 'library', { idempotencyKey: '' }), { code: 'invalid-request' });
});
