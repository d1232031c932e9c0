import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { PROGRAM, type Program, ROOT, run, startProgram, temporaryFolder } from '../support/program.ts';
import { spawnPty } from '../support/pty.ts';
import { openStream, type Reader } from './reader.ts';

const idOf = (stream: Reader) => String(stream.control('sse.open')[0]?.client);

/** `clients`, which ends well, and what it prints: a value for each line. */
async function clients(t: TestContext, { url }: Program, ...args: string[]): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await run(t, ['clients', ...args, '--url', url]);
  assert.deepEqual([code, stderr], [0, '']);
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

describe('sse-server clients', () => {
  it('lists those who are connected, and shows one of them', async (t) => {
    const program = await startProgram(t);
    const [ada] = [await openStream(t, `${program.sse}?id=7&login=ada`), await openStream(t, `${program.sse}?id=8`)];
    const ids = async (...args: string[]) => (await clients(t, program, ...args)).map(({ id }) => id);
    assert.deepEqual(await ids(), ['7', '8']);
    assert.deepEqual(await ids('ls', '--limit', '1'), ['7']);
    assert.deepEqual(await ids('--filter', 'login == "ada"'), ['7']);
    assert.deepEqual(await ids('--filter', '{"login":"nobody"}'), []);
    const [shown] = await clients(t, program, 'show', idOf(ada));
    assert.deepEqual([shown?.client, shown?.login, shown?.claims], [idOf(ada), 'ada', {}]);
  });

  it('disconnects one, who comes back if it likes', async (t) => {
    const program = await startProgram(t);
    const [ada, bob] = [await openStream(t, `${program.sse}?id=7`), await openStream(t, `${program.sse}?id=8`)];
    assert.deepEqual(await clients(t, program, 'kick', idOf(ada)), [{ disconnected: 1 }]);
    await ada.ended;
    assert.deepEqual(ada.control('sse.bye'), [{ reason: 'kicked' }]);
    assert.deepEqual(await clients(t, program, 'kick', idOf(bob), '--reason', 'maintenance', '--forever'), [{ disconnected: 1 }]);
    await bob.ended;
    assert.deepEqual(bob.control('sse.bye'), [{ reason: 'kicked', detail: 'maintenance' }]);
    const back = (stream: Reader) => fetch(program.sse, { headers: { 'last-event-id': stream.all.at(-1)?.id ?? '' } });
    assert.equal((await back(bob)).status, 204);
    const again = await back(ada);
    assert.equal(again.status, 200);
    await again.body?.cancel();
  });

  it('disconnects all that a filter selects, and nobody else', async (t) => {
    const program = await startProgram(t);
    const streams: Reader[] = [];
    for (const profile of ['Guest', 'Member', 'Guest']) streams.push(await openStream(t, `${program.sse}?profile=${profile}`));
    assert.deepEqual(await clients(t, program, 'kick', '--filter', 'profile == "Guest"'), [{ disconnected: 2 }]);
    await Promise.all([streams[0]?.ended, streams[2]?.ended]);
    assert.deepEqual(await clients(t, program, 'kick', '--filter', 'profile == "Guest"'), [{ disconnected: 0 }]);
    assert.deepEqual(
      (await clients(t, program)).map(({ profile }) => profile),
      ['Member'],
    );
  });

  it('is a table on a terminal', async (t) => {
    const program = await startProgram(t);
    await openStream(t, `${program.sse}?login=ada&profile=Administrator`);
    const pty = spawnPty(process.execPath, [...PROGRAM, 'clients', '--url', program.url], {}, { cwd: ROOT, columns: 120 });
    t.after(() => pty.kill());
    await pty.waitFor(/1 client\n/);
    await pty.waitFor(/client +who +profile +address +since +state +behind +events\n\w+ +ada +Administrator +127\.0\.0\.1 /);
    assert.equal((await pty.exit).code, 0);
  });

  it('reaches an admin on a socket that asks for a token', async (t) => {
    const folder = temporaryFolder();
    const [socket, token] = [join(folder, 'admin.sock'), join(folder, 'token')];
    writeFileSync(token, 'a-token-of-enough-letters\n');
    const program = await startProgram(t, ['--admin-listen', `unix:${socket}`, '--admin-token-file', token]);
    const stream = await openStream(t, program.sse);
    const refused = await run(t, ['clients', '--url', `unix:${socket}`]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /answers 401: .*; --admin-token-file FILE shows one\n$/);
    const { code, stdout } = await run(t, ['clients', 'kick', idOf(stream), '--url', `unix:${socket}`], {
      env: { SSE_SERVER_ADMIN_TOKEN_FILE: token },
    });
    assert.deepEqual([code, stdout], [0, '{"disconnected":1}\n']);
  });

  it('ends with a line for what goes wrong', async (t) => {
    const program = await startProgram(t);
    for (const [args, code, line] of [
      [['show', 'nobody'], 1, /answers 404: no client "nobody" is connected; /],
      [['kick', 'nobody'], 1, /answers 404: no client "nobody" is connected; /],
      [['kick', 'nobody', '--forever'], 1, /: no client "nobody" is connected; /],
      [['kick', '--filter', 'idd == "1"'], 1, /answers 400: .*did you mean 'id'\?$/],
      [['kick', '--filter', 'true', '--reason', 'a\nb'], 1, /answers 400: .*must not contain control characters or line breaks$/],
      [['kick'], 2, /whom\?/],
    ] as const) {
      const ended = await run(t, ['clients', ...args, '--url', program.url]);
      assert.deepEqual([ended.code, ended.stdout, ended.stderr.split('\n').length], [code, '', 2], ended.stderr);
      assert.match(ended.stderr.trimEnd(), line);
    }
  });
});
