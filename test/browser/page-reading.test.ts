import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchChromium, until, type WatchedPage, watchedPage, whyNoChromium } from '../support/chromium.ts';
import { PageDouble, type Stream } from '../support/page-double.ts';

/** How the page reads: for a keyboard, a screen reader, a small screen, a busy stream and a hostile one. */
describe('the page, read', { skip: whyNoChromium() }, () => {
  let browser: Browser;
  let server: PageDouble;
  let watched: WatchedPage;
  let page: Page;
  let axe: string;

  before(async () => {
    browser = await launchChromium();
    axe = await readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
  });
  after(() => browser.close());
  afterEach(async () => {
    await page.context().close();
    await server.stop();
    assert.deepEqual(watched.complaints, []);
  });

  async function open(options: BrowserContextOptions = {}, query = ''): Promise<void> {
    server = await PageDouble.start();
    watched = await watchedPage(browser, options);
    page = watched.page;
    await page.goto(`${server.origin}/${query}`);
  }
  async function connected(options?: BrowserContextOptions): Promise<Stream> {
    await open(options, '?connect&profile=Administrator&login=ada&topic=prices');
    return server.stream(1);
  }
  const rows = (count: number) => until(page, `document.querySelectorAll('#events .event').length === ${count}`);
  const focused = () => page.evaluate('document.activeElement.id || document.activeElement.className') as Promise<string>;
  const atEnd = () => until(page, 'events.scrollHeight - events.scrollTop - events.clientHeight < 2');

  /** A bit of everything that the list can show. */
  function everything(stream: Stream): void {
    stream.send('hello');
    stream.send('{"eur":9.5,"lots":[1,2]}', 'price');
    stream.send('', 'ping');
    stream.send('long '.repeat(1_000), 'notice');
    stream.control('sse.gap', { requested: 'k3f9-1', from: 'k3f9-4', missed: 12, reason: 'evicted' });
    stream.control('sse.bye', { reason: 'max-age' });
  }
  async function violations(): Promise<string[]> {
    await page.evaluate(axe);
    return page.evaluate(
      'axe.run(document).then(({ violations }) => violations.map((each) => each.id + ": " + each.nodes.map((node) => node.html).join(" | ")))',
    );
  }

  // Colours go by the scheme, and places by the width.
  for (const [colorScheme, width] of [
    ['light', 1_280],
    ['dark', 320],
  ] as const) {
    it(`has no axe violation in ${colorScheme}, ${width} px wide, and never scrolls sideways`, async () => {
      await open(
        {
          colorScheme,
          viewport: { width, height: 800 },
          reducedMotion: 'reduce',
        },
        '?profile=Administrator',
      );
      assert.deepEqual(await violations(), [], 'at first');
      server.opening = (stream) => stream.control('sse.open', { client: 'c', authenticated: false, profile: '' });
      await page.click('#btnConnect');
      everything(await server.stream(1));
      await rows(4);
      assert.deepEqual(await violations(), [], 'connected, with events and a warning');
      await page.evaluate('events.scrollTop = 0');
      await page.locator('#btnLatest').waitFor();
      assert.deepEqual(await violations(), [], 'scrolled up');
      server.answers.push((_, response) => response.writeHead(403).end());
      (await server.stream(1)).end();
      await page.locator('[data-state="refused"]').waitFor();
      assert.deepEqual(await violations(), [], 'refused');
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
    });
  }

  it('can be used with the keyboard alone, and the focus is never lost', async () => {
    await open();
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'btnConnect');
    await page.keyboard.press('Enter');
    await server.stream(1);
    await page.locator('#status', { hasText: 'Connected' }).waitFor();
    assert.equal(await focused(), 'btnDisconnect');
    const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
    assert.equal(outline, 'solid');
    await page.keyboard.press('Space');
    await page.locator('#status', { hasText: 'Disconnected' }).waitFor();
    assert.equal(await focused(), 'btnConnect');

    const order: string[] = [];
    for (let step = 0; step < 9; step++) {
      await page.keyboard.press('Tab');
      order.push(await focused());
    }
    assert.deepEqual(order, ['btnClear', 'events', 'profile', 'login', 'identity', 'topics', 'start', 'small', 'small']);
    await page.focus('#topics');
    await page.keyboard.type('prices');
    await page.keyboard.press('Enter');
    assert.equal((await server.stream(2)).url.search, '?topic=prices');
    await page.locator('#status', { hasText: 'Connected' }).waitFor();
    assert.equal(await focused(), 'topics');
    await page.focus('#btnClear');
    await page.keyboard.press('Enter');
    await page.locator('#empty').waitFor();
    assert.equal(await focused(), 'events');
  });

  it('tells a screen reader the status and each event, but not the seconds', async () => {
    const stream = await connected();
    stream.send('hello');
    await rows(1);
    assert.equal(await page.getByRole('status').filter({ hasText: 'Connected as Administrator' }).count(), 1);
    const log = page.getByRole('log', { name: 'Events, newest last' });
    assert.match((await log.textContent()) ?? '', /hello/);
    assert.equal(await page.locator('[role=status] #countdown, [aria-live] #countdown').count(), 0);
    for (const name of ['Profile', 'Login', 'Id', 'Topics', 'Start with'])
      assert.equal(await page.getByLabel(name, { exact: true }).count(), 1, name);
  });

  it('shows what a hostile publisher sends as text', async () => {
    const evil = `<img src=x onerror="alert(1)"><script>alert(2)</script>`;
    server = await PageDouble.start();
    server.opening = (stream) => stream.control('sse.open', { client: evil, authenticated: true, profile: evil });
    server.opening = ((first) => (stream) => {
      first(stream);
      stream.control('sse.gap', { missed: evil, reason: evil, requested: evil });
      stream.control('sse.bye', { reason: '__proto__' });
      stream.control(`sse.${evil}`, { evil });
      stream.raw('event: sse.open\ndata: null\n\nevent: sse.gap\ndata: [\n\nevent: sse.bye\ndata: 7\n\n');
      stream.send(evil, evil, evil);
      stream.send(`{"a":"${evil.replaceAll('"', '\\"')}"}`, '__proto__');
      stream.send('javascript:alert(3)', '\u202Etxet\u202D');
    })(server.opening);
    watched = await watchedPage(browser);
    page = watched.page;
    await page.goto(`${server.origin}/?connect&profile=${encodeURIComponent(evil)}&path=//evil.test/`);
    await rows(3);
    assert.equal(await page.locator('.event .type').first().textContent(), evil);
    assert.equal(await page.locator('.event .id').first().textContent(), evil);
    assert.equal(await page.locator('.event .data').first().textContent(), evil);
    assert.equal(await page.locator('#events').locator('img, script, a, iframe').count(), 0);
    assert.equal(await page.locator('script').count(), 1);
  });

  it('keeps the last 1 000 events, and follows the end', async () => {
    const stream = await connected();
    for (let n = 1; n <= 2_500; n++) stream.send(`event ${n}`);
    await page.locator('.event', { hasText: /event 2500$/ }).waitFor();
    assert.equal(await page.locator('#events > *').count(), 1_000);
    assert.match((await page.locator('.event').first().textContent()) ?? '', /event 1501$/);
    assert.equal(await page.textContent('#count'), 'the last 1,000 of 2,500');
    await atEnd();
    assert.equal(await page.locator('#btnLatest').isVisible(), false);
  });

  it('stays where the person has scrolled to, and leads back', async () => {
    const stream = await connected({ viewport: { width: 1_280, height: 800 } });
    for (let n = 1; n <= 100; n++) stream.send(`event ${n}`);
    await rows(100);
    await atEnd();
    await page.focus('#events');
    await page.keyboard.press('Home');
    await until(page, 'events.scrollTop === 0');
    await page.locator('#btnLatest').waitFor();
    for (let n = 1; n <= 3; n++) stream.send('more');
    await page.locator('#btnLatest', { hasText: 'Jump to latest, 3 new' }).waitFor();
    assert.equal(await page.evaluate('events.scrollTop'), 0);
    await page.focus('#btnLatest');
    await page.keyboard.press('Enter');
    await atEnd();
    assert.equal(await focused(), 'events');
    stream.send('and more');
    await rows(104);
    await atEnd();
    assert.equal(await page.locator('#btnLatest').isVisible(), false);
  });

  it('clips long data until it is asked for all of it', async () => {
    const stream = await connected();
    stream.send('x'.repeat(5_000));
    const more = page.getByRole('button', { name: 'Show all 5,000 characters' });
    await more.click();
    assert.equal((await page.textContent('.event .data'))?.length, 5_000);
    assert.equal(await page.getByRole('button', { name: 'Show less' }).getAttribute('aria-expanded'), 'true');
  });

  it('copies a line that publishes', async () => {
    await open({ permissions: ['clipboard-read', 'clipboard-write'] });
    await page.getByRole('button', { name: 'Copy' }).first().click();
    await page.locator('#copied', { hasText: 'Copied' }).waitFor();
    assert.equal(await page.evaluate('navigator.clipboard.readText()'), `curl -d hello ${server.origin}/admin/broadcast`);
  });

  it('counts in its title what came while it was hidden', async () => {
    const stream = await connected();
    await page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })");
    stream.send('one');
    stream.send('two');
    await until(page, "document.title === '(2) sse-server'");
    await page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))");
    assert.equal(await page.title(), 'sse-server');
  });
});
