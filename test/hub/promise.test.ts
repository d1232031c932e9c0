import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Bench, type FakeClient } from '../support/hub.ts';

/**
 * The promise of the design, held against a plain list of what was published: a client sees every event meant for it
 * once and in order, or is told of the gap before anything newer.
 */

const PROFILES = ['a', 'b'] as const;
type Profile = (typeof PROFILES)[number];

/** Someone who comes back with the last id whenever the stream ends. */
interface Reader {
  readonly profile: Profile;
  client: FakeClient;
  /** Nothing up to here is meant for it. */
  readonly start: number;
  readonly got: number[];
  /** Sequences it was told it may have missed: (from, to]. */
  readonly gaps: [number, number][];
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      to: fc.constantFrom('all', 'a', 'b'),
      size: fc.constantFrom(1, 30_000),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('turn' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('beat' as const), beats: fc.integer({ min: 1, max: 20 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('join' as const), profile: fc.constantFrom(...PROFILES) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('fill' as const, 'drain' as const, 'cut' as const, 'kick' as const),
      who: fc.nat(7),
    }),
  },
);

test('a client sees every event meant for it once and in order, or is told of the gap before anything newer', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 80 }), fc.constantFrom(3, 12, 1000), async (steps, events) => {
      const bench = new Bench({ history: { events, age: 3_600_000, bytes: 16 * 1024 * 1024 } });
      const published: ('all' | Profile)[] = [];
      const readers: Reader[] = [];

      /** Takes over what a stream that ended had brought, and comes back. */
      const reconnect = (reader: Reader) => {
        collect(reader);
        reader.client = bench.attach({ profile: reader.profile }, { lastEventId: reader.client.lastId as string });
      };
      for (const action of steps) {
        if (action.do === 'publish') {
          const audience = action.to === 'all' ? {} : { filter: { profile: action.to } };
          published.push(action.to as 'all' | Profile);
          await bench.publish({ data: `${published.length}:${'x'.repeat(action.size)}`, ...audience });
        } else if (action.do === 'turn') bench.turn();
        else if (action.do === 'settle') bench.settle();
        else if (action.do === 'beat') bench.beat(action.beats);
        else if (action.do === 'join') {
          const client = bench.attach({ profile: action.profile });
          readers.push({ profile: action.profile, client, start: published.length, got: [], gaps: [] });
        } else {
          const reader = readers[action.who];
          if (!reader) continue;
          if (action.do === 'fill') reader.client.full = true;
          if (action.do === 'drain') reader.client.drain();
          if (action.do === 'cut') reader.client.cursor.detach();
          if (action.do === 'kick') reader.client.cursor.end('kicked');
          if (reader.client.cursor.place === 'gone') reconnect(reader);
        }
      }
      for (const reader of readers) {
        for (let rounds = 0; ; rounds++) {
          assert(rounds < 1000, 'comes to an end');
          bench.settle();
          if (reader.client.cursor.place === 'gone') reconnect(reader);
          else if (reader.client.cursor.place === 'live') break;
          else reader.client.drain();
        }
        collect(reader);
        verify(reader, published);
      }
    }),
    { numRuns: Number(process.env.RUNS ?? 400) },
  );
});

function collect({ client, got, gaps }: Reader): void {
  for (const { id, data } of client.control('sse.gap')) {
    const to = Number(id?.split('-')[1]);
    const { missed, reason } = data as { missed: number; reason: string };
    assert.equal(reason, 'evicted');
    gaps.push([to - missed, to]);
  }
  for (const data of client.data) got.push(Number.parseInt(data, 10));
}

function verify({ profile, start, got, gaps }: Reader, published: readonly ('all' | Profile)[]): void {
  const meant = published.flatMap((to, index) => (index + 1 > start && (to === 'all' || to === profile) ? [index + 1] : []));
  const told = (sequence: number) => gaps.some(([from, to]) => sequence > from && sequence <= to);
  const expected = meant.filter((sequence) => got.includes(sequence) || !told(sequence));
  assert.deepEqual(got, expected);
}
