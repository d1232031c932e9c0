import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { launchChromium, watchedPage, whyNoChromium } from '../support/chromium.ts';
import { type Program, ROOT, startProgram, temporaryFolder } from '../support/program.ts';
import { eventually, makeCertificate, PROXIES, type RunningProxy, startProxy, whyNoProxies } from './proxies.ts';
import { type Asking, ask, type Timed, TimedStream, type Version } from './timed-stream.ts';

/**
 * What config/ and the README tell people to put before the server, with Debian's nginx, HAProxy and Caddy. `IDLE=600` is how long
 * nothing is sent before the burst, in seconds, with the heartbeat that the server has by default.
 */

const IDLE = Number(process.env.IDLE ?? 0);
const BURST = 300;
/** In ms. Only a stream that is held back takes so long; a machine that is busy may take most of it. What it took is reported. */
const PROMPT = 1000;
const TOKEN = 'example-token-of-ada';

/** What a page's EventSource has got. */
interface Seen {
  /** How often it was open: the server or, in its place, the proxy answered 200. */
  opens: number;
  /** How often that was the server. */
  greetings: number;
  gaps: number;
  events: Timed[];
}

describe('behind nginx, HAProxy and Caddy as config/ sets them up', { skip: whyNoProxies() || whyNoChromium() }, () => {
  const done: (() => void | Promise<void>)[] = [];
  const cleanup = { after: (step: () => void | Promise<void>) => void done.unshift(step) };
  const store = join(temporaryFolder(), 'log');
  const users = join(ROOT, 'config/users.example.json');
  const fixed = ['--trust-proxy', 'loopback', '--max-age', 'off', '--users', users, '--store', store, '--retry', '500ms'];
  const args = IDLE ? fixed : [...fixed, '--heartbeat', '1s'];
  let program: Program;
  let proxies: readonly RunningProxy[];
  let browser: Browser;
  let ca: string;
  const from = (asking: Omit<Asking, 'ca'> = {}): Asking => ({ ca, ...asking });

  before(async () => {
    const certificates = makeCertificate();
    ca = readFileSync(join(certificates, 'events.example.com.crt'), 'utf8');
    program = await startProgram(cleanup, args);
    browser = await launchChromium();
    cleanup.after(() => browser.close());
    proxies = await Promise.all(PROXIES.map((name) => startProxy(cleanup, name, program.port, certificates)));
  });
  after(async () => {
    for (const step of done) await step();
  });

  /** A page of the server's own, with an EventSource. It comes over HTTP/2, so that a seventh tab gets its stream as well. */
  async function openPage(t: TestContext, { url }: RunningProxy): Promise<Page> {
    const { page } = await watchedPage(browser, { ignoreHTTPSErrors: true });
    t.after(() => page.context().close());
    await page.goto(url);
    assert.equal(await page.evaluate('performance.getEntriesByType("navigation")[0].nextHopProtocol'), 'h2');
    await page.evaluate(`{
      const seen = globalThis.seen = { opens: 0, greetings: 0, gaps: 0, events: [] };
      const source = new EventSource('/sse');
      source.onopen = () => void seen.opens++;
      source.addEventListener('sse.open', () => void seen.greetings++);
      source.addEventListener('sse.gap', () => void seen.gaps++);
      source.onmessage = ({ data, lastEventId: id }) => void seen.events.push({ data, id, at: Date.now() });
    }`);
    await eventually('it is open', async () => (await seenBy(page)).greetings === 1);
    return page;
  }
  const seenBy = (page: Page): Promise<Seen> => page.evaluate('seen');

  it('streams stay open while nothing is sent, and a burst comes at once, whole and in order', async (t) => {
    const nodes: { name: string; stream: TimedStream }[] = [];
    const pages: { name: string; page: Page }[] = [];
    for (const proxy of proxies) {
      for (const version of ['HTTP/1.1', 'HTTP/2'] satisfies Version[])
        nodes.push({
          name: `${proxy.name}, ${version}`,
          stream: await TimedStream.open(t, `${proxy.url}sse`, from({ version })),
        });
      pages.push({ name: `${proxy.name}, Chromium`, page: await openPage(t, proxy) });
    }

    await delay(IDLE * 1000);
    for (const { stream } of nodes) await stream.until('its heart beats', () => stream.heartbeats >= 2);
    for (const { name, stream } of nodes) assert.deepEqual(stream.events, [], name);

    const expected = Array.from({ length: BURST }, (_, i) => String(i));
    const published = Date.now();
    const response = await fetch(`${program.admin}broadcast`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: expected.map((data) => JSON.stringify({ data })).join('\n'),
    });
    assert.equal(response.status, 202);

    const check = (name: string, events: readonly Timed[]) => {
      assert.deepEqual(
        events.map(({ data }) => data),
        expected,
        name,
      );
      const latest = Math.max(...events.map(({ at }) => at)) - published;
      t.diagnostic(`${name}: ${BURST} events, the last ${latest} ms after they were published`);
      assert(latest < PROMPT, `${name}: ${latest} ms`);
    };
    for (const { name, stream } of nodes) {
      await stream.until('all are there', () => stream.events.length >= BURST);
      assert.equal(stream.opens, 1);
      assert.equal(stream.hasEnded, false, name);
      check(name, stream.events);
    }
    for (const { name, page } of pages) {
      await eventually('all are there', async () => (await seenBy(page)).events.length >= BURST);
      const { opens, greetings, gaps, events } = await seenBy(page);
      assert.deepEqual({ opens, greetings, gaps }, { opens: 1, greetings: 1, gaps: 0 }, name);
      check(name, events);
    }
  });

  it('plain HTTP only leads to HTTPS', async () => {
    for (const { name, plain } of proxies) {
      const { status, headers } = await fetch(`${plain}sse`, { redirect: 'manual' });
      assert.equal(status, 308, name);
      assert.match(headers.get('location') ?? '', /^https:\/\/localhost/, name);
    }
  });

  it('admin and metrics are not there, however they are asked for', async () => {
    const broadcasts = () => program.log.filter(({ msg }) => msg === 'broadcast').length;
    const before = broadcasts();
    const plainly = ['/admin', '/admin/', '/admin/stats', '/admin/broadcast?data=x', '/metrics'];
    const otherwise = ['/%61dmin/stats', '//admin/stats', '/x/../admin/stats', '/./metrics'];
    const requests = [...plainly.flatMap((path) => [`GET ${path}`, `POST ${path}`]), ...otherwise.map((path) => `GET ${path}`)];
    const headers = { 'x-forwarded-for': '127.0.0.1' };
    for (const { name, url } of proxies)
      for (const version of ['HTTP/1.1', 'HTTP/2'] satisfies Version[])
        for (const asked of requests) {
          const [method = '', path = ''] = asked.split(' ');
          const { status } = await ask(url, from({ method, version, path, headers }));
          assert.equal(status, 404, `${name}: ${asked} over ${version}`);
        }
    assert.equal(broadcasts(), before);
  });

  it('a client has the address that it comes from, whatever it says of itself', async (t) => {
    const lies = { 'x-forwarded-for': ['203.0.113.9', '198.51.100.7'], forwarded: 'for=203.0.113.9', 'x-real-ip': '203.0.113.9' };
    for (const [i, { name, url }] of proxies.entries())
      for (const version of ['HTTP/1.1', 'HTTP/2'] satisfies Version[]) {
        const localAddress = `127.0.${i + 1}.${version === 'HTTP/2' ? 2 : 1}`;
        await TimedStream.open(t, `${url}sse`, from({ version, localAddress, headers: lies }));
        const response = await fetch(`${program.admin}clients?limit=1000`);
        const { clients } = (await response.json()) as { clients: { ip: string }[] };
        assert(
          clients.some(({ ip }) => ip === localAddress),
          `${name}, ${version}: ${JSON.stringify(clients)}`,
        );
        assert(!clients.some(({ ip }) => /^(203|198)/.test(ip)), JSON.stringify(clients));
      }
  });

  it('nobody chooses the name that a request has in the log', async () => {
    for (const { name, url } of proxies) {
      const { headers } = await ask(url, from({ path: '/livez', headers: { 'x-request-id': 'chosen' } }));
      const given = String(headers['x-request-id']);
      assert.match(given, /^[A-Za-z0-9-]{16,64}$/, name);
    }
  });

  it('credentials reach the server, and no log', async (t) => {
    for (const { name, url, written } of proxies) {
      const headers = { authorization: `Bearer ${TOKEN}` };
      const { status, text } = await ask(`${url}sse/ticket`, from({ method: 'POST', headers }));
      assert.equal(status, 200, `${name}: ${text}`);
      const { ticket } = JSON.parse(text) as { ticket: string };
      const before = await clientsOf('login == "ada"');
      await TimedStream.open(t, `${url}sse?ticket=${ticket}`, from());
      await TimedStream.open(t, `${url}sse`, from({ headers }));
      assert.equal(await clientsOf('login == "ada"'), before + 2, name);
      const refused = await ask(`${url}sse?ticket=${ticket}`, from());
      assert.equal(refused.status, 401);
      await eventually(`${name} has logged it`, () => /\/sse\b.*\b401\b/.test(written()));
      assertSilent(name, written(), [ticket, TOKEN]);
    }
  });

  async function clientsOf(filter: string): Promise<number> {
    const response = await fetch(`${program.admin}clients?filter=${encodeURIComponent(filter)}`);
    return ((await response.json()) as { matched: number }).matched;
  }

  function assertSilent(name: string, written: string, secrets: readonly string[]): void {
    for (const secret of secrets) assert(!written.includes(secret), `${name} wrote ${secret}: ${written}`);
  }

  it('a restart of the server ends no EventSource: each comes back by itself and misses nothing', async (t) => {
    const pages = await Promise.all(proxies.map((proxy) => openPage(t, proxy)));
    const seen = () => Promise.all(pages.map(seenBy));
    await program.publish({ data: 'before' });
    await eventually('all have it', async () => (await seen()).every(({ events }) => events.length === 1));

    const { port } = program;
    await program.kill();
    await Promise.all(
      proxies.map(async ({ name, url, written }) => {
        const asked = `${url}sse?ticket=while-it-is-away`;
        const [browsers, programs] = await Promise.all([
          ask(asked, from({ headers: { accept: 'text/event-stream' } })),
          ask(asked, from()),
        ]);
        assert.equal(browsers.status, 200, name);
        assert.match(String(browsers.headers['content-type']), /^text\/event-stream/, name);
        assert.equal(browsers.headers['cache-control'], 'no-store', name);
        assert.match(browsers.text, /^retry: [1-4]\d{3}\n\n$/, name);
        assert.match(String(programs.status), /^50[23]$/, name);
        await eventually(`${name} has logged it`, () => /\/sse\b.*\b50[23]\b/.test(written()));
        assertSilent(name, written(), ['while-it-is-away']);
      }),
    );
    await eventually('each has come to the proxy in vain', async () => (await seen()).every(({ opens }) => opens >= 2));

    program = await startProgram(cleanup, [...args, '--port', String(port)]);
    await program.publish({ data: 'meanwhile' });
    await eventually('all are back', async () => (await seen()).every(({ greetings }) => greetings === 2));
    await program.publish({ data: 'after' });
    await eventually('all have it', async () => (await seen()).every(({ events }) => events.length >= 3));
    for (const { events, gaps } of await seen()) {
      assert.deepEqual(
        events.map(({ data }) => data),
        ['before', 'meanwhile', 'after'],
      );
      assert.equal(gaps, 0);
    }
  });
});
