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

/** What was published, as the publisher said it. */
interface Published {
  readonly to: 'all' | Profile;
  readonly rule: Rule;
  readonly time: number;
}

const RULES = ['none', 'ttl', 'history', 'supersedes'] as const;
type Rule = (typeof RULES)[number];
const TTL = 5000;

/** One stream of a reader's. */
interface Connection {
  readonly client: FakeClient;
  /** The head and the time when it attached. */
  readonly head: number;
  readonly time: number;
}

/** Someone who comes back with the last id whenever the stream ends. */
interface Reader {
  readonly profile: Profile;
  /** Where it stood when its last stream ended. */
  position: number;
  connection: Connection;
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      to: fc.constantFrom('all', 'a', 'b'),
      size: fc.constantFrom(1, 30_000),
      rule: fc.constantFrom<Rule>('none', ...RULES),
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
      const published: Published[] = [];
      const readers: Reader[] = [];

      const connect = (profile: Profile, position = {}): Connection => {
        const { time } = bench;
        return { client: bench.attach({ profile }, position), head: published.length, time };
      };
      /** Takes over what a stream that ended had brought, and comes back. */
      const reconnect = (reader: Reader) => {
        const { lastId } = reader.connection.client;
        verify(reader, published, bench.time, sequenceOf(lastId));
        reader.connection = connect(reader.profile, { lastEventId: lastId });
      };
      for (const action of steps) {
        if (action.do === 'publish') {
          const { to, rule } = action;
          const audience = to === 'all' ? {} : { filter: { profile: to } };
          published.push({ to: to as Published['to'], rule, time: bench.time });
          await bench.publish({ data: `${published.length}:${'x'.repeat(action.size)}`, ...audience, ...FIELDS[rule] });
        } else if (action.do === 'turn') bench.turn();
        else if (action.do === 'settle') bench.settle();
        else if (action.do === 'beat') bench.beat(action.beats);
        else if (action.do === 'join') {
          readers.push({ profile: action.profile, connection: connect(action.profile), position: published.length });
        } else {
          const reader = readers[action.who];
          if (!reader) continue;
          const { client } = reader.connection;
          if (action.do === 'fill') client.full = true;
          if (action.do === 'drain') client.drain();
          if (action.do === 'cut') client.cursor.detach();
          if (action.do === 'kick') client.cursor.end('kicked');
          if (client.cursor.place === 'gone') reconnect(reader);
        }
      }
      for (const reader of readers) {
        for (let rounds = 0; ; rounds++) {
          assert(rounds < 1000, 'comes to an end');
          bench.settle();
          const { client } = reader.connection;
          if (client.cursor.place === 'gone') reconnect(reader);
          else if (client.cursor.place === 'live') break;
          else client.drain();
        }
        verify(reader, published, bench.time, published.length);
      }
    }),
    { numRuns: Number(process.env.RUNS ?? 400) },
  );
});

const FIELDS = {
  none: {},
  ttl: { ttl: `${TTL}ms` },
  history: { history: false },
  supersedes: { supersedes: 'the one key' },
} as const;

function sequenceOf(id: string | undefined): number {
  return Number(id?.split('-')[1]);
}

/**
 * Holds a stream that has ended, or stands at the head, against what was published: from where the one before it ended
 * up to here, everything meant for the client came once and in order, unless a gap was told before.
 * @param now when it ended @param to the position up to which it has been served
 */
function verify(reader: Reader, published: readonly Published[], now: number, to: number): void {
  const { profile, connection } = reader;
  const { client, head, time } = connection;
  const [gap] = client.control('sse.gap');
  const from = sequenceOf(client.received[0]?.id);
  if (gap) assert.deepEqual([gap.data.reason, gap.data.missed], ['evicted', from - reader.position]);
  else assert.equal(from, reader.position);
  const got = client.data.map((data) => Number.parseInt(data, 10));
  const isFor = (audience: string) => audience === 'all' || audience === profile;

  const expected: number[] = [];
  for (let sequence = from + 1; sequence <= to; sequence++) {
    const { to: audience, rule, time: since } = published[sequence - 1] as Published;
    if (!isFor(audience)) continue;
    const isReplay = sequence <= head;
    if (isReplay && rule === 'history') continue;
    const newer = published.slice(sequence, head).some((other) => other.rule === 'supersedes' && isFor(other.to));
    if (isReplay && rule === 'supersedes' && newer) continue;
    // A time to live that is over while it reads may be seen either way.
    if (isReplay && rule === 'ttl' && since + TTL <= now && (since + TTL <= time || !got.includes(sequence))) continue;
    expected.push(sequence);
  }
  assert.deepEqual(got, expected);
  reader.position = to;
}
