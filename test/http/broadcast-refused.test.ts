import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestServer } from '../support/server.ts';

const JSON_TYPE = 'Content-Type: application/json';
const FORM = 'Content-Type: application/x-www-form-urlencoded';
const CONTROL = 'must not contain control characters or line breaks';

/** What is sent, and each mistake that is named. */
const MISREAD = (what: string) =>
  `is JSON, and was sent as ${what}: say curl --json, -H "Content-Type: application/x-ndjson" for a batch, or -H "Content-Type: text/plain" if the text is meant`;

for (const [what, target, head, body, errors] of [
  ['a misspelt field', '', JSON_TYPE, '{"datum":1}', [['/datum', "unknown field; did you mean 'data'?"]]],
  [
    'a misspelt field beside data',
    '',
    JSON_TYPE,
    '{"data":1,"filtr":"x"}',
    [['/filtr', "unknown field; did you mean 'filter'?"]],
  ],
  ['a misspelt parameter', '?filtr=x', '', 'x', [['?filtr', "unknown field; did you mean 'filter'?"]]],
  ['a misspelt parameter without a body', '?evnt=x', '', '', [['?evnt', "unknown field; did you mean 'event'?"]]],
  ['a trial that is and is none', '?dryRun=false&dryRun', '', 'x', [['?dryRun', 'is given twice']]],
  [
    'a batch with an audience, as a form',
    '',
    FORM,
    '{"data":1,"filter":"false"}\n{"data":2}\n',
    [['the body', MISREAD('a form')]],
  ],
  [
    'JSON with an audience, as a type that is none of ours',
    '',
    'Content-Type: application/jsonl',
    '{"data":1,"topics":["a"]}',
    [['the body', MISREAD('something else')]],
  ],
  ['JSON with an audience, without a type', '', '', '{"data":1,"except":["a"]}', [['the body', MISREAD('something else')]]],
  ['an unknown parameter', '?__proto__=x', '', 'x', [['?__proto__', 'unknown field']]],
  ['an unknown form field', '', FORM, 'data=x&topic=a', [['form field topic', "unknown field; did you mean 'topics'?"]]],
  ['a prototype in JSON', '', JSON_TYPE, '{"data":"x","__proto__":{"filter":"true"}}', [['/__proto__', 'unknown field']]],
  ['a type with a line break', '', JSON_TYPE, '{"event":"a\\nid: 1","data":"x"}', [['/event', CONTROL]]],
  ['a type with CR', '?event=a%0Ddata%3A+y', '', 'x', [['?event', CONTROL]]],
  ['a type with NUL', '?event=%00', '', 'x', [['?event', CONTROL]]],
  ['a type with C1', '', 'X-Event: a\u0085', 'x', [['X-Event', CONTROL]]],
  ['an empty type', '', 'X-Event:', 'x', [['X-Event', 'is empty; leave it out for "message"']]],
  ['a control type', '', 'X-Event: sse.bye', 'x', [['X-Event', 'must not begin with "sse.": these types are control events']]],
  ['a long type', '', `X-Event: ${'x'.repeat(129)}`, 'x', [['X-Event', 'has at most 128 characters; see --type-limit']]],
  ['a lone surrogate as data', '', JSON_TYPE, '{"data":"\\ud800"}', [['/data', 'must not contain lone surrogates']]],
  ['a lone surrogate as type', '', JSON_TYPE, '{"data":"x","event":"\\udfff"}', [['/event', 'must not contain lone surrogates']]],
  [
    'a lone surrogate in a filter',
    '',
    JSON_TYPE,
    '{"data":"x","filter":{"id":"\\ud800"}}',
    [['/filter', 'invalid Unicode surrogate: \\ud800']],
  ],
  ['a reconnection time too short', '', 'X-Retry: 10', 'x', [['X-Retry', 'must be at least 500 (ms)']]],
  ['a reconnection time with a unit', '?retry=2s', '', 'x', [['?retry', 'must be a whole number of milliseconds']]],
  [
    'a reconnection time in quotes',
    '',
    JSON_TYPE,
    '{"data":"x","retry":"2000"}',
    [['/retry', 'must be a whole number of milliseconds']],
  ],
  ['no topics', '', 'X-Topics: ,', 'x', [['X-Topics', 'must not be empty; leave it out to reach everyone']]],
  ['an empty filter', '', 'X-Filter:', 'x', [['X-Filter', 'is empty; leave it out to reach everyone']]],
  ['an empty filter in the query', '?filter=', '', 'x', [['?filter', 'is empty; leave it out to reach everyone']]],
  ['an empty object', '', JSON_TYPE, '{"data":"x","filter":{}}', [['/filter', 'is empty; leave it out to reach everyone']]],
  [
    'null for a filter',
    '',
    JSON_TYPE,
    '{"data":"x","filter":null}',
    [['/filter', 'must be a CEL expression or an object of equalities']],
  ],
  [
    'several mistakes',
    '',
    JSON_TYPE,
    '{"data":"x","retry":1,"topics":[]}',
    [
      ['/retry', 'must be at least 500 (ms)'],
      ['/topics', 'must not be empty; leave it out to reach everyone'],
    ],
  ],
  ['a field twice: body and query', '?data=y', '', 'x', [['?data', 'is given twice: also as the body']]],
  [
    'a field twice: JSON and query',
    '?event=b',
    JSON_TYPE,
    '{"data":"x","event":"a"}',
    [['?event', 'is given twice: also as /event']],
  ],
  ['a field twice: query and header', '?event=b', 'X-Event: b', 'x', [['X-Event', 'is given twice: also as ?event']]],
  [
    'a field twice: form and header',
    '',
    `${FORM}\nX-Filter: true`,
    'data=x&filter=true',
    [['X-Filter', 'is given twice: also as form field filter']],
  ],
  ['a list twice: query and header', '?topics=a', 'X-Topics: b', 'x', [['X-Topics', 'is given twice: also as ?topics']]],
  ['a parameter twice', '?event=a&event=a', '', 'x', [['?event', 'is given twice']]],
  ['a header twice', '', 'X-Filter: true\nx-filter: true', 'x', [['X-Filter', 'is given twice']]],
  ['a form field twice', '', FORM, 'data=x&data=y', [['form field data', 'is given twice']]],
  ['JSON that is a list', '', JSON_TYPE, '["x"]', [['', 'the JSON body must be an object such as {"data":"hello"}']]],
  ['JSON that is null', '', JSON_TYPE, 'null', [['', 'the JSON body must be an object such as {"data":"hello"}']]],
  ['JSON that is a string', '', JSON_TYPE, '"x"', [['', 'the JSON body must be an object such as {"data":"hello"}']]],
  ['blank JSON', '', JSON_TYPE, ' ', [['', 'the body is not JSON at line 1, column 2; it ends too early']]],
] as const) {
  test(`refused by name, and not a byte on any stream: ${what}`, async (t) => {
    const server = await TestServer.start(t);
    const stream = await server.stream();
    const { body: before } = stream;
    const { status, headers, body: answer } = await server.send(`POST /admin/broadcast${target}\n${head}`, body);
    assert.equal(status, 400, answer);
    assert.equal(headers['content-type'], 'application/problem+json; charset=utf-8');
    const problem = JSON.parse(answer);
    assert.deepEqual(
      problem.errors.map(({ pointer, detail }: { pointer: string; detail: string }) => [pointer, detail]),
      errors,
    );
    const { id } = JSON.parse((await server.broadcast('', 'next')).body);
    await stream.until('next');
    assert.equal(stream.body, `${before}data: next\nid: ${id}\n\n`);
    assert.match(id, /-1$/, 'no sequence was used up');
  });
}

