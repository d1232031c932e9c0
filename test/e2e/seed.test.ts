import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { launchChromium, watchedPage, whyNoChromium } from '../support/chromium.ts';
import { PROGRAM, ROOT, startProgram, temporaryFolder } from '../support/program.ts';
import { spawnPty } from '../support/pty.ts';
import { openStream, Reader } from './reader.ts';

/** The two sample programs of the seed (SimpleW), point by point. */
const SEED_PATHS = ['--sse-path', '/sse', '--sse-path', '/api/test/sse'];

describe('the first sample of the seed: to all clients', () => {
  it('sends S, the default event, to both clients, who hear it as a message', async (t) => {
    const program = await startProgram(t, [], { stdin: 'pipe' });
    const clients = [await openStream(t, program.sse), await openStream(t, program.sse)];
    program.child.stdin?.write('s\n');
    for (const client of clients) {
      const [event] = await client.has(1);
      assert.equal(event?.type, 'message');
      assert.equal(event?.data, 'hello');
    }
    await program.until('it says how many got it', () => /^sent message "hello" to 2 clients/m.test(program.stderr));
    assert.equal((await program.logged({ msg: 'broadcast' })).matched, 2);
  });

  it('sends another event when --event and --data say so', async (t) => {
    const program = await startProgram(t, ['--event', 'greeting', '--data', 'bonjour'], { stdin: 'pipe' });
    const client = await openStream(t, program.sse);
    program.child.stdin?.write('s\n');
    const [event] = await client.has(1);
    assert.deepEqual([event?.type, event?.data], ['greeting', 'bonjour']);
  });

  it('brings named events under their names, and data of several lines whole', async (t) => {
    const program = await startProgram(t);
    const client = await openStream(t, program.sse);
    await program.publish({ event: 'notice', data: 'first\nsecond\r\nthird' });
    await program.publish({ event: 'price', data: { eur: 9.5 } });
    assert.deepEqual(
      (await client.has(2)).map(({ type, data }) => [type, data]),
      [
        ['notice', 'first\nsecond\nthird'],
        ['price', '{"eur":9.5}'],
      ],
    );
  });

  it('serves the page and the stream where the seed has them', async (t) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'index.html'), '<title>Client SSE</title>');
    const program = await startProgram(t, ['--static', folder, ...SEED_PATHS]);
    assert.match(await (await fetch(program.url)).text(), /Client SSE/);
    const clients = [await openStream(t, program.sse), await openStream(t, `${program.url}api/test/sse`)];
    assert.equal((await program.publish({ data: 'hello' })).matched, 2);
    for (const client of clients)
      assert.deepEqual(
        (await client.has(1)).map(({ data }) => data),
        ['hello'],
      );
  });

  it('says on its side who connected and who left', async (t) => {
    const program = await startProgram(t);
    const client = await openStream(t, program.sse);
    await program.logged({ msg: 'stream opened', clients: 1 });
    client.close();
    assert.equal((await program.logged({ msg: 'stream closed', clients: 0 })).reason, 'left');
  });

  it('removes the client that left, and not another one', async (t) => {
    const program = await startProgram(t);
    const [first, second] = [await openStream(t, program.sse), await openStream(t, program.sse)];
    second.close();
    await program.logged({ msg: 'stream closed' });
    assert.equal((await program.publish({ data: 'still here?' })).matched, 1);
    assert.deepEqual(
      (await first.has(1)).map(({ data }) => data),
      ['still here?'],
    );
  });
});

