import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EventFeed, type FeedEvent, type FeedParts } from '../../src/cli/event-feed.ts';
import { broken, StreamDouble, status, stream } from './stream-double.ts';

interface Followed {
  readonly events: FeedEvent[];
  readonly told: string[];
  /** How long it waited before each new attempt, in ms. */
  readonly waits: number[];
  readonly feed: EventFeed;
}

/** Follows to the end, with no time between the attempts. */
async function follow(double: { readonly url: string }, parts: Partial<FeedParts> = {}): Promise<Followed> {
  const [events, told, waits]: [FeedEvent[], string[], number[]] = [[], [], []];
  const feed = new EventFeed({
    url: double.url,
    headers: () => ({}),
    lastEventId: '',
    signal: new AbortController().signal,
    tell: (sentence) => void told.push(sentence),
    sleep: async (ms) => void waits.push(ms),
    random: () => 0,
    ...parts,
  });
  for await (const event of feed.events()) events.push(event);
  return { events, told, waits, feed };
}

const data = ({ events }: Followed) => events.map((event) => event.data);

describe('A feed of events', () => {
  it('goes on where it was when its stream ends or breaks off, and takes half an event for none', async (t) => {
    const double = await StreamDouble.start(
      t,
      stream('id: a-1\ndata: one\n\n'),
      broken('id: a-2\ndata: two\n\nid: a-3\ndata: thr'),
      stream('id: a-3\ndata: three\n\nid: a-4\ndata: four\n'),
      stream('id: a-4\ndata: four\n\n'),
    );
    const followed = await follow(double);
    assert.deepEqual(data(followed), ['one', 'two', 'three', 'four']);
    assert.deepEqual(double.cursors, [undefined, 'a-1', 'a-2', 'a-3', 'a-4']);
    assert.equal(followed.feed.position, 'a-4');
    assert.match(followed.told[0] ?? '', /^the stream broke off; trying again in 2\.0 s$/);
    assert.equal(followed.told.at(-1), 'the server has no more (204)');
  });

  it('begins where it is told, in whatever letters', async (t) => {
    const double = await StreamDouble.start(t, stream('data: x\n\n'));
    const { events } = await follow(double, { lastEventId: 'Größe-7' });
    assert.equal(Buffer.from(double.cursors[0] ?? '', 'latin1').toString('utf8'), 'Größe-7');
    assert.deepEqual(events, [{ type: 'message', id: 'Größe-7', data: 'x' }], 'an event without id leaves it as it was');
  });

  it('reads what anybody may send', async (t) => {
    const bytes = Buffer.from(
      '\ufeffdata: 😀\r\ndata:  b\r\r\n: comment\nevent: t\ndata\nid: 1\n\nid: 2\nevent: nothing\n\ndata: c\nid: x\0y\n\nid\ndata: d\n\n',
    );
    // Byte by byte, so that letters and line ends are cut.
    const followed = await follow(await StreamDouble.start(t, stream(...[...bytes].map((byte) => Uint8Array.of(byte)))));
    assert.deepEqual(followed.events, [
      { type: 'message', id: '', data: '😀\n b' },
      { type: 't', id: '1', data: '' },
      { type: 'message', id: '1', data: 'c' },
      { type: 'message', id: '', data: 'd' },
    ]);
  });

  it('keeps control events to itself, and moves with their ids', async (t) => {
    const open = 'retry: 3000\nevent: sse.open\ndata: {"client":"1"}\nid: a-5\n\n';
    const cursor = 'event: sse.cursor\ndata:\nid: a-9\n\n';
    const double = await StreamDouble.start(t, stream(open, 'data: x\nid: a-6\n\n', cursor), stream(''));
    const followed = await follow(double);
    assert.deepEqual(data(followed), ['x']);
    assert.deepEqual(double.cursors, [undefined, 'a-9', 'a-9']);
    assert.deepEqual(followed.waits, [3000, 3000]);
  });

  it('tells what was missed, and why a stream ended', async (t) => {
    const gap = 'event: sse.gap\ndata: {"requested":"a-1","from":"a-13","missed":12,"reason":"evicted"}\nid: a-13\n\n';
    const double = await StreamDouble.start(
      t,
      stream(gap, 'event: sse.bye\ndata: {"reason":"shutdown"}\nid: a-13\n\n'),
      stream('event: sse.gap\ndata: {"missed":null,"reason":"epoch","from":"b-0"}\n\n', 'event: sse.gap\ndata: 7\n\n'),
    );
    const { told } = await follow(double);
    assert.deepEqual(told, [
      'gap: 12 events missed (evicted); going on after a-13',
      'the server ended the stream (shutdown); trying again in 2.0 s',
      'gap: an unknown number of events missed (epoch); going on after b-0',
      'gap: an unknown number of events missed (undefined); going on after undefined',
      'the stream broke off; trying again in 2.0 s',
      'the server has no more (204)',
    ]);
  });

  it('ends with a stream that is complete', async (t) => {
    const double = await StreamDouble.start(
      t,
      stream('data: x\nid: 1\n\nevent: sse.bye\ndata: {"reason":"complete"}\nid: 1\n\n'),
    );
    assert.deepEqual((await follow(double)).told, []);
    assert.equal(double.asked.length, 1);
  });

  it('waits longer and longer while nothing comes, never longer than half a minute, and as before when something did', async (t) => {
    const failures = Array.from({ length: 6 }, () => status(503, {}, 'busy'));
    const double = await StreamDouble.start(t, stream('retry: 1000\ndata: x\n\n'), ...failures, stream('data: y\n\n'));
    const { waits, told } = await follow(double);
    assert.deepEqual(waits, [1000, 1000, 2000, 4000, 8000, 16_000, 30_000, 1000]);
    assert.match(told[1] ?? '', /^http:\/\/127\.0\.0\.1:\d+ answers 503: busy; trying again in 1\.0 s$/);
  });

  it('spreads its attempts, and waits at least as long as the server says', async (t) => {
    const double = await StreamDouble.start(
      t,
      stream(''),
      status(429, { 'retry-after': '7' }),
      status(503, { 'retry-after': 'soon' }),
    );
    const { waits } = await follow(double, { random: () => 0.999 });
    assert(waits[0] && waits[0] > 2490 && waits[0] < 2500, String(waits[0]));
    assert.equal(waits[1], 7000);
    assert(waits[2] && waits[2] > 9990 && waits[2] < 10_000, String(waits[2]));
  });

  it('lets no server make it hammer, or wait for ever', async (t) => {
    const double = await StreamDouble.start(t, stream('retry: 0\ndata: x\n\n'), stream('retry: 99999999999\ndata: x\n\n'));
    assert.deepEqual((await follow(double)).waits, [100, 3_600_000]);
  });

  for (const [answer, message] of [
    [status(401, {}, '{"detail":"a token is needed"}'), /answers 401: a token is needed$/],
    [status(403, {}, 'no\nsecond line'), /answers 403: no$/],
    [status(404), /answers 404: no more is said$/],
    [status(301, { location: 'http://b/sse' }), /answers 301: the stream is at http:\/\/b\/sse$/],
    [
      status(200, { 'content-type': 'text/html' }),
      /answers with no event stream, but text\/html; is it the URL of the stream\?$/,
    ],
    [status(200), /answers with no event stream, but no content type/],
  ] as const)
    it(`gives up at once what will stay the same: ${message.source}`, async (t) => {
      const double = await StreamDouble.start(t, stream('data: x\n\n'), answer, stream('data: y\n\n'));
      await assert.rejects(follow(double), { code: 'request-failed', message });
      assert.equal(double.asked.length, 2);
    });

  it('gives up an address at which nobody is, but not a server that it met and that is away', async (t) => {
    await assert.rejects(follow({ url: 'http://127.0.0.1:9/' }), {
      message: 'http://127.0.0.1:9 does not answer: no server listens there',
    });
    const reset = await StreamDouble.start(t, stream('data: x\n\n'), (res) => void res.destroy(), stream('data: y\n\n'));
    assert.deepEqual(data(await follow(reset)), ['x', 'y']);
  });

  it('gives up a server that sends an event without end', async (t) => {
    const piece = `data: ${'x'.repeat(1024 * 1024)}\n`;
    const double = await StreamDouble.start(t, stream(...Array.from({ length: 70 }, () => piece)));
    await assert.rejects(follow(double), { message: 'the server sends an event without end' });
  });

  it('asks for its headers anew each time', async (t) => {
    let token = 0;
    const double = await StreamDouble.start(t, stream('data: x\n\n'));
    await follow(double, { headers: () => ({ authorization: `Bearer ${++token}` }) });
    assert.deepEqual(
      double.asked.map(({ accept, authorization }) => [accept, authorization]),
      [
        ['text/event-stream', 'Bearer 1'],
        ['text/event-stream', 'Bearer 2'],
      ],
    );
  });

  it('ends with its signal wherever it is: asking, reading, waiting', async (t) => {
    const controller = () => {
      const made = new AbortController();
      setTimeout(() => made.abort(), 20);
      return made;
    };
    const silent = await StreamDouble.start(t, () => {});
    await follow(silent, { signal: controller().signal });
    const open = await StreamDouble.start(
      t,
      (res) => void res.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n'),
    );
    await follow(open, { signal: controller().signal });
    const away = await StreamDouble.start(t, status(503));
    const { signal } = controller();
    await follow(away, { signal, sleep: () => new Promise((resolve) => signal.addEventListener('abort', resolve)) });
    assert.deepEqual(
      [silent, open, away].map(({ asked }) => asked.length),
      [1, 1, 1],
    );
  });
});
