import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { parseDraft, typeProblem } from '../../src/event/draft.ts';
import { decodeEvent, encodeControl, encodeEvent, encodeRetry, HEARTBEAT } from '../../src/event/encode.ts';
import type { ServerSentEvent } from '../../src/event/event.ts';

const bytes = (type: string, data: string, retry?: number): string =>
  encodeEvent('e-1', { type, data, ...(retry !== undefined && { retry }) }).toString();

for (const [what, actual, expected] of [
  ['a message leaves its type out', bytes('message', 'hello'), 'data: hello\nid: e-1\n\n'],
  ['another type is named', bytes('price', '{"eur":9.5}'), 'event: price\ndata: {"eur":9.5}\nid: e-1\n\n'],
  ['empty data is still a data line', bytes('message', ''), 'data: \nid: e-1\n\n'],
  ['each line has a data line', bytes('message', 'a\nb'), 'data: a\ndata: b\nid: e-1\n\n'],
  ['lines end with CRLF, CR or LF', bytes('message', 'a\r\nb\rc\nd'), 'data: a\ndata: b\ndata: c\ndata: d\nid: e-1\n\n'],
  ['LF CR is two ends', bytes('message', 'a\n\rb'), 'data: a\ndata: \ndata: b\nid: e-1\n\n'],
  ['a line break at the end is kept', bytes('message', 'a\n'), 'data: a\ndata: \nid: e-1\n\n'],
  ['a blank line ends nothing', bytes('message', 'a\n\nid: 9'), 'data: a\ndata: \ndata: id: 9\nid: e-1\n\n'],
  ['a leading space is kept', bytes('message', ' a'), 'data:  a\nid: e-1\n\n'],
  ['a leading colon is no comment', bytes('message', ':a'), 'data: :a\nid: e-1\n\n'],
  ['U+2028 and U+0085 end no line', bytes('message', 'a\u2028b\u0085c'), 'data: a\u2028b\u0085c\nid: e-1\n\n'],
  ['a reconnection time', bytes('x', 'a', 5000), 'event: x\nretry: 5000\ndata: a\nid: e-1\n\n'],
  [
    'a control event',
    encodeControl('e-1', 'sse.bye', { reason: 'slow' }).toString(),
    'event: sse.bye\ndata: {"reason":"slow"}\nid: e-1\n\n',
  ],
  ['a control event without data', encodeControl('e-1', 'sse.cursor').toString(), 'event: sse.cursor\ndata: \nid: e-1\n\n'],
  ['an opening', encodeControl('e-0', 'sse.open', {}, 2000).toString(), 'retry: 2000\nevent: sse.open\ndata: {}\nid: e-0\n\n'],
  ['a heartbeat is a comment with one line break', HEARTBEAT.toString(), ': hb\n'],
  ['what a refused stream gets', encodeRetry(7000).toString(), 'retry: 7000\n\n'],
] as const) {
  test(`golden bytes: ${what}`, () => assert.equal(actual, expected));
}

test('a frame can be read back, its lines joined by LF', () => {
  const text = fc.array(
    fc.oneof(
      fc.constantFrom('\n', '\r', '\r\n', ' ', ':', 'data: ', 'id: 9', 'event: x', '\u2028'),
      fc.string({ unit: 'grapheme' }),
    ),
  );
  fc.assert(
    fc.property(
      fc.constantFrom('message', 'price', 'data: x'),
      text,
      fc.option(fc.integer({ min: 500 }), { nil: undefined }),
      (type, parts, retry) => {
        const data = parts.join('');
        const given = { type, data, ...(retry !== undefined && { retry }) };
        assert.deepEqual(decodeEvent(encodeEvent('e-1', given)), { ...given, data: data.replace(/\r\n|\r/g, '\n') });
      },
    ),
  );
});

