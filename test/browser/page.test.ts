import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launchChromium, until, type WatchedPage, watchedPage, whyNoChromium } from '../support/chromium.ts';
import { PageDouble } from '../support/page-double.ts';

/** What the page does with a stream. How it reads, scrolls and looks is in `page-reading.test.ts`. */
describe('the page', { skip: whyNoChromium() }, () => {
  let browser: Browser;
  let server: PageDouble;
  let watched: WatchedPage;
  let page: Page;

  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser.close());
  beforeEach(async () => {
    server = await PageDouble.start();
    watched = await watchedPage(browser);
    page = watched.page;
  });
  afterEach(async () => {
    await page.context().close();
    await server.stop();
    assert.deepEqual(watched.complaints, []);
  });

  const status = (text: string) => page.locator('#status', { hasText: text }).waitFor();
  const note = (text: string) => page.locator('.note', { hasText: text }).waitFor();
  /** Waits until there are so many events, and reads them. */
  async function events(count: number): Promise<{ type: string; id: string; data: string }[]> {
    await until(page, `document.querySelectorAll('#events .event').length >= ${count}`);
    return page.evaluate(
      `[...document.querySelectorAll('#events .event')].map((row) => ({
        type: row.querySelector('.type').textContent,
        id: row.querySelector('.id')?.textContent ?? '',
        data: row.querySelector('.data')?.textContent ?? row.querySelector('.none').textContent,
      }))`,
    );
  }
  const open = async (query = '') => {
    await page.goto(`${server.origin}/${query}`);
  };
  const connect = async (query = '') => {
    await open(query);
    await page.click('#btnConnect');
    return server.stream(1);
  };

  it('waits for Connect, as the seed does, and shows a hello', async () => {
    await open();
    await status('Waiting, press Connect');
    assert.equal(server.streams.length, 0);
    assert.equal(await page.locator('#btnDisconnect').isDisabled(), true);
    await page.click('#btnConnect');
    const stream = await server.stream(1);
    assert.equal(stream.url.pathname + stream.url.search, '/sse');
    assert.equal(stream.lastEventId, undefined);
    await status('Connected as anonymous');
    assert.equal(await page.locator('#btnConnect').isDisabled(), true);
    assert.equal(await page.locator('#btnDisconnect').isDisabled(), false);
    stream.send('hello');
    assert.deepEqual(await events(1), [{ type: 'message', id: 'k3f9-1', data: 'hello' }]);
  });

  it('connects as whom the form says', async () => {
    await open();
    await page.fill('#profile', ' Administrator ');
    await page.fill('#login', 'ada');
    await page.fill('#identity', '7');
    await page.fill('#topics', 'prices, ,news,prices');
    await page.click('#btnConnect');
    const { url } = await server.stream(1);
    assert.equal(url.search, '?profile=Administrator&login=ada&id=7&topic=prices&topic=news');
    assert.equal(await page.textContent('#request'), `/sse${url.search}`);
    await status('Connected as Administrator (ada)');
    await page.fill('#profile', 'Member');
    await page.getByRole('button', { name: 'Connect again' }).click();
    assert.equal((await server.stream(2)).url.searchParams.get('profile'), 'Member');
    await (await server.stream(1)).gone;
    await status('Connected as Member (ada)');
  });

  it('connects by itself with ?connect, to ?path=, as a link says', async () => {
    await open('?connect&path=/api/test/sse&profile=Member&topic=a&topic=b');
    const { url } = await server.stream(1);
    assert.equal(url.pathname + url.search, '/api/test/sse?profile=Member&topic=a&topic=b');
    await status('Connected as Member');
  });

  it('shows every type, though none was announced, and the data as it was sent', async () => {
    const stream = await connect();
    stream.send('line 1\nline 2\n', 'notice');
    stream.send('{"eur":9.5,"lots":[12345678901234567890,{}]}', 'price');
    stream.send('', 'ping');
    stream.send('{"broken":', 'toString');
    stream.raw('data: no id of its own\n\n');
    assert.deepEqual(await events(5), [
      { type: 'notice', id: 'k3f9-1', data: 'line 1\nline 2\n' },
      {
        type: 'price',
        id: 'k3f9-2',
        data: '{\n  "eur": 9.5,\n  "lots": [\n    12345678901234567890,\n    {}\n  ]\n}',
      },
      { type: 'ping', id: 'k3f9-3', data: 'no data' },
      { type: 'toString', id: 'k3f9-4', data: '{"broken":' },
      { type: 'message', id: 'k3f9-4', data: 'no id of its own' },
    ]);
  });

  it('shows control events as what they are, and comes back after a goodbye with its cursor', async () => {
    const stream = await connect();
    stream.send('one');
    server.head = 9;
    stream.control('sse.cursor');
    await page.locator('#last-id', { hasText: 'k3f9-9' }).waitFor();
    server.opening = (next) => next.control('sse.gap', { requested: 'k3f9-9', from: 'k3f9-21', missed: 12, reason: 'evicted' });
    stream.control('sse.bye', { reason: 'shutdown' });
    stream.end();
    await note('The server said goodbye: shutdown; reconnecting…');
    assert.equal((await server.stream(2)).lastEventId, 'k3f9-9');
    await note('12 events missed: evicted');
    await status('Connected as anonymous');
    (await server.stream(2)).control('sse.gap', { requested: 'x', from: 'k3f9-21', missed: null, reason: 'epoch' });
    await note('Events missed, nobody knows how many: epoch');
    assert.equal((await events(1)).length, 1);
    assert.equal(await page.locator('.note', { hasText: 'sse.cursor' }).count(), 0);
    assert.equal(await page.locator('.note', { hasText: 'broke off' }).count(), 0);
  });

  it('comes back after a cut; the event that was cut off is shown once', async () => {
    const stream = await connect();
    stream.send('one');
    await events(1);
    stream.raw('id: k3f9-2\ndata: two\n');
    stream.cut();
    await note('The stream broke off; reconnecting…');
    await status('Reconnecting');
    const again = await server.stream(2);
    assert.equal(again.lastEventId, 'k3f9-1');
    again.send('two');
    assert.deepEqual(
      (await events(2)).map(({ data }) => data),
      ['one', 'two'],
    );
  });

  it('explains a refusal, and does not come back by itself', async () => {
    const problem = { type: 'about:blank', title: 'Unauthorized', status: 401, detail: 'This stream needs a token.' };
    server.answers.push((_, response) =>
      response.writeHead(401, { 'Content-Type': 'application/problem+json' }).end(JSON.stringify(problem)),
    );
    await open();
    await page.click('#btnConnect');
    await status('Refused: 401 Unauthorized');
    assert.match((await page.textContent('#hint')) ?? '', /^This stream needs a token\. .*cookie/);
    assert.equal(await page.locator('#btnDisconnect').isDisabled(), true);
    assert.equal(server.streams.length, 0);
    server.answers.push((_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<p>hello'));
    await page.click('#btnConnect');
    await page.locator('#hint', { hasText: 'The answer is text/html, not text/event-stream.' }).waitFor();
    await page.click('#btnConnect');
    await status('Connected as anonymous');
    assert.equal(await page.locator('#hint').isVisible(), false);
  });

  it('comes back to a server that is full or away, and says why it waits', async () => {
    server.answers.push(
      (_, response) => response.writeHead(200, { 'Content-Type': 'text/event-stream' }).end('retry: 600\n\n'),
      (_, response) => response.writeHead(502).end(),
    );
    server.always = (request) => request.socket.destroy();
    await open();
    await page.click('#btnConnect');
    await note('The server is full; it asked this page to come back later');
    await page.locator('#countdown', { hasText: 'in 1 s' }).waitFor();
    await note('The answer was 502; trying again');
    await page.getByRole('button', { name: 'Connect now' }).click();
    await note('The server does not answer; trying again');
    server.always = undefined;
    await page.getByRole('button', { name: 'Connect now' }).click();
    await server.stream(1);
    await status('Connected as anonymous');
  });

  it('stops for good at 204', async () => {
    server.answers.push((_, response) => response.writeHead(204).end());
    await open();
    await page.click('#btnConnect');
    await status('Disconnected: the server told this page not to come back');
    assert.equal(await page.locator('#btnConnect').isDisabled(), false);
  });

  it('says that a profile did not count', async () => {
    server.opening = (stream) => stream.control('sse.open', { client: 'c1', authenticated: false, profile: '' });
    await connect('?profile=Administrator');
    await status('Connected as anonymous');
    await page
      .locator('#hint', { hasText: 'The profile “Administrator” did not count. For the server you are anonymous.' })
      .waitFor();
    server.opening = (stream) => stream.control('sse.open', { client: 'c2', authenticated: true, profile: 'Member' });
    await page.click('#btnDisconnect');
    await page.click('#btnConnect');
    await status('Connected as Member');
    await page.locator('#hint', { hasText: 'the sign-in says who you are: Member' }).waitFor();
  });

  it('disconnects for good; a new connection starts afresh, or after the last id, or with the oldest event', async () => {
    const stream = await connect();
    stream.send('one');
    await events(1);
    await page.click('#btnDisconnect');
    await stream.gone;
    await status('Disconnected');
    await page.click('#btnConnect');
    assert.equal((await server.stream(2)).lastEventId, undefined);
    await page.click('#btnDisconnect');
    await page.selectOption('#start', 'last');
    await page.click('#btnConnect');
    assert.equal((await server.stream(3)).lastEventId, 'k3f9-1');
    await page.selectOption('#start', 'earliest');
    await page.click('#btnConnect');
    const oldest = await server.stream(4);
    assert.equal(oldest.url.searchParams.get('since'), 'earliest');
    assert.equal(oldest.lastEventId, undefined);
  });

  it('can be disconnected while it waits to come back', async () => {
    server.retry = 3_600_000;
    (await connect()).end();
    await status('Reconnecting');
    await page.click('#btnDisconnect');
    await status('Disconnected');
    assert.equal(await page.textContent('#countdown'), '');
  });
});
