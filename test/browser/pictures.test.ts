import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { openStream } from '../e2e/reader.ts';
import { launchChromium, until, type WatchedPage, watchedPage, whyNoChromium } from '../support/chromium.ts';
import { PROGRAM, ROOT, startAtDefaultPort, startProgram, temporaryFolder } from '../support/program.ts';
import { type Pty, spawnPty } from '../support/pty.ts';
import { terminalPicture } from '../support/terminal-picture.ts';

const KEPT = join(ROOT, '.github');
const NAMES = ['page.png', 'page-dark.png', 'terminal.png', 'dashboard.png', 'dashboard-dark.png'] as const;
/** Of what is drawn on white. */
const BRIGHT: readonly string[] = ['page.png', 'dashboard.png'];
/** Who is on the picture of the dashboard: name, profile, topic. */
const CROWD = [
  'ada',
  'grace',
  'alan',
  'edsger',
  'barbara',
  'donald',
  'margaret',
  'tony',
  'radia',
  'linus',
  'frances',
  'john',
].map(
  (login, index) => [login, ['Administrator', 'Member', 'Member', 'Guest'][index % 4], ['prices', 'news'][index % 2]] as const,
);
/** Bytes that a picture may have, so that the README is there at once. */
const LARGEST = 150 * 1024;
const WINDOW = { title: 'sse-server', columns: 104, rows: 18 };

/** A price, of one of three papers. */
function tickOf(second: number, n: number): Record<string, unknown> {
  const symbol = ['ACME', 'GLOBEX', 'INITECH'][n % 3];
  return { event: 'price', data: { symbol, eur: 9.5 + ((second * 7 + n * 13) % 50) / 10 }, topics: ['prices'] };
}

/** `UPDATE=1` writes the pictures that the README shows; otherwise they go to a temporary folder. */
const update = process.env.UPDATE === '1';

