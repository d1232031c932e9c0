import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchChromium, until, whyNoChromium } from '../support/chromium.ts';
import { temporaryFolder } from '../support/program.ts';
import { axeViolations, Dashboard, rowsOf, rowWith, says } from './dashboard-server.ts';

/** How the dashboard reads: for a keyboard, a screen reader, a small screen, many clients, a hostile publisher and a stranger. */
/** What is asked of an element of the page. */
interface Boxed {
  getBoundingClientRect(): { readonly height: number; readonly x: number; readonly y: number };
  closest(selector: string): Boxed;
}

describe('the dashboard, read', { skip: whyNoChromium() }, () => {
  let browser: Browser;
  let dashboard: Dashboard;
  let page: Page;

  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser.close());
  afterEach(async () => assert.deepEqual(await dashboard.stop(), []));

  async function open(count: number, options: BrowserContextOptions = {}): Promise<void> {
    dashboard = await Dashboard.start();
    await dashboard.crowd(count);
    page = await dashboard.open(browser, options);
  }
  /** What has the focus, by id, else its label, else its text. */
  const focused = () =>
    page.evaluate(
      `(({ activeElement: it }) => it.id || it.getAttribute('aria-label') || it.textContent)(document)`,
    ) as Promise<string>;

  // Colours go by the scheme, and places by the width.
  for (const [colorScheme, width] of [
    ['light', 1_280],
    ['dark', 320],
  ] as const) {
    it(`has no axe violation in ${colorScheme}, ${width} px wide, and never scrolls sideways`, async () => {
      await open(20, { colorScheme, viewport: { width, height: 900 }, reducedMotion: 'reduce' });
      await dashboard.server.publish({ event: 'price', data: { eur: 9.5 } });
      await rowWith(page, 'events', 'price').waitFor();
      await until(page, `document.querySelector('[data-tile="bytes"]').textContent !== '–'`);
      assert.deepEqual(await axeViolations(page), [], 'at first');
      await page.fill('#clients-filter', 'profil');
      await page.locator('#clients-wrong pre').waitFor();
      await page.fill('#draft-filter', 'profil');
      await page.locator('#draft-wrong pre').waitFor();
      await page.getByText('More', { exact: true }).click();
      assert.deepEqual(await axeViolations(page), [], 'with mistakes');
      await page.fill('#draft-filter', '');
      await page.click('#draft-send');
      await page.locator('#draft-receipt', { hasText: '20 of 20' }).waitFor();
      await rowWith(page, 'clients', 'user1 ').getByRole('button', { name: 'Tap user1', exact: true }).click();
      await page.locator('#tap-facts', { hasText: 'Member' }).waitFor();
      await dashboard.server.publish({ data: 'tapped' });
      await page.locator('#tap-events .event').waitFor();
      await rowWith(page, 'events', 'price')
        .getByRole('button', { name: /^Look at/ })
        .click();
      await page.locator('#event-receipt', { hasText: '20 of 20' }).waitFor();
      assert.deepEqual(await axeViolations(page), [], 'with both panels and a receipt');
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
    });
  }

  it('can be used with the keyboard alone, and the focus is never lost', async () => {
    await open(40);
    const order: string[] = [];
    for (let step = 0; step < 12; step++) {
      await page.keyboard.press('Tab');
      order.push((await focused()).replace(/^(user0|\d\d:).*/s, '$1'));
    }
    assert.deepEqual(order, [
      'clients-filter',
      'user0',
      'events-pause',
      'events-search',
      'No events yet.',
      'draft-event',
      'draft-data',
      'draft-filter',
      'draft-topics',
      'More',
      'draft-send',
      'draft-copy',
    ]);
    const grid = () => page.keyboard.press('ArrowDown');
    await page.focus('#clients-filter');
    await page.keyboard.press('Tab');
    await grid();
    await grid();
    assert.match(await focused(), /^user2 /);
    assert.equal(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'solid');
    await page.keyboard.press('ArrowRight');
    assert.equal(await focused(), 'Tap user2');
    await page.keyboard.press('End');
    assert.equal(await focused(), 'Tap user39', 'scrolled there');
    await page.keyboard.press('PageUp');
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowDown');
    assert.equal(await focused(), 'Tap user1');
    await page.keyboard.press('Enter');
    assert.equal(await focused(), 'tap-title');
    await page.keyboard.press('Escape');
    assert.equal(await focused(), 'Tap user1');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Space');
    await page.locator('#clients-done', { hasText: 'Kicked user1' }).waitFor();
    await until(page, `document.activeElement.getAttribute('aria-label') === 'Kick user2'`);
    await page.focus('#draft-data');
    await page.keyboard.press('Control+Enter');
    await page.locator('#draft-receipt', { hasText: 'have it' }).waitFor();
    assert.equal(await focused(), 'draft-data');
    await rowWith(page, 'events', 'hello').waitFor();
    await page.focus('#events-search');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    assert.match(await focused(), /^Send again: message \S+$/);
    await page.keyboard.press('Enter');
    await page.locator('#events-done', { hasText: 'Sent message again' }).waitFor();
    await rowWith(page, 'events', 'hello').nth(1).waitFor();
    assert.match(await focused(), /^Send again: message \S+-1$/, 'the newer row has not taken it');
  });

  it('tells a screen reader how large the lists are, and where in them it is', async () => {
    await open(40);
    await says(page, 'clients-count', '40');
    const grid = page.getByRole('grid', { name: 'Clients' });
    assert.equal(await grid.getAttribute('aria-rowcount'), '41');
    assert.equal(await grid.getByRole('row').nth(3).getAttribute('aria-rowindex'), '4');
    assert((await rowsOf(page, 'clients')).length < 25, 'only those in sight are there');
    assert.equal(await page.getByRole('img', { name: /^Deliveries a second, last 5 minutes/ }).count(), 1);
    for (const name of ['Type', 'Data', 'Topics']) assert.equal(await page.getByLabel(name, { exact: true }).count(), 1, name);
  });

  it('stays where somebody reads while events come in', async () => {
    await open(1);
    for (let n = 1; n <= 60; n++) await dashboard.server.publish({ data: `event ${n}.` });
    await says(page, 'events-count', '60');
    await page.evaluate(`document.querySelector('#events-grid .grid-body').scrollTop = 44 * 20`);
    const row = rowWith(page, 'events', 'event 38.');
    await row.waitFor();
    // In its grid, and both at the same moment: what stands above may still be growing when the page has just been opened.
    const place = () =>
      row.evaluate((element) => {
        const it = element as unknown as Boxed;
        const [{ height, x, y }, outer] = [it.getBoundingClientRect(), it.closest('#events-grid').getBoundingClientRect()];
        return { height, x: x - outer.x, y: y - outer.y };
      });
    const before = await place();
    for (let n = 61; n <= 70; n++) await dashboard.server.publish({ data: `event ${n}.` });
    await says(page, 'events-count', '70');
    assert.deepEqual(await place(), before);
    assert.equal(before.height, 44);
  });

  it('shows what a hostile client and a hostile publisher say as text', async () => {
    const evil = `<img src=x onerror="alert(1)"><script>alert(2)</script>`;
    dashboard = await Dashboard.start();
    const stream = await fetch(`${dashboard.sse}?login=${encodeURIComponent(evil)}&profile=${encodeURIComponent(evil)}&topic=x`);
    await dashboard.server.publish({ event: evil, data: evil, topics: ['x'] });
    page = await dashboard.open(browser);
    await rowWith(page, 'events', evil).getByRole('button', { name: /^Look/ }).click();
    await page.locator('#event-receipt', { hasText: 'has it' }).waitFor();
    assert.equal(await page.textContent('#event-data'), evil);
    await rowWith(page, 'clients', evil).getByRole('button', { name: /^Tap/ }).click();
    await page.locator('#tap-facts', { hasText: evil }).waitFor();
    await page.locator('#draft-audience', { hasText: evil }).waitFor();
    assert.equal(await page.locator('main img, main script, main a, main iframe').count(), 0);
    await stream.body?.cancel();
  });

  it('asks for the token once, and needs no more than a cookie then', async () => {
    const adminTokenFile = join(temporaryFolder(), 'token');
    writeFileSync(adminTokenFile, 'a-token-of-good-length\n');
    dashboard = await Dashboard.start({ adminTokenFile });
    page = await dashboard.visit(browser);
    await page.locator('#token').waitFor();
    assert.equal(await page.locator('#board').isVisible(), false);
    assert.deepEqual(await axeViolations(page), []);
    assert.equal(await focused(), 'token');
    await page.keyboard.type('another-token');
    await page.keyboard.press('Enter');
    await page.locator('.wrong', { hasText: 'This is not the token.' }).waitFor();
    await page.fill('#token', 'a-token-of-good-length');
    await page.keyboard.press('Enter');
    await page.locator('#status', { hasText: 'Live' }).waitFor();
    const [cookie] = await page.context().cookies(`${dashboard.admin}events`);
    assert.deepEqual([cookie?.httpOnly, cookie?.sameSite, cookie?.path, cookie?.secure], [true, 'Strict', '/admin', false]);
    assert.deepEqual(await axeViolations(page), [], 'with nobody there');
    assert(!JSON.stringify(await page.evaluate('[document.cookie, {...localStorage}, {...sessionStorage}]')).includes('token'));
    await page.reload();
    await page.locator('#status', { hasText: 'Live' }).waitFor();
    await page.click('#draft-send');
    await page.locator('#draft-receipt', { hasText: 'nobody' }).waitFor();
    await page.locator('#draft-curl', { hasText: '-H "Authorization: Bearer $TOKEN"' }).waitFor();
    await page.click('#sign-out');
    await page.locator('#token').waitFor();
    assert.deepEqual(await page.context().cookies(`${dashboard.admin}events`), []);
    await page.reload();
    await page.locator('#token').waitFor();
  });
});
