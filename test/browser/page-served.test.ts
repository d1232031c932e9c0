import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import type { ServerOptions, SseServer } from '../../src/index.ts';
import { createSseServer } from '../../src/index.ts';
import { launchChromium, type WatchedPage, watchedPage, whyNoChromium } from '../support/chromium.ts';
import { POLICY } from '../support/page-double.ts';

const run = promisify(execFile);

/** The page on the real server: the seed's two samples, and what the double only claims. */
describe('the page, served', { skip: whyNoChromium() }, () => {
  let browser: Browser;
  const watched: WatchedPage[] = [];
  const servers: SseServer[] = [];

  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser.close());
  afterEach(async () => {
    const complaints = watched.flatMap((each) => each.complaints);
    await Promise.all(watched.splice(0).map(({ page }) => page.context().close()));
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    assert.deepEqual(complaints, []);
  });

  async function start(options: ServerOptions = {}) {
    const server = createSseServer({ port: 0, retry: '500ms', drainTime: '500ms', production: false, ...options });
    servers.push(server);
    return { server, ...(await server.start()) };
  }
  async function visit(url: string): Promise<Page> {
    const one = await watchedPage(browser);
    watched.push(one);
    await one.page.goto(url);
    return one.page;
  }
  const shows = (page: Page, selector: string, hasText: string) => page.locator(selector, { hasText }).waitFor();
  const events = (page: Page) => page.locator('.event .data').allTextContents();

  it('shows lines to paste that work, also where a token is asked for', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sse-server-'));
    const adminTokenFile = join(folder, 'token');
    await writeFile(adminTokenFile, 'token-of-the-admin');
    const { url } = await start({ adminTokenFile });
    const { page, complaints } = await watchedPage(browser);
    await page.goto(url);
    await shows(page, '#curl-everyone', 'Authorization');
    const lines = await page.locator('.paste code').allTextContents();
    const env = { ...process.env, TOKEN: 'token-of-the-admin' };
    for (const line of lines) assert.match((await run('sh', ['-c', `${line} -s`], { env })).stdout, /"matched":0/);
    // Chromium tells of every answer that is an error.
    for (const complaint of complaints) assert.match(complaint, /401/);
    await page.context().close();
    await rm(folder, { recursive: true });
  });

  it('comes with a strict policy, and shows a hello to every client', async () => {
    const { server, url, admin } = await start();
    assert.equal((await fetch(url)).headers.get('content-security-policy'), POLICY);
    const pages = [await visit(url), await visit(url)];
    for (const page of pages) {
      await page.click('#btnConnect');
      await shows(page, '#status', 'Connected as anonymous');
    }
    assert.equal((await server.publish({ data: 'hello' })).matched, 2);
    assert.equal(
      (await fetch(`${admin}broadcast`, { method: 'POST', body: '{"eur":9.5}', headers: { 'X-Event': 'price' } })).status,
      202,
    );
    for (const page of pages) {
      await shows(page, '.event', 'price');
      assert.deepEqual(await events(page), ['hello', '{\n  "eur": 9.5\n}']);
    }
  });

  it('is an Administrator, a Member or nobody, and gets what is for it', async () => {
    const { server, url } = await start();
    const [boss, member, nobody] = [
      await visit(`${url}?connect&profile=Administrator&login=ada`),
      await visit(`${url}?connect&profile=Member&topic=prices`),
      await visit(`${url}?connect`),
    ];
    await shows(boss, '#status', 'Connected as Administrator (ada)');
    await shows(member, '#status', 'Connected as Member');
    await shows(nobody, '#status', 'Connected as anonymous');
    await server.publish({ data: 'for the boss', filter: 'profile == "Administrator" && login == "ada"' });
    await server.publish({ data: '9.5', topics: ['prices'] });
    await server.publish({ data: 'for all' });
    for (const page of [boss, member, nobody]) await shows(page, '.event', 'for all');
    assert.deepEqual(await events(boss), ['for the boss', 'for all']);
    assert.deepEqual(await events(member), ['9.5', 'for all']);
    assert.deepEqual(await events(nobody), ['for all']);
  });

  it('starts with the oldest event, or after the last id seen', async () => {
    const { server, url } = await start();
    await server.publish({ data: 'one' });
    const page = await visit(url);
    await page.selectOption('#start', 'earliest');
    await page.click('#btnConnect');
    await shows(page, '.event', 'one');
    await page.click('#btnDisconnect');
    await server.publish({ data: 'two' });
    await page.selectOption('#start', 'last');
    await page.click('#btnConnect');
    await shows(page, '.event', 'two');
    assert.deepEqual(await events(page), ['one', 'two']);
  });

  it('hears the goodbye of one server, and of the gap from the next', async () => {
    const { server, url, port } = await start();
    const page = await visit(`${url}?connect&profile=Member`);
    await shows(page, '#status', 'Connected as Member');
    await server.stop();
    await shows(page, '.note', 'The server said goodbye: shutdown; reconnecting…');
    const next = await start({ port });
    await shows(page, '.note', 'epoch');
    await shows(page, '#status', 'Connected');
    assert.equal((await next.server.publish({ data: 'again', filter: 'profile == "Member"' })).matched, 1);
    await shows(page, '.event', 'again');
  });

  it('finds the stream wherever the server has it, and says so where there is none', async () => {
    const { url } = await start({ ssePath: '/api/test/sse' });
    await shows(await visit(`${url}?connect`), '#status', 'Connected');
    await shows(await visit(`${url}?connect&path=/nowhere`), '#hint', 'There is no event stream at this path');
  });

  it('explains that it needs a token, that its profile does not count, and that the server is full', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sse-page-'));
    const users = join(folder, 'users.json');
    await writeFile(users, JSON.stringify({ users: [{ id: '7', token: 'a-token-of-good-length', profile: 'Member' }] }));
    const closed = await visit(`${(await start({ users, requireAuth: true })).url}?connect`);
    await shows(closed, '#status', 'Refused: 401 Unauthorized');
    await shows(closed, '#hint', 'The server wants to know who you are');
    const open = await visit(`${(await start({ users })).url}?connect&profile=Administrator`);
    await shows(open, '#hint', 'The profile “Administrator” did not count');
    const full = await start({ maxClients: 1 });
    await shows(await visit(`${full.url}?connect`), '#status', 'Connected');
    await shows(await visit(`${full.url}?connect`), '.note', 'The server is full');
    await rm(folder, { recursive: true });
  });
});
