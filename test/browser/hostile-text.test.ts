import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launchChromium, until, watchedPage, whyNoChromium } from '../support/chromium.ts';
import { HOSTILE, LONE_SURROGATES, withoutControls } from '../support/hostile.ts';
import { PageDouble } from '../support/page-double.ts';
import { Dashboard } from './dashboard-server.ts';

const TEXTS = [...Object.values(HOSTILE), ...LONE_SURROGATES].map((text) => text.toWellFormed());
/** Ends the isolation that it is put in, and turns around what follows. */
const ESCAPES = '\u2069\u2069\u202E\u2067gnp';

/**
 * Parts of a row that are not right of the part before them, or whose own letters run from right to left. An expression for the page.
 * @param row a selector of rows, `parts` of what has to follow each other in one
 */
const disorder = (row: string, parts: string, ours: string) => `(() => {
  const wrong = [];
  for (const row of document.querySelectorAll(${JSON.stringify(row)})) {
    let [last, bottom] = [-Infinity, Infinity];
    for (const part of row.querySelectorAll(${JSON.stringify(parts)})) {
      const { left, top, width, ...box } = part.getBoundingClientRect();
      // Unless it has no room beside it and stands below.
      if (width > 0 && left < last - 1 && top < bottom - 1) wrong.push('out of place: ' + row.textContent.slice(0, 80));
      [last, bottom] = [left, box.bottom];
    }
    for (const part of row.querySelectorAll(${JSON.stringify(ours)})) {
      const text = part.firstChild;
      if (!text || text.length < 2) continue;
      const at = (index) => {
        const range = document.createRange();
        range.setStart(text, index);
        range.setEnd(text, index + 1);
        return range.getBoundingClientRect();
      };
      if (at(1).left < at(0).left) wrong.push('turned around: ' + part.textContent);
    }
  }
  return wrong;
})()`;

/** What no text may become. */
const INJECTED = `[...document.querySelectorAll('img:not([src="assets/favicon.svg"]):not([src="favicon.svg"]), iframe, a[href^="javascript"], main svg[onload], [onerror], [onload], [onmouseover], main script, main style')].map((each) => each.outerHTML)`;

/** What reaches over the edge of the page, lists that scroll for themselves aside. */
const sticksOut = (width: number) => `[...document.querySelectorAll('body *')]
  .filter((each) => !each.closest('.grid') && each.getBoundingClientRect().right > ${width})
  .map((each) => each.tagName + '#' + each.id + '.' + each.className + ' ' + each.textContent.trim().slice(0, 40)).join('\\n')`;

