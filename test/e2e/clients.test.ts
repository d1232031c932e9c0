import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { Browser } from 'playwright-core';
import { App } from '../../src/app.ts';
import { parseOptions } from '../../src/config/parse.ts';
import type { DraftInput } from '../../src/event/draft.ts';
import { launchChromium, whyNoChromium } from '../support/chromium.ts';
import { Relay } from '../support/relay.ts';
import { CLIENTS, type Connect, inBrowser, StreamClient } from './stream-clients.ts';

const TYPES = ['message', 'price', 'Préis 🎉', 'two words', 'toString'];
const EVENTS = 1000;
const LARGE = 64 * 1024;

/** What an event of a stream may be. Of all kinds; one that begins with an empty line is left out, since fetch-event-source drops that line. */
const KINDS: readonly ((n: number) => string)[] = [
  (n) => `${n}`,
  (n) => `${n}\nsecond line\n\nfourth line\n`,
  () => '',
  (n) => `  spaces, : a colon, ${n}`,
  (n) => JSON.stringify({ n, text: 'Größe 漢字 🧑‍🚀 \u2028 \u00a0' }),
  (n) => `data: ${n}\nid: 7\nevent: x`,
  (n) => `${n} ${'é漢🎉'.repeat(LARGE / 9)}`,
];

const MIXED = Array.from({ length: EVENTS }, (_, n) => ({
  event: TYPES[n % TYPES.length] as string,
  // The large ones are rarer.
  data: KINDS[n % 20 === 13 ? 6 : n % 6]?.(n) as string,
}));

/** A server of its own for a client, and a relay in between. */
interface Bench {
  readonly app: App;
  readonly relay: Relay;
  readonly client: StreamClient;
}

async function connected(t: TestContext, connect: Connect, query = ''): Promise<Bench> {
  const app = await App.open(parseOptions({ port: 0, retry: '500ms', drainTime: '100ms' }), {
    production: false,
    portAsked: true,
    observe: () => {},
  });
  const { sse, port } = await app.start();
  t.after(() => app.stop());
  const relay = await Relay.start(t, port);
  const client = new StreamClient();
  t.after(() => client.close());
  await connect(client, relay.through(sse + query), TYPES);
  await client.until('it is connected', () => client.told('sse.open') === 1);
  return { app, relay, client };
}

const publish = async ({ app }: Bench, drafts: readonly DraftInput[]): Promise<void> => {
  for (const draft of drafts) await app.publish(draft, 'test');
};
const endAll = ({ app }: Bench, reason: 'kicked' | 'slow') => {
  for (const cursor of [...app.hub.clients()]) cursor.end(reason);
};

/** What ends a stream, in the middle of a burst. */
const CUTS: readonly { name: string; cut(bench: Bench, burst: readonly DraftInput[]): Promise<void> }[] = [
  {
    name: 'a goodbye',
    async cut(bench, burst) {
      await publish(bench, burst);
      endAll(bench, 'kicked');
    },
  },
  {
    name: 'a reset on the way',
    async cut(bench, burst) {
      await publish(bench, burst);
      bench.relay.cut();
    },
  },
  {
    name: 'an end in the middle of an event',
    async cut(bench, burst) {
      // Nothing else is on its way, so the place is always the same: within the first large event.
      await bench.client.has(bench.app.hub.events);
      const cut = bench.relay.cutAfter(LARGE / 2);
      await publish(bench, burst);
      await cut;
    },
  },
  {
    name: 'a reset by the server',
    async cut(bench, burst) {
      await publish(bench, burst);
      endAll(bench, 'slow');
    },
  },
  {
    name: 'a goodbye at the very beginning',
    async cut(bench, burst) {
      const opened = bench.client.told('sse.open');
      endAll(bench, 'kicked');
      await bench.client.until('it is back', () => bench.client.told('sse.open') > opened);
      endAll(bench, 'kicked');
      await publish(bench, burst);
    },
  },
];

/** Everything that is asked of each client. */
function behaves(name: string, connect: () => Connect): void {
  it(`${name} receives ${EVENTS} mixed events in order and once, over ${CUTS.length} cuts`, async (t) => {
    const bench = await connected(t, connect());
    const share = EVENTS / CUTS.length;
    for (const [round, { name: what, cut }] of CUTS.entries()) {
      const drafts = MIXED.slice(round * share, (round + 1) * share);
      await publish(bench, drafts.slice(0, 100));
      await bench.client.has(round * share + 50);
      await cut(bench, drafts.slice(100, 150));
      await publish(bench, drafts.slice(150));
      await bench.client.has((round + 1) * share).catch((error: Error) => {
        throw new Error(`after ${what}: ${error.message}`, { cause: missing(bench.client, (round + 1) * share) });
      });
    }
    const received = bench.client.events.map(({ type, data }) => ({ event: type, data }));
    assert.deepEqual(received, MIXED);
    const sequences = bench.client.events.map(({ id }) => Number(id.split('-')[1]));
    assert.deepEqual(
      sequences,
      Array.from(MIXED, (_, n) => n + 1),
    );
    assert.equal(bench.client.told('sse.gap'), 0);
    assert.equal(bench.client.told('sse.open'), CUTS.length + 2);
  });

  it(`${name}, cut before its first event, gets the one that was published meanwhile`, async (t) => {
    const bench = await connected(t, connect());
    bench.relay.cut();
    await publish(bench, [{ data: 'meanwhile' }]);
    await bench.client.has(1);
    assert.deepEqual(
      bench.client.events.map(({ data }) => data),
      ['meanwhile'],
    );
    assert.equal(bench.client.told('sse.gap'), 0);
  });

  it(`${name} of topic a, back after 1 500 events to topic b, is told of no gap`, async (t) => {
    const bench = await connected(t, connect(), '?topic=a');
    const { client } = bench;
    await publish(bench, Array(1500).fill({ topics: 'b', data: 'for others' }));
    await client.until('it is told a position that is still kept', () =>
      client.controls.some(({ type, id }) => type === 'sse.cursor' && Number(id.split('-')[1]) >= 500),
    );
    bench.relay.cut();
    await client.until('it is back', () => client.told('sse.open') + client.told('sse.gap') === 2);
    await publish(bench, [{ topics: 'a', data: 'for it' }]);
    await client.has(1);
    assert.equal(client.told('sse.gap'), 0);
    assert.deepEqual(
      client.events.map(({ data }) => data),
      ['for it'],
    );
  });
}

/** Which events a client should have and has not, for the error. */
function missing(client: StreamClient, count: number): string {
  const has = new Set(client.events.map(({ id }) => id.split('-')[1]));
  const lost = Array.from({ length: count }, (_, n) => String(n + 1)).filter((sequence) => !has.has(sequence));
  return `it lacks ${lost.join(', ')}`;
}

describe('clients from npm', { concurrency: true }, () => {
  for (const [name, connect] of Object.entries(CLIENTS)) behaves(name, () => connect);
});

describe("Chromium's EventSource", { skip: whyNoChromium(), concurrency: true }, () => {
  let browser: Browser;
  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser.close());
  behaves('it', () => inBrowser(browser));
});
