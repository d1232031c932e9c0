import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import type { StreamEvent } from '../../public/event-stream.js';
import { EventStreamParser } from '../../public/event-stream.js';
import { prettyJson } from '../../public/pretty.js';
import { streamAddress, streamPath } from '../../public/wish.js';

interface Read {
  readonly events: StreamEvent[];
  readonly retries: number[];
  readonly lastEventId: string;
}

/** What our parser makes of a stream that comes in these chunks. */
function read(chunks: readonly Uint8Array[], lastEventId = ''): Read {
  const events: StreamEvent[] = [];
  const retries: number[] = [];
  const parser = new EventStreamParser({
    onEvent: (event) => events.push(event),
    onRetry: (time) => retries.push(time),
    lastEventId,
  });
  for (const chunk of chunks) parser.push(chunk);
  return { events, retries, lastEventId: parser.lastEventId };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const readText = (text: string, lastEventId?: string): Read => read([bytes(text)], lastEventId);
const data = (text: string): string[] => readText(text).events.map((event) => event.data);

/** The same bytes, cut at random places: in characters and between CR and LF too. */
function cut(whole: Uint8Array, places: readonly number[]): Uint8Array[] {
  const borders = [0, ...places.map((place) => place % (whole.length + 1)).sort((a, b) => a - b), whole.length];
  return borders.slice(1).map((end, index) => whole.subarray(borders[index], end));
}

const value = fc.string({
  unit: fc.constantFrom('a', '0', '7', ' ', ':', 'é', '🎈', '\u2028', '\uFEFF', '\0', '{', '"'),
  maxLength: 8,
});
const field = fc.constantFrom(
  'data',
  'data',
  'data',
  'event',
  'id',
  'retry',
  'Data',
  'datum',
  '',
  ' data',
  'data ',
  '\uFEFFdata',
);
const line = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  {
    weight: 8,
    arbitrary: fc.tuple(field, fc.constantFrom(':', ': ', ':  ', ''), value).map((parts) => parts.join('')),
  },
);
const ending = fc.constantFrom('\n', '\r', '\r\n');
const stream = fc.tuple(
  fc.constantFrom('', '', '\uFEFF'),
  fc.array(
    fc.tuple(line, ending).map((parts) => parts.join('')),
    { maxLength: 24 },
  ),
);

describe('the event stream parser of the page', () => {
  it('reads what eventsource-parser reads, wherever the chunks are cut', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 12 }), ([mark, lines], places) => {
        // A comment at the end: the other parser waits after a CR for what follows.
        const whole = bytes(`${mark}${lines.join('')}:\n`);
        const ours = read(cut(whole, places));
        const events: {
          type: string;
          data: string;
          id: string | undefined;
        }[] = [];
        const retries: number[] = [];
        const other = createParser({
          onEvent: (event) => events.push({ type: event.event ?? 'message', data: event.data, id: event.id }),
          onRetry: (time) => retries.push(time),
        });
        other.feed(new TextDecoder().decode(whole));
        // It reports the id of the event alone; ours, like a browser, the last one that was set.
        const sameIds = ours.events.map((event, index) => ({
          ...event,
          id: events[index]?.id === undefined ? undefined : event.id,
        }));
        assert.deepEqual(sameIds, events);
        assert.deepEqual(ours.retries, retries);
      }),
      { numRuns: 1_000 },
    );
  });

  it('reads the same from any chunking, down to the last id', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 40 }), ([mark, lines], places) => {
        const whole = bytes(mark + lines.join(''));
        assert.deepEqual(read(cut(whole, places)), read([whole]));
        assert.deepEqual(read(Array.from(whole, (byte) => Uint8Array.of(byte))), read([whole]));
      }),
      { numRuns: 300 },
    );
  });

  it('reads the examples of the specification', () => {
    assert.deepEqual(data('data: YHOO\ndata: +2\ndata: 10\n\n'), ['YHOO\n+2\n10']);
    const second = readText(': test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n');
    assert.deepEqual(second.events, [
      { type: 'message', data: 'first event', id: '1' },
      { type: 'message', data: 'second event', id: '' },
      { type: 'message', data: ' third event', id: '' },
    ]);
    assert.deepEqual(data('data\n\ndata\ndata\n\ndata:'), ['', '\n']);
    assert.deepEqual(data('data:test\n\ndata: test\n\n'), ['test', 'test']);
  });

  it('moves the id at the blank line, also without data, and never for an id with NUL or a block that was cut off', () => {
    assert.equal(readText('id: 5\n\n').lastEventId, '5');
    assert.equal(readText('id: 5\n').lastEventId, '');
    assert.equal(readText('id: 5\n\nid: 6\0\n\n').lastEventId, '5');
    assert.equal(readText('id: 5\n\ndata: x\n\n').events[0]?.id, '5');
    assert.equal(readText('data: x\n\n', '4').events[0]?.id, '4');
    assert.equal(readText('id\n\n', '4').lastEventId, '');
  });

  it('dispatches at once when the blank line ends with CR, without waiting for an LF', () => {
    assert.deepEqual(data('data: x\r\r'), ['x']);
    assert.deepEqual(read([bytes('data: x\r'), bytes('\n'), bytes('\r\n')]).events.length, 1);
  });

  it('takes a reconnection time of digits only', () => {
    assert.deepEqual(readText('retry: 10\nretry: 1e3\nretry: -1\nretry:  5\nretry:\nretry: ٣\nretry: 007\n').retries, [10, 7]);
  });

  it('reads a line that comes in 20 000 chunks in time', () => {
    const chunks = [bytes('data: '), ...Array.from({ length: 20_000 }, () => bytes('x'.repeat(50))), bytes('\n\n')];
    assert.equal(read(chunks).events[0]?.data.length, 1_000_000);
  });
});

