import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SseError } from '../../src/errors.ts';
import { parseDraft, topicProblem } from '../../src/event/draft.ts';

/** What is refused, as `code: pointer: detail` for each issue. */
function refusals(input: unknown, pointers?: (field: string) => string): string[] {
  try {
    parseDraft(input, pointers);
    return [];
  } catch (error) {
    assert(error instanceof SseError, `a defect: ${error}`);
    return error.issues.map(({ pointer, detail }) => `${error.code} ${pointer}: ${detail}`);
  }
}

const sparse = { data: 'x' };

for (const [what, input, refusal] of [
  ['no object', 'hello', 'invalid-event : must be an object such as {"data":"hello"}'],
  ['null', null, 'invalid-event : must be an object such as {"data":"hello"}'],
  ['a list', [sparse], 'invalid-event : must be an object such as {"data":"hello"}'],
  ['no data', { event: 'x' }, 'invalid-event /data: is required'],
  ['data without JSON text', { data: undefined }, 'invalid-event /data: has no JSON text'],
  ['a function as data', { data: () => 1 }, 'invalid-event /data: has no JSON text'],
  ['a BigInt as data', { data: 1n }, 'invalid-event /data: cannot be written as JSON: Do not know how to serialize a BigInt'],
  ['a lone surrogate in data', { data: 'a\ud800b' }, 'invalid-event /data: must not contain lone surrogates'],
  ['a type that is no string', { ...sparse, event: 7 }, 'invalid-event /event: must be a string'],
  ['an empty type', { ...sparse, event: '' }, 'invalid-event /event: is empty; leave it out for "message"'],
  ['a type of 129', { ...sparse, event: 'x'.repeat(129) }, 'invalid-event /event: has at most 128 characters; see --type-limit'],
  ...['\n', '\r', '\r\ndata: y', '\0', '\t', '\u001b[2J', '\u007f', '\u0085'].map(
    (control) =>
      [
        `a type with ${JSON.stringify(control)}`,
        { ...sparse, event: `x${control}` },
        'invalid-event /event: must not contain control characters or line breaks',
      ] as const,
  ),
  ['a lone surrogate in a type', { ...sparse, event: '\udc00' }, 'invalid-event /event: must not contain lone surrogates'],
  [
    'a control type',
    { ...sparse, event: 'sse.bye' },
    'invalid-event /event: must not begin with "sse.": these types are control events',
  ],
  [
    'a control type of the future',
    { ...sparse, event: 'sse.' },
    'invalid-event /event: must not begin with "sse.": these types are control events',
  ],
  ['a reconnection time of 499', { ...sparse, retry: 499 }, 'invalid-event /retry: must be at least 500 (ms)'],
  ['a reconnection time over an hour', { ...sparse, retry: 3_600_001 }, 'invalid-event /retry: must be at most 3600000 (ms)'],
  ['a broken reconnection time', { ...sparse, retry: 1000.5 }, 'invalid-event /retry: must be a whole number of milliseconds'],
  ['a reconnection time in quotes', { ...sparse, retry: '1000' }, 'invalid-event /retry: must be a whole number of milliseconds'],
  ['NaN', { ...sparse, retry: Number.NaN }, 'invalid-event /retry: must be a whole number of milliseconds'],
  ['a number as filter', { ...sparse, filter: 7 }, 'invalid-event /filter: must be a CEL expression or an object of equalities'],
  ['null as filter', { ...sparse, filter: null }, 'invalid-event /filter: must be a CEL expression or an object of equalities'],
  ['an empty filter', { ...sparse, filter: ' ' }, 'invalid-filter /filter: is empty; leave it out to reach everyone'],
  ['a list as filter', { ...sparse, filter: [] }, 'invalid-filter /filter: must be a CEL expression or an object, not a list'],
  ['topics that are no strings', { ...sparse, topics: 7 }, 'invalid-event /topics: must be a string or a list of strings'],
  ['no topics', { ...sparse, topics: [] }, 'invalid-event /topics: must not be empty; leave it out to reach everyone'],
  ['an empty topic', { ...sparse, topics: ['a', ''] }, 'invalid-event /topics/1: must not be empty'],
  [
    'a topic of 129',
    { ...sparse, topics: ['x'.repeat(129)] },
    'invalid-event /topics/0: has at most 128 characters; see --topic-limit',
  ],
  [
    'a topic with a line break',
    { ...sparse, topics: 'a\nb' },
    'invalid-event /topics/0: must not contain control characters or line breaks',
  ],
  ['a topic with half a pair', { ...sparse, topics: '\ud83d' }, 'invalid-event /topics/0: must not contain lone surrogates'],
  ['65 topics', { ...sparse, topics: Array(65).fill('a') }, 'invalid-event /topics: has at most 64 entries'],
  ['nobody left out', { ...sparse, except: [] }, 'invalid-event /except: must not be empty; leave it out to reach everyone'],
  ['an empty id left out', { ...sparse, except: '' }, 'invalid-event /except/0: must not be empty'],
  ['a long id left out', { ...sparse, except: 'x'.repeat(257) }, 'invalid-event /except/0: has at most 256 characters'],
  ['1001 ids left out', { ...sparse, except: Array(1001).fill('a') }, 'invalid-event /except: has at most 1000 entries'],
  ['a misspelt field', { ...sparse, filtr: 'x' }, "invalid-event /filtr: unknown field; did you mean 'filter'?"],
  ['an unknown field', { ...sparse, priority: 1 }, 'invalid-event /priority: unknown field'],
  ['an empty id', { ...sparse, id: '' }, 'invalid-event /id: has 1 to 64 letters, digits or - _ . ~'],
  ['an id of 65', { ...sparse, id: 'x'.repeat(65) }, 'invalid-event /id: has 1 to 64 letters, digits or - _ . ~; see --id-limit'],
  ['an id with a line break', { ...sparse, id: 'a\n' }, 'invalid-event /id: has 1 to 64 letters, digits or - _ . ~'],
  ['an id with an umlaut', { ...sparse, id: 'ü' }, 'invalid-event /id: has 1 to 64 letters, digits or - _ . ~'],
  ['an id that is a number', { ...sparse, id: 7 }, 'invalid-event /id: must be a string'],
  ['a ttl without a unit', { ...sparse, ttl: '10' }, 'invalid-event /ttl: must be a duration such as 30s, 10m or 2h'],
  ['a ttl that is a number', { ...sparse, ttl: 10 }, 'invalid-event /ttl: must be a string'],
  [
    'a ttl below a second',
    { ...sparse, ttl: '999ms' },
    'invalid-event /ttl: must be at least 1s; for an event that is never replayed, history is false',
  ],
  ['a ttl of 4000 days', { ...sparse, ttl: '4000d' }, 'invalid-event /ttl: must be at most 3650d'],
  ['an endless ttl', { ...sparse, ttl: `${'9'.repeat(400)}d` }, 'invalid-event /ttl: must be at most 3650d'],
  ['a history that is a word', { ...sparse, history: 'no' }, 'invalid-event /history: must be true or false'],
  ['an empty key', { ...sparse, supersedes: '' }, 'invalid-event /supersedes: must not be empty'],
  [
    'a key of 129',
    { ...sparse, supersedes: 'x'.repeat(129) },
    'invalid-event /supersedes: has at most 128 characters; see --topic-limit',
  ],
  [
    'a key with NUL',
    { ...sparse, supersedes: '\0' },
    'invalid-event /supersedes: must not contain control characters or line breaks',
  ],
  ['a prototype', JSON.parse('{"data":"x","__proto__":{"filter":"true"}}'), 'invalid-event /__proto__: unknown field'],
  ['a constructor', { ...sparse, constructor: 1 }, 'invalid-event /constructor: unknown field'],
] as const) {
  test(`refused: ${what}`, () => assert.deepEqual(refusals(input), [refusal]));
}