describe('the first sample of the seed, with people', { skip: whyNoChromium() }, () => {
  it('shows hello in two browsers at S in the terminal, which says how many got it', async (t) => {
    const pty = spawnPty(process.execPath, [...PROGRAM, '--port', '0'], { NODE_ENV: undefined }, { cwd: ROOT, columns: 120 });
    t.after(() => pty.kill());
    const [, url = ''] = await pty.waitFor(/Local\s+(http:\/\/localhost:\d+\/)/);
    const browser = await launchChromium();
    t.after(() => browser.close());
    const pages = [await watchedPage(browser), await watchedPage(browser)];
    for (const [index, { page }] of pages.entries()) {
      await page.goto(url);
      await page.click('#btnConnect');
      await pty.waitFor(new RegExp(`joined · ${index + 1} client`));
    }
    pty.send('s');
    await pty.waitFor(/sent message "hello" to 2 clients/);
    for (const { page, complaints } of pages) {
      await page.locator('#events', { hasText: 'hello' }).waitFor();
      await page.click('#btnDisconnect');
      await pty.waitFor(/left after/);
      assert.deepEqual(complaints, []);
    }
    pty.send('q');
    assert.equal((await pty.exit).code, 0);
  });
});

describe('the second sample of the seed: to some clients', () => {
  const TOKENS = { ada: 'token-of-ada-0123456789', mia: 'token-of-mia-0123456789', otto: 'token-of-otto-012345678' };
  const hash = (token: string) => `sha256:${createHash('sha256').update(token).digest('hex')}`;
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  function usersFile(): string {
    const file = join(temporaryFolder(), 'users.json');
    const users = [
      { tokenHash: hash(TOKENS.ada), id: '1', login: 'ada', profile: 'Administrator' },
      { tokenHash: hash(TOKENS.mia), id: '2', login: 'mia', profile: 'Member' },
      { tokenHash: hash(TOKENS.otto), id: '3', login: 'otto' },
    ];
    writeFileSync(file, JSON.stringify({ users }));
    return file;
  }

  it('refuses who is anonymous or shows a wrong token, and says what it wants', async (t) => {
    const program = await startProgram(t, ['--require-auth', '--users', usersFile(), ...SEED_PATHS]);
    for (const path of ['sse', 'api/test/sse', 'sse?profile=Administrator']) {
      const anonymous = await Reader.open(t, program.url + path);
      assert.equal(anonymous.status, 401);
      assert.equal(anonymous.headers['www-authenticate'], 'Bearer');
    }
    const wrong = await Reader.open(t, program.sse, bearer('token-of-ada-0123456780'));
    assert.equal(wrong.status, 401);
    assert.equal(wrong.headers['www-authenticate'], 'Bearer error="invalid_token"');
    assert.equal((await program.publish({ data: 'nobody is there' })).matched, 0);
  });

  it('sends A to the Administrator alone of three clients', async (t) => {
    const program = await startProgram(t, ['--require-auth', '--users', usersFile(), ...SEED_PATHS], { stdin: 'pipe' });
    const ada = await openStream(t, `${program.url}api/test/sse`, bearer(TOKENS.ada));
    const mia = await openStream(t, program.sse, bearer(TOKENS.mia));
    const otto = await openStream(t, program.sse, { cookie: `other=1; sse_token=${TOKENS.otto}` });
    assert.deepEqual(
      [ada, mia, otto].map((client) => client.control('sse.open')[0]?.profile),
      ['Administrator', 'Member', ''],
    );

    program.child.stdin?.write('a\n');
    await program.until('it says how many got it', () => /^sent message "hello" to 1 client matching/m.test(program.stderr));
    const filter = 'profile == "Administrator"';
    assert.equal((await program.publish({ event: 'secret', data: 'by filter', filter })).matched, 1);
    // What comes after it proves that nothing was only late.
    assert.equal((await program.publish({ data: 'to all' })).matched, 3);
    assert.deepEqual(
      (await ada.has(3)).map(({ data }) => data),
      ['hello', 'by filter', 'to all'],
    );
    for (const client of [mia, otto])
      assert.deepEqual(
        (await client.has(1)).map(({ data }) => data),
        ['to all'],
      );
    assert.doesNotMatch(program.stdout + program.stderr, /token-of/);
  });
});