async function assertHarmless(page: Page, scripts: number): Promise<void> {
  assert.deepEqual(await page.evaluate(INJECTED), []);
  assert.equal(await page.locator('script').count(), scripts);
  for (const width of [1280, 320]) {
    await page.setViewportSize({ width, height: 900 });
    assert.equal(
      await page.evaluate('document.documentElement.scrollWidth'),
      width,
      String(await page.evaluate(sticksOut(width))),
    );
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}

/** Hostile text as clients and publishers send it: no element, no script, no breach of the policy, and each part stays in its place. */
describe('a page that shows hostile text', { skip: whyNoChromium() }, () => {
  let browser: Browser;
  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser.close());

  it('the page for trying out has it as text', async (t: TestContext) => {
    const server = await PageDouble.start();
    const { page, complaints } = await watchedPage(browser, { viewport: { width: 1280, height: 900 } });
    t.after(async () => {
      await page.context().close();
      await server.stop();
    });
    const texts = [...TEXTS, ESCAPES];
    server.opening = (stream) => {
      stream.control('sse.open', { client: ESCAPES, authenticated: true, profile: ESCAPES });
      for (const text of texts) {
        const name = withoutControls(text);
        // A stream cannot have empty types, nor the server's own.
        stream.send(text, name.trim() === '' ? undefined : name, `k3f9-${name}`);
        stream.control('sse.gap', { missed: text, reason: text, requested: text });
      }
    };
    await page.goto(
      `${server.origin}/?connect&profile=${encodeURIComponent(ESCAPES)}&login=${encodeURIComponent(HOSTILE.huge.slice(0, 2000))}`,
    );
    await until(page, `document.querySelectorAll('#events .event').length >= ${texts.length}`);
    assert.deepEqual(await page.evaluate(disorder('#events .event', '.type, .time, .id', '.time')), []);
    assert.deepEqual(await page.evaluate(disorder('#events .note', 'strong, .time', '.time')), []);
    await assertHarmless(page, 1);
    (await server.stream(1)).end();
    await until(page, `document.getElementById('countdown').textContent !== ''`);
    assert.deepEqual(await page.evaluate(disorder('header', '#status, #countdown', '#countdown')), []);
    assert.deepEqual(complaints, []);
  });

  it('the dashboard has it as text, in lists, panels and sentences', async () => {
    const dashboard = await Dashboard.start();
    const texts = [...TEXTS, ESCAPES];
    const streams: AbortController[] = [];
    for (const text of texts) {
      const field = encodeURIComponent(withoutControls(text).slice(0, 500));
      const stop = new AbortController();
      const response = await fetch(`${dashboard.sse}?login=${field}&profile=${field}&id=${field}&topic=${field}`, {
        signal: stop.signal,
      });
      if (response.ok) streams.push(stop);
      else {
        const again = await fetch(`${dashboard.sse}?login=${field}&profile=${field}`, { signal: stop.signal });
        if (again.ok) streams.push(stop);
      }
      await dashboard.server.publish({ data: text }).catch(() => {});
      const event = withoutControls(text).slice(0, 100);
      await dashboard.server.publish({ event, data: text, topics: [event] }).catch(() => {});
    }
    assert(streams.length > texts.length / 2, `${streams.length} clients`);
    const page = await dashboard.open(browser);
    try {
      await until(page, `document.querySelectorAll('#events-grid .grid-space .grid-row').length > 5`);
      await until(page, `document.querySelectorAll('#clients-grid .grid-space .grid-row').length > 5`);
      const seen = `document.querySelectorAll('.grid-body').forEach((body) => { body.scrollTop += body.clientHeight - 44; })`;
      for (let screens = 0; screens < 16; screens++) {
        assert.deepEqual(await page.evaluate(disorder('.grid-space .grid-row', '.grid-row > *', '.code')), []);
        assert.deepEqual(await page.evaluate(disorder('.who', 'bdi, .code', '.code')), []);
        await page.evaluate(seen);
        await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))');
      }
      await page.evaluate(`document.querySelectorAll('.grid-body').forEach((body) => { body.scrollTop = 0; })`);
      await page.locator('#events-grid .grid-space').getByRole('button', { name: /^Look/ }).first().click();
      await until(page, `document.getElementById('event-receipt').textContent !== ''`);
      await page.locator('#clients-grid .grid-space').getByRole('button', { name: /^Tap/ }).first().click();
      await until(page, `document.getElementById('tap-facts').childElementCount > 3`);
      await page.fill('#clients-filter', `login.startsWith(${JSON.stringify(ESCAPES.slice(0, 3))})`);
      await until(page, `document.querySelectorAll('#clients-grid .grid-space .grid-row').length === 1`);
      await page.locator('#clients-grid .grid-space').getByRole('button', { name: /^Kick/ }).first().click();
      await until(page, `document.querySelector('#clients-done bdi') !== null`);
      // The words behind the name are still behind it.
      const after = `(() => { const range = document.createRange(); range.selectNodeContents(document.getElementById('clients-done').lastChild);
        const [first] = range.getClientRects(); return first.left >= document.querySelector('#clients-done bdi').getBoundingClientRect().right - 1; })()`;
      assert.equal(await page.evaluate(after), true);
      await assertHarmless(page, await page.locator('head script').count());
    } finally {
      for (const stop of streams) stop.abort();
      assert.deepEqual(await dashboard.stop(), []);
    }
  });
});