/** What another project's parser reads out of frames that come in pieces. */
function read(frames: Uint8Array, cuts: readonly number[]) {
  const events: { id: string | undefined; type: string; data: string }[] = [];
  const retries: number[] = [];
  const errors: unknown[] = [];
  const parser = createParser({
    onEvent: ({ id, event = 'message', data }) => void events.push({ id, type: event, data }),
    onRetry: (retry) => void retries.push(retry),
    onError: (error) => void errors.push(error),
  });
  const decoder = new TextDecoder();
  const at = [...new Set(cuts.map((cut) => cut % (frames.length + 1)))].sort((a, b) => a - b);
  for (const [index, from] of [0, ...at].entries())
    parser.feed(decoder.decode(frames.subarray(from, at[index] ?? frames.length), { stream: true }));
  return { events, retries, errors };
}

const piece = fc.oneof(
  fc.constantFrom('\r', '\n', '\r\n', '\n\r', ' ', ':', '\t', '\0', '\u2028', '\u2029', '\u0085', '\ufeff', '👩‍🚀', 'é', ''),
  fc.constantFrom('data: x', 'id: 7', 'event: y', 'retry: 1', ': hb', '\n\n'),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
);
const text = fc
  .array(piece, { maxLength: 12 })
  .map((pieces) => pieces.join('').toWellFormed())
  .filter((joined) => joined.isWellFormed());
const type = fc
  .oneof(
    fc.constantFrom(
      'message',
      'price',
      'with space',
      ' leading',
      'trailing ',
      ':colon',
      'data: x',
      'größe',
      '🚀',
      '\u2028',
      '\ufeff',
    ),
    text,
  )
  .filter((candidate) => typeProblem(candidate) === undefined);
const event: fc.Arbitrary<ServerSentEvent> = fc.record(
  { type, data: text, retry: fc.integer({ min: 500, max: 3_600_000 }) },
  { requiredKeys: ['type', 'data'] },
);

test('what goes in comes out, whatever it is and however the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 8 }), (given, cuts) => {
      const frames = Buffer.concat([
        ...given.flatMap(({ type: event, data, retry }, index) => {
          const draft = parseDraft({ event, data, ...(retry !== undefined && { retry }) });
          return [encodeEvent(`e-${index}`, draft.event), HEARTBEAT];
        }),
        encodeControl('e-end', 'sse.bye', { reason: 'shutdown' }),
      ]);
      const { events, retries, errors } = read(frames, cuts);
      const bye = { id: 'e-end', type: 'sse.bye', data: '{"reason":"shutdown"}' };
      const lines = (data: string) => data.split(/\r\n|\r|\n/).join('\n');
      const expected = given.map(({ type, data }, index) => ({ id: `e-${index}`, type, data: lines(data) }));
      assert.deepEqual(events, [...expected, bye]);
      assert.deepEqual(
        retries,
        given.flatMap(({ retry }) => retry ?? []),
      );
      assert.deepEqual(errors, []);
    }),
    { numRuns: Number(process.env.RUNS ?? 2000) },
  );
});

for (const [what, data] of [
  ['one line', 'x'.repeat(1024 * 1024)],
  ['line breaks only', '\n'.repeat(1024 * 1024)],
  ['CR and LF in turn', '\r\n'.repeat(512 * 1024)],
  ['emoji', '👩‍🚀'.repeat(96 * 1024)],
] as const) {
  test(`1 MiB of ${what} comes out as it went in`, () => {
    const { events } = read(encodeEvent('e-1', parseDraft({ data }).event), [1, 65_536, 65_537, 700_001]);
    assert.equal(events.length, 1);
    assert.equal(events[0]?.data, data.replaceAll('\r\n', '\n'));
  });
}

test('JSON data comes out as the value it was', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false } as object), (value) => {
      const [received] = read(encodeEvent('e-1', parseDraft({ data: value }).event), []).events;
      assert.deepEqual(
        typeof value === 'string' ? received?.data : JSON.parse(received?.data ?? ''),
        JSON.parse(JSON.stringify(lf(value))),
      );
    }),
  );
  /** A string is sent as it is, so its line breaks become LF. */
  function lf(value: unknown): unknown {
    return typeof value === 'string' ? value.split(/\r\n|\r|\n/).join('\n') : value;
  }
});