describe('indented JSON', () => {
  it('is what JSON.stringify indents, for whatever JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        const parsed: unknown = JSON.parse(text);
        const expected = typeof parsed === 'object' && parsed !== null ? JSON.stringify(parsed, null, 2) : undefined;
        assert.equal(prettyJson(JSON.stringify(parsed)), expected);
      }),
    );
  });

  it('changes white space only: no digit, no escape and no second key is lost', () => {
    const sent = '{"a":12345678901234567890,"a":1.0, "b": "\\u0041\\"{" }';
    assert.equal(prettyJson(sent), '{\n  "a": 12345678901234567890,\n  "a": 1.0,\n  "b": "\\u0041\\"{"\n}');
    assert.equal(prettyJson('[ ]'), '[]');
  });

  it('leaves alone what is no JSON, too long or too deep', () => {
    for (const text of ['', 'hello', '12', '"text"', '{"a":}', '[1,]', '[NaN]', `[${'1,'.repeat(60_000)}1]`])
      assert.equal(prettyJson(text), undefined);
    assert.equal(prettyJson('['.repeat(45_000) + ']'.repeat(45_000)), undefined);
  });
});

describe('the address of the stream', () => {
  const origin = 'http://localhost:2015';
  const wish = { profile: '', login: '', id: '', topics: [], start: 'next' };

  it('is the path that the page was told, or one that its own address names on this server', () => {
    const asked = (search: string): string => streamPath('/sse', { origin, search });
    assert.equal(asked(''), '/sse');
    assert.equal(asked('?path=/api/test/sse'), '/api/test/sse');
    for (const path of ['//evil.test/', '/\\evil.test/', '/\t/evil.test/', 'https://evil.test/', 'javascript:1', 'sse', '']) {
      assert.equal(asked(`?path=${encodeURIComponent(path)}`), '/sse', path);
    }
  });

  it('carries what was filled in, and one topic for each', () => {
    assert.equal(streamAddress('/sse', wish, origin), '/sse');
    const ada = { profile: 'Administrator', login: 'ada', id: '7', topics: ['a b', 'ä&c'], start: 'earliest' };
    assert.equal(
      streamAddress('/sse?x=1', ada, origin),
      '/sse?x=1&profile=Administrator&login=ada&id=7&topic=a+b&topic=%C3%A4%26c&since=earliest',
    );
  });
});