for (const [what, target, head, body, status, detail] of [
  ['multipart', '', 'Content-Type: multipart/form-data; boundary=x', '--x--', 415, /multipart is not read/],
  ['multipart without a body', '', 'Content-Type: multipart/form-data; boundary=x', '', 415, /multipart is not read/],
  ['another charset', '', 'Content-Type: text/plain; charset=iso-8859-1', 'x', 415, /must be UTF-8, not "iso-8859-1"/],
  ['UTF-16', '', 'Content-Type: application/json; charset="UTF-16"', 'x', 415, /must be UTF-8, not "utf-16"/],
  ['a compressed body', '', 'Content-Encoding: gzip', 'x', 415, /must not be compressed/],
  ['broken JSON', '', JSON_TYPE, '{"data":', 400, /the body is not JSON/],
  ['a broken object in a header', '', 'X-Filter: {"id":}', 'x', 400, /X-Filter: is not JSON/],
  ['bytes that are no UTF-8', '', '', Buffer.from([0x61, 0xff]), 400, /the body is not valid UTF-8/],
  ['a surrogate in UTF-8', '', '', Buffer.from([0xed, 0xa0, 0x80]), 400, /the body is not valid UTF-8/],
  ['an overlong form', '', '', Buffer.from([0xc0, 0x8a]), 400, /the body is not valid UTF-8/],
  ['a character that breaks off', '', JSON_TYPE, Buffer.from('{"data":"\xc3"}', 'latin1'), 400, /the body is not valid UTF-8/],
  ['escapes in the query that are no UTF-8', '?data=%ff', '', '', 400, /the query is not valid UTF-8/],
  ['a surrogate in the query', '?event=%ED%A0%80', '', 'x', 400, /the query is not valid UTF-8/],
  ['half a character in the query', '?event=%C3x', '', 'x', 400, /the query is not valid UTF-8/],
  ['escapes in a form that are no UTF-8', '', FORM, 'data=%41%fe', 400, /the form is not valid UTF-8/],
] as const) {
  test(`${status}: ${what}`, async (t) => {
    const server = await TestServer.start(t);
    const answer = await server.send(`POST /admin/broadcast${target}\n${head}`, body);
    assert.equal(answer.status, status);
    assert.match(JSON.parse(answer.body).detail, detail);
    assert.deepEqual(server.of('broadcast'), []);
  });
}