/** The program in a terminal, its page, and what the README shows of both. */
describe('the pictures', { skip: whyNoChromium() }, () => {
  const done: (() => void | Promise<void>)[] = [];
  const later = { after: (act: () => void | Promise<void>) => void done.unshift(act) };
  let folder: string;
  let browser: Browser;
  let pty: Pty;

  before(async () => {
    folder = update ? KEPT : temporaryFolder();
    browser = await launchChromium();
    later.after(() => browser.close());
  });
  after(async () => {
    for (const act of done) await act();
  });

  function open(width: number, height: number, deviceScaleFactor = 1.25): Promise<WatchedPage> {
    return watchedPage(browser, { viewport: { width, height }, deviceScaleFactor, reducedMotion: 'reduce' });
  }

  /** Starts the program as a person does. For the pictures that are kept at its default port, else out of the way of other tests. */
  async function start(): Promise<{ url: string; sse: string; admin: string }> {
    const readyFile = join(temporaryFolder(), 'ready.json');
    const args = [...PROGRAM, ...(update ? [] : ['--port', '0']), '--ready-file', readyFile];
    pty = spawnPty(process.execPath, args, { NODE_ENV: undefined, NODE_V8_COVERAGE: undefined }, { cwd: ROOT, ...WINDOW });
    later.after(() => pty.kill());
    await pty.waitFor(/0 events\/s/, 30_000);
    return JSON.parse(await readFile(readyFile, 'utf8'));
  }

  /** The size of a picture in pixels, how many colours it has, and how bright it is from 0 to 1: Chromium looks at it. */
  async function seen(name: string): Promise<{ width: number; height: number; colors: number; brightness: number }> {
    const png = await readFile(join(folder, name), 'base64');
    const { page } = await watchedPage(browser);
    const found = await page.evaluate(`(async () => {
      const image = await createImageBitmap(await (await fetch('data:image/png;base64,${png}')).blob());
      const { width, height } = image;
      const canvas = new OffscreenCanvas(width, height).getContext('2d');
      canvas.drawImage(image, 0, 0);
      const colors = new Set();
      let sum = 0;
      for (const color of new Uint32Array(canvas.getImageData(0, 0, width, height).data.buffer)) {
        colors.add(color);
        sum += (color & 255) + (color >> 8 & 255) + (color >> 16 & 255);
      }
      return { width, height, colors: colors.size, brightness: sum / (width * height * 765) };
    })()`);
    await page.context().close();
    return found as Awaited<ReturnType<typeof seen>>;
  }

  it('show an Administrator’s page and the terminal after S, A and a POST', async () => {
    const { url, sse, admin } = await start();
    const { page, complaints } = await open(1040, 582);
    await page.goto(`${url}?connect&profile=Administrator&login=ada`);
    await pty.waitFor(/\+ ada \(Administrator\) joined · 1 client/);
    const anonymous = await openStream(later, sse);
    await pty.waitFor(/\+ anonymous \S+ joined · 2 clients/);

    pty.send('s');
    await pty.waitFor(/sent message "hello" to 2 clients/);
    pty.send('a');
    await pty.waitFor(/sent message "hello" to 1 client matching profile == "Administrator"/);
    const event = { event: 'price', data: { symbol: 'ACME', eur: 9.5 } };
    const body = JSON.stringify(event);
    const answer = await fetch(`${admin}broadcast`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    assert.equal(answer.status, 202);
    await pty.waitFor(/> price to 2 clients/);
    await pty.waitFor(/2 clients · 3 events · /);

    await page.locator('.event', { hasText: 'price' }).waitFor();
    await page.locator('#status', { hasText: 'Connected as Administrator (ada)' }).waitFor();
    assert.deepEqual(await page.locator('.event .type').allTextContents(), ['message', 'message', 'price']);
    assert.deepEqual(await page.locator('.event .data').allTextContents(), [
      'hello',
      'hello',
      JSON.stringify(event.data, null, 2),
    ]);
    assert.deepEqual(
      (await anonymous.has(2)).map(({ type, data }) => [type, data]),
      [
        ['message', 'hello'],
        ['price', JSON.stringify(event.data)],
      ],
    );
    await page.screenshot({ path: join(folder, 'page.png') });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.screenshot({ path: join(folder, 'page-dark.png') });
    assert.deepEqual(complaints, []);

    const { page: terminal } = await open(1200, 800);
    await terminal.setContent(terminalPicture(pty.raw, WINDOW));
    const lines = (await terminal.locator('pre').allTextContents()).join().split('\n');
    assert.ok(lines.includes(`  Local     ${url}`), lines.join('\n'));
    assert.ok(lines.some((line) => line.startsWith('(S)end · (A)dmins')));
    assert.deepEqual(
      // Without what may differ from run to run: the address, ids, and how many events a second that was.
      lines.slice(-6).map((line) => line.replace(/ \S+(?= joined · 2)| · (\w+-\d+|[\d.]+ events\/s)/, '')),
      [
        '+ ada (Administrator) joined · 1 client',
        '+ anonymous joined · 2 clients',
        'sent message "hello" to 2 clients',
        'sent message "hello" to 1 client matching profile == "Administrator"',
        '> price to 2 clients (http)',
        '2 clients · 3 events',
      ],
    );
    // Outside of the round corners nothing is painted, so that it stands on a light page and on a dark one.
    await terminal.locator('.window').screenshot({ path: join(folder, 'terminal.png'), omitBackground: true });

    pty.send('q');
    assert.equal((await pty.exit).code, 0);
    // It would come back to the next server at this port.
    await page.context().close();
  });

  it('show the dashboard of a server that is busy, with a receipt', async () => {
    const program = await (update ? startAtDefaultPort(later) : startProgram(later));
    const { page, complaints } = await open(1240, 1060, 1);
    await page.goto(program.admin);
    await page.locator('#status', { hasText: 'Live' }).waitFor();
    for (const [login, profile, topic] of CROWD)
      await openStream(later, `${program.sse}?id=${login}&login=${login}&profile=${profile}&topic=${topic}`);
    // For the picture that is kept long enough that the charts have something to show.
    for (let second = 0; second < (update ? 40 : 2); second++) {
      for (let n = 0; n < 3 + (second % 7); n++) await program.publish(tickOf(second, n));
      await delay(1000);
    }
    await program.publish({ event: 'notice', data: 'The market closes at 17:30.', topics: ['news'] });
    await page.fill('#clients-filter', 'profile == "Member"');
    await until(page, `document.getElementById('clients-count').textContent === '6 of 12'`);
    await page.fill('#draft-event', 'notice');
    await page.fill('#draft-data', '{"text":"Lunch is ready","room":2}');
    await page.fill('#draft-filter', 'profile == "Administrator"');
    await page.locator('#draft-audience', { hasText: 'For 3 of 12 clients: ada, barbara, radia' }).waitFor();
    await page.click('#draft-send');
    await page.locator('#draft-receipt', { hasText: '3 of 3 clients have it.' }).waitFor();
    await page.locator('#events-grid .grid-row', { hasText: 'Lunch is ready' }).waitFor();
    await page.screenshot({ path: join(folder, 'dashboard.png') });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.screenshot({ path: join(folder, 'dashboard-dark.png') });
    assert.deepEqual(complaints, []);
    await program.stop();
  });

  it('are the pages by day and by night and a dark terminal, none of them blank', async () => {
    for (const name of NAMES) {
      const { width, height, colors, brightness } = await seen(name);
      assert.ok(width > 1000 && height > 300, `${name} is ${width} by ${height}`);
      // What is drawn smoothly has hundreds; an empty page has one or two.
      assert.ok(colors > 200, `${name} has ${colors} colours`);
      assert.ok(BRIGHT.includes(name) ? brightness > 0.8 : brightness < 0.3, `${name} is ${brightness} bright`);
    }
  });

  it('are small, and kept where the README shows them', async () => {
    for (const path of NAMES.flatMap((name) => [join(folder, name), join(KEPT, name)])) {
      const { size } = await stat(path);
      assert.ok(size > 0 && size < LARGEST, `${path} has ${size} bytes`);
    }
  });
});
