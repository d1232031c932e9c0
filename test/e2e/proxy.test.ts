import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { Browser } from 'playwright-core';
import { launchChromium, watchedPage, whyNoChromium } from '../support/chromium.ts';
import { PROGRAM, type Program, ROOT, startProgram } from '../support/program.ts';
import { spawnPty } from '../support/pty.ts';
import { STREAM_LINES, startNginx, whyNoNginx } from './nginx.ts';
import { openStream, Reader } from './reader.ts';

const CONFIGURATIONS = {
  'a bare proxy_pass': '',
  'the usual lines for event streams': STREAM_LINES,
};
const post = (base: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${base}admin/broadcast`, { method: 'POST', body: 'from a stranger', headers });

/** What may not work once a proxy was seen: not through it, and not beside it, where it could come from as well. */
async function assertClosed(t: TestContext, program: Pick<Program, 'url' | 'sse'>, through: string): Promise<void> {
  for (const base of [through, program.url]) {
    const refused = await post(base);
    assert.equal(refused.status, 403, base);
    assert.match(await refused.text(), /--trust-proxy/);
  }
  const beside = await openStream(t, `${program.sse}?profile=Administrator`);
  assert.equal(beside.control('sse.open')[0]?.profile, '', "nobody's own word counts");
  const client = await Reader.open(t, `${through}sse?profile=Administrator`);
  if (client.status !== 403) assert.equal((await client.opened()).control('sse.open')[0]?.profile, '');
}

describe('behind nginx', { skip: whyNoNginx() || whyNoChromium() }, () => {
  let browser: Browser;
  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser.close());

  /** A browser loads the page and all that belongs to it. */
  async function load(url: string): Promise<void> {
    const { page } = await watchedPage(browser);
    await page.goto(url, { waitUntil: 'load' });
    await page.context().close();
  }

  for (const [name, lines] of Object.entries(CONFIGURATIONS)) {
    it(`with ${name}, a server that expects no proxy closes admin and self-declared identities at the first page load, and logs why`, async (t) => {
      const program = await startProgram(t);
      const through = await startNginx(t, { upstream: program.url, lines });
      const local = await openStream(t, `${program.sse}?profile=Administrator`);
      assert.equal(local.control('sse.open')[0]?.profile, 'Administrator', 'before, it works');
      assert.equal((await program.publish({ data: 'before' })).matched, 1);

      await load(through);
      const warning = await program.logged({ level: 'warn', msg: /^a reverse proxy stands before this server/ });
      assert.match(warning.msg, /--trust-proxy/);
      t.diagnostic(`the sign was ${warning.sign}`);
      await assertClosed(t, program, through);
      assert.deepEqual(local.data, ['before']);
      assert.equal(program.log.filter(({ msg }) => msg === warning.msg).length, 1, 'it is said once');
    });

    it(`with ${name}, the terminal says why`, async (t) => {
      const pty = spawnPty(process.execPath, [...PROGRAM, '--port', '0'], { NODE_ENV: undefined }, { cwd: ROOT, columns: 250 });
      t.after(() => pty.kill());
      const [, url = ''] = await pty.waitFor(/Local\s+(http:\/\/localhost:\d+\/)/);
      const through = await startNginx(t, { upstream: url, lines });
      await load(through);
      await pty.waitFor(/! a reverse proxy stands before this server.*start with --trust-proxy/);
      await assertClosed(t, { url, sse: `${url}sse` }, through);
    });

    it(`with ${name} and --trust-proxy, the stream flows unbuffered and /admin is not there`, async (t) => {
      const program = await startProgram(t, ['--trust-proxy']);
      assert.notEqual(Number(new URL(program.admin).port), program.port, 'admin has a listener of its own');
      const through = await startNginx(t, { upstream: program.url, lines });
      await load(through);

      const client = await openStream(t, `${through}sse?profile=Administrator`);
      assert.equal(client.control('sse.open')[0]?.profile, '');
      // Each is waited for before the next: a proxy that held them back would never let the second go.
      for (const data of ['one', 'two', 'three']) {
        const published = performance.now();
        assert.equal((await program.publish({ data })).matched, 1);
        await client.until(`${data} is there`, () => client.data.at(-1) === data);
        t.diagnostic(`${data}: ${(performance.now() - published).toFixed(1)} ms from publishing to the client`);
      }
      for (const base of [through, program.url])
        for (const headers of [{}, { 'x-forwarded-for': '127.0.0.1' }]) assert.equal((await post(base, headers)).status, 404);
      assert.equal(client.events.length, 3);
      assert.deepEqual(
        program.log.filter(({ level }) => level === 'warn'),
        [],
      );
    });
  }
});
