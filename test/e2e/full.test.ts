import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { launchChromium, whyNoChromium } from '../support/chromium.ts';
import { startProgram } from '../support/program.ts';
import { Reader } from './reader.ts';
import { CLIENTS, type Connect, inBrowser, StreamClient } from './stream-clients.ts';

/** Places; more than there are clients, since the page in the browser has a stream of its own. */
const PLACES = 8;

const NAMES = ['eventsource', 'eventsource-client', 'launchdarkly-eventsource', '@microsoft/fetch-event-source'];

/** By the path of the stream, which the log has. */
const OTHERS = Object.fromEntries(NAMES.map((name) => [`/${name.replace(/\W/g, '-')}`, CLIENTS[name] as Connect]));

describe('at the limit', { skip: whyNoChromium() }, () => {
  let browser: Browser;
  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser.close());

  it('Chromium and four clients from npm are put off, and in again by themselves when there is room', async (t) => {
    const clients: Record<string, Connect> = { '/chromium': inBrowser(browser), ...OTHERS };
    const paths = Object.keys(clients);
    const program = await startProgram(t, [
      '--max-clients',
      String(PLACES),
      ...['/sse', ...paths].flatMap((path) => ['--sse-path', path]),
    ]);
    const refusals = (path: string) =>
      program.log.filter((line) => line.msg === 'refused' && line.code === 'at-capacity' && line.path === path).length;

    const holders = await Promise.all(Array.from({ length: PLACES }, () => Reader.open(t, program.sse)));
    await Promise.all(holders.map((holder) => holder.until('it is in', () => holder.control('sse.open').length === 1)));
    const connected = await Promise.all(
      Object.entries(clients).map(async ([path, connect]) => {
        const client = new StreamClient();
        t.after(() => client.close());
        await connect(client, new URL(path, program.url).href, []);
        return { path, client };
      }),
    );
    await program.until('all are put off', () => paths.every((path) => refusals(path) > 0));
    for (const { client } of connected) assert.equal(client.told('sse.open'), 0);
    const before = new Map(paths.map((path) => [path, refusals(path)]));
    for (const holder of holders) holder.close();
    // All at the same time, since each waits for 5 to 15 s.
    await Promise.all(
      connected.map(async ({ path, client }) => {
        await client.until(`${path} is in`, () => client.told('sse.open') === 1);
        assert(refusals(path) - (before.get(path) ?? 0) <= 1, `${path} needed more than two retries`);
      }),
    );
  });
});
