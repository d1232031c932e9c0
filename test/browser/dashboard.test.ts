import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { launchChromium, until, whyNoChromium } from '../support/chromium.ts';
import { Dashboard, rowsOf, rowWith, says } from './dashboard-server.ts';

/** How long somebody who was kicked for good is watched, in seconds. */
const WATCH = Number(process.env.WATCH ?? 3);

/** What an operator does with it, on the real server. */
describe('the dashboard', { skip: whyNoChromium() }, () => {
  let browser: Browser;
  let dashboard: Dashboard;
  let page: Page;

  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser.close());
  afterEach(async () => assert.deepEqual(await dashboard.stop(), []));

  async function open(count: number): Promise<void> {
    dashboard = await Dashboard.start();
    await dashboard.crowd(count);
    page = await dashboard.open(browser);
  }

  it('shows who is connected, and how many a filter has while it is typed', async () => {
    await open(50);
    await says(page, 'clients-count', '50');
    assert.match((await rowsOf(page, 'clients'))[0] ?? '', /^user0 \w+Administratort0127\.0\.0\.1/);
    const counts = new Set<string>();
    for (const [more, count] of [
      ['profile == "Administrator"', '17 of 50'],
      [' || profile == "Member"', '34 of 50'],
      [' && id == "1"', '18 of 50'],
    ] as const) {
      await page.locator('#clients-filter').pressSequentially(more, { delay: 5 });
      await says(page, 'clients-count', count);
      counts.add((await page.textContent('#clients-said')) ?? '');
    }
    assert.deepEqual([...counts], ['17 of 50 clients', '34 of 50 clients', '18 of 50 clients']);
    assert.equal(await page.locator('#clients-filter').getAttribute('aria-invalid'), 'false');

    await page.fill('#clients-filter', 'profile = "Member"');
    await page.locator('#clients-wrong p').waitFor();
    assert.equal((await page.textContent('#clients-wrong pre'))?.split('\n')[1]?.trimEnd(), '        ^');
    assert.equal(await page.locator('#clients-filter').getAttribute('aria-invalid'), 'true');
    assert.equal(await page.textContent('#clients-count'), '18 of 50', 'what it found before stays');
    await page.fill('#clients-filter', '');
    await says(page, 'clients-count', '50');
    assert.equal(await page.textContent('#clients-wrong'), '');
  });

  it('keeps up with who comes and goes, filtered too', async () => {
    await open(6);
    await page.fill('#clients-filter', 'profile == "Administrator"');
    await says(page, 'clients-count', '2 of 6');
    await dashboard.crowd(3);
    await says(page, 'clients-count', '3 of 9');
    await dashboard.clients[0]?.close();
    await says(page, 'clients-count', '2 of 8');
    await until(page, `document.querySelector('[data-tile="clients"]').textContent === '8'`);
  });

  it('sends to Administrators, to exactly them, and shows the receipt', async () => {
    await open(50);
    await page.fill('#draft-event', 'notice');
    await page.fill('#draft-data', 'for the bosses');
    await page.fill('#draft-filter', 'profile == "Administrator"');
    await page
      .locator('#draft-audience', { hasText: 'For 17 of 50 clients: user0, user3, user6, user9, user12 and 12 more' })
      .waitFor();
    assert.equal(
      await page.textContent('#draft-curl'),
      `curl --json '{"event":"notice","data":"for the bosses","filter":"profile == \\"Administrator\\""}' ${dashboard.admin}broadcast`,
    );
    await page.click('#draft-send');
    await page.locator('#draft-receipt', { hasText: /^17 of 17 clients have it\. \w+-1$/ }).waitFor();
    const row = rowWith(page, 'events', 'notice');
    await row.waitFor();
    await page.locator('[data-tile="delay"]', { hasText: / ms$/ }).waitFor();
    assert.match((await row.textContent()) ?? '', /notice.*for the bosses.*profile == "Administrator".*17/);
    await dashboard.server.publish({ data: 'for all' });
    await Promise.all(
      dashboard.clients.map((client) => client.until('all', () => client.events.some(({ data }) => data === 'for all'))),
    );
    for (const [index, client] of dashboard.clients.entries())
      assert.equal(client.events.length, index % 3 === 0 ? 2 : 1, `user${index}`);

    await row.getByRole('button', { name: /^Look at notice/ }).click();
    await page.locator('#event-receipt', { hasText: '17 of 17 clients have it.' }).waitFor();
    assert.equal(await page.textContent('#event-data'), 'for the bosses');
  });

  it('names what is wrong with an event before it is sent, and sends nothing then', async () => {
    await open(1);
    await page.fill('#draft-filter', 'profil == "x"');
    await page.locator('#draft-wrong p', { hasText: /profile/ }).waitFor();
    await page.click('#draft-send');
    await page.locator('#draft-receipt', { hasText: 'Not sent.' }).waitFor();
    assert.equal(dashboard.server.totals().events, 0);
    await page.fill('#draft-filter', '');
    await page.getByText('More', { exact: true }).click();
    await page.fill('#draft-ttl', 'soon');
    await page.locator('#draft-wrong p', { hasText: 'ttl: must be a duration' }).waitFor();
  });

  it('kicks a client, whose row goes within a second, and which comes back', async () => {
    await open(3);
    const row = rowWith(page, 'clients', 'user1');
    const before = await row.locator('.who').textContent();
    const isGone = `![...document.querySelectorAll('#clients-grid .who')].some((each) => each.textContent === ${JSON.stringify(before)})`;
    assert.equal(await page.evaluate(isGone), false);
    const start = performance.now();
    await row.getByRole('button', { name: 'Kick user1', exact: true }).click();
    await until(page, isGone);
    assert(performance.now() - start < 1000);
    await says(page, 'clients-count', '3');
    await page.locator('#clients-done', { hasText: 'Kicked user1' }).waitFor();
    assert.equal(dashboard.arrivals('user1'), 2);
    assert.deepEqual(await Promise.all([0, 2].map((index) => dashboard.arrivals(`user${index}`))), [1, 1]);
  });

  it('kicks a client for good, which asks once more, is told so, and never asks again', async () => {
    await open(1);
    const other = await (await browser.newContext()).newPage();
    const statuses: number[] = [];
    other.on('response', (response) => {
      if (new URL(response.url()).pathname === '/sse') statuses.push(response.status());
    });
    await other.goto(dashboard.url);
    await other.evaluate(`new EventSource('/sse?login=ada'); undefined`);
    await rowWith(page, 'clients', 'ada').getByRole('button', { name: 'Kick for good: ada' }).click();
    await until(page, `document.getElementById('clients-count').textContent === '1'`);
    while (statuses.length < 2) await delay(50);
    await delay(WATCH * 1000);
    assert.deepEqual(statuses, [200, 204]);
    assert.equal(dashboard.arrivals('ada'), 1);
    await other.context().close();
  });

  it('sends an event again, as it was', async () => {
    await open(4);
    const draft = { event: 'notice', data: '{"a": 1}\nb', filter: 'profile == "Administrator"', supersedes: 'k', ttl: '10m' };
    await dashboard.server.publish(draft);
    await rowWith(page, 'events', 'notice')
      .getByRole('button', { name: /^Send again/ })
      .click();
    await page.locator('#events-done', { hasText: /^Sent notice again, to 2 clients: \w+-2$/ }).waitFor();
    await dashboard.clients[0]?.has(2);
    assert.deepEqual(
      dashboard.clients[0]?.events.map(({ type, data }) => [type, data]),
      [
        ['notice', draft.data],
        ['notice', draft.data],
      ],
    );
    const { events } = (await (await fetch(`${dashboard.admin}history`)).json()) as { events: Record<string, unknown>[] };
    const [first, second] = events.map(({ id: _id, time: _time, ...rest }) => rest);
    assert.deepEqual(first, draft);
    assert.deepEqual(second, first);
  });

  it('pauses, and searches, and begins with what is kept', async () => {
    dashboard = await Dashboard.start();
    await dashboard.server.publish({ event: 'price', data: 'before' });
    page = await dashboard.open(browser);
    await rowWith(page, 'events', 'before').waitFor();
    await page.click('#events-pause');
    for (let n = 1; n <= 3; n++) await dashboard.server.publish({ event: 'notice', data: `while ${n}` });
    await says(page, 'events-count', 'paused, 3 new');
    assert.equal((await rowsOf(page, 'events')).length, 1);
    await page.click('#events-pause');
    await says(page, 'events-count', '4');
    assert.match((await rowsOf(page, 'events'))[0] ?? '', /while 3/, 'newest first');
    await page.fill('#events-search', 'WHILE 2');
    await says(page, 'events-count', '1 of 4');
    assert.match((await rowsOf(page, 'events')).join(), /^[\d:]+noticewhile 2/);
  });

  it('taps a client, live, until it leaves', async () => {
    await open(2);
    await rowWith(page, 'clients', 'user0').getByRole('button', { name: 'Tap user0' }).click();
    await page.locator('#tap-facts', { hasText: 'Administrator' }).waitFor();
    await dashboard.server.publish({ data: 'for 0', filter: 'id == "0"' });
    await dashboard.server.publish({ data: 'for 1', filter: 'id == "1"' });
    await dashboard.server.publish({ event: 'price', data: '{"eur":9.5}' });
    await page.locator('#tap-events .event', { hasText: 'price' }).waitFor();
    assert.deepEqual(await page.locator('#tap-events .data').allTextContents(), ['for 0', '{\n  "eur": 9.5\n}']);
    await dashboard.clients[0]?.close();
    await page.locator('#tap-events .note', { hasText: 'The client has left' }).waitFor();
  });

  it('comes back with the server, and shows the clients of that', async () => {
    await open(3);
    const { port } = new URL(dashboard.url);
    await dashboard.server.stop();
    await page.locator('#status', { hasText: 'Reconnecting' }).waitFor();
    const next = await Dashboard.start({ port: Number(port) });
    await page.locator('#status', { hasText: 'Live' }).waitFor();
    await says(page, 'clients-count', '3');
    assert.deepEqual(await next.stop(), []);
  });

  it('copies the line that sends the same', async () => {
    dashboard = await Dashboard.start();
    page = await dashboard.open(browser, { permissions: ['clipboard-read', 'clipboard-write'] });
    await page.fill('#draft-data', "it's");
    await page.click('#draft-copy');
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    assert.equal(
      await page.evaluate('navigator.clipboard.readText()'),
      `curl --json '{"data":"it'\\''s"}' ${dashboard.admin}broadcast`,
    );
  });
});