test('a header whose bytes are no UTF-8 is refused', async (t) => {
  const server = await TestServer.start(t);
  const wire = server.connect();
  wire.send(Buffer.from('POST /admin/broadcast HTTP/1.1\r\nHost: localhost\r\nX-Event: \xff\r\n\r\n', 'latin1'));
  const { status, body } = await wire.answer();
  assert.equal(status, 400);
  assert.match(body, /X-Event is not valid UTF-8/);
});

test('a filter with a mistake is answered with its position and a caret', async (t) => {
  const server = await TestServer.start(t);
  const { body, headers } = await server.broadcast('X-Filter: true && rofile == "x"', 'x');
  const detail = "unknown name 'rofile'; did you mean 'profile'?";
  assert.deepEqual(JSON.parse(body), {
    type: 'about:blank',
    title: 'Bad Request',
    status: 400,
    detail: `X-Filter: ${detail}`,
    code: 'invalid-filter',
    errors: [{ pointer: 'X-Filter', detail, position: 8, excerpt: 'true && rofile == "x"\n        ^' }],
    requestId: headers['x-request-id'],
  });
});

test('JSON nested deeper than the stack is refused', async (t) => {
  const server = await TestServer.start(t);
  const deep = (field: string) => `{"data":"x","${field}":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
  for (const body of [deep('filter'), deep('topics'), deep('event'), deep('x'), deep('data').replace('"data":"x",', '')])
    assert.equal((await server.broadcast(JSON_TYPE, body)).status, 400);
});