test('every mistake is named, not the first one alone', () => {
  assert.deepEqual(refusals({ datum: 1, event: '\n', retry: 1 }), [
    'invalid-event /event: must not contain control characters or line breaks',
    'invalid-event /retry: must be at least 500 (ms)',
    "invalid-event /datum: unknown field; did you mean 'data'?",
  ]);
});

test('a field is called what its publisher calls it', () => {
  const headers = (field: string) => `X-${field}`;
  assert.deepEqual(refusals({ data: 'x', event: '\n' }, headers), [
    'invalid-event X-event: must not contain control characters or line breaks',
  ]);
  assert.deepEqual(refusals({ data: 1n }, headers), [
    'invalid-event X-data: cannot be written as JSON: Do not know how to serialize a BigInt',
  ]);
  assert.match(refusals({ data: 'x', filter: 'x ==' }, headers).join(), /^invalid-filter X-filter: /);
});

test('data that is nested deeper than the stack is refused, not a crash', () => {
  const deep = JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`);
  assert.match(refusals({ data: deep }).join(), /^invalid-event \/data: cannot be written as JSON: /);
});

for (const [what, data, expected] of [
  ['a string as it is', 'hel"lo', 'hel"lo'],
  ['an object as its JSON text', { eur: 9.5 }, '{"eur":9.5}'],
  ['null as null', null, 'null'],
  ['false as false', false, 'false'],
  ['nothing as nothing', '', ''],
  ['a lone surrogate inside JSON as its escape', ['\ud800'], '["\\ud800"]'],
] as const) {
  test(`data: ${what}`, () => assert.equal(parseDraft({ data }).event.data, expected));
}

for (const event of ['x'.repeat(128), 'größe 🚀', ' ', 'sse', 'SSE.open', 'a:b', '\u2028', '\ufeff', 'constructor']) {
  test(`a type may be ${JSON.stringify(event)}`, () => assert.equal(parseDraft({ data: '', event }).event.type, event));
}

test('what is left out has its default, and a draft cannot be changed any more', () => {
  const draft = parseDraft({ data: 'x' });
  assert.deepEqual(draft, { event: { type: 'message', data: 'x' }, audience: {} });
  assert(Object.isFrozen(draft) && Object.isFrozen(draft.event) && Object.isFrozen(draft.audience));
});

test('the rules of a replay and the own id stand beside the audience, and only if they say something', () => {
  const draft = parseDraft({ data: 'x', id: 'Order_7~a.b-c', ttl: '10m', history: false, supersedes: 'price of gold' });
  assert.deepEqual(draft, {
    event: { type: 'message', data: 'x' },
    audience: {},
    ownId: 'Order_7~a.b-c',
    replay: { ttl: 600_000, history: false, supersedes: 'price of gold' },
  });
  assert(Object.isFrozen(draft.replay));
  assert.deepEqual(parseDraft({ data: 'x', history: true }), { event: { type: 'message', data: 'x' }, audience: {} });
});

test('one topic and one id may stand without a list', () => {
  assert.deepEqual(parseDraft({ data: 'x', topics: 'a', except: '7' }).audience, { topics: ['a'], except: ['7'] });
});

test('a topic has the rules of an event type, control types aside', () => {
  assert.equal(topicProblem('sse.news'), undefined);
  assert.equal(topicProblem('a/b c'), undefined);
  assert.equal(topicProblem(''), 'must not be empty');
});
