import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import { type TailWorld, tail } from '../../src/cli/tail.ts';
import type { TailOrder } from '../../src/cli/tail-order.ts';
import { TestServer } from '../support/server.ts';
import { StreamDouble, status, stream } from './stream-double.ts';
import { Kept } from './streams.ts';

const ORDER: Omit<TailOrder, 'url'> = {
  headers: {},
  tokenFile: undefined,
  lastEventId: '',
  types: [],
  json: false,
  exec: undefined,
  count: Infinity,
  timeout: undefined,
};

/** Obeys an order in this process. */
async function obey(
  order: Partial<TailOrder> & Pick<TailOrder, 'url'>,
  world: Partial<TailWorld> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const [stdout, stderr] = [new Kept(), new Kept()];
  const interrupted = new AbortController().signal;
  const code = await tail(
    { ...ORDER, ...order },
    { stdout, stderr, env: process.env, interrupted, sleep: async () => {}, ...world },
  );
  return { code, stdout: stdout.text, stderr: stderr.text };
}

const THREE = stream('id: a-1\ndata: one\n\nid: a-2\nevent: t\ndata: two\ndata: lines\n\nid: a-3\ndata: three\n\n');

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'sse-tail-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

describe('tail', () => {
  it('prints data as it was sent, and ends well when the server has no more', async (t) => {
    const { code, stdout } = await obey({ url: (await StreamDouble.start(t, THREE)).url });
    assert.deepEqual([code, stdout], [0, 'one\ntwo\nlines\nthree\n']);
  });

  it('prints an event a line as JSON, its data as a string', async (t) => {
    const { stdout } = await obey({ url: (await StreamDouble.start(t, THREE)).url, json: true });
    const lines = ['{"id":"a-1","event":"message","data":"one"}', '{"id":"a-2","event":"t","data":"two\\nlines"}'];
    assert.equal(stdout, `${[...lines, '{"id":"a-3","event":"message","data":"three"}'].join('\n')}\n`);
  });

  it('shows time, type and data on a terminal, and lets none of it reach the terminal as a command', async (t) => {
    const double = await StreamDouble.start(t, stream('event: a\u001b[2Jb\ndata: x\u001b]0;title\u0007\ndata: \u202eevil\n\n'));
    const stdout = new Kept(true);
    await obey({ url: double.url }, { stdout });
    const [head = '', ...more] = stdout.lines;
    assert.match(head, /^\d\d:\d\d:\d\d {2}a\\u\{1b\}\[2Jb {2}x\\u\{1b\}\]0;title\\u\{7\}$/);
    assert.deepEqual(more, ['          \\u{202e}evil']);
  });

  it('prints and counts only the types that were asked for', async (t) => {
    const { code, stdout } = await obey({ url: (await StreamDouble.start(t, THREE)).url, types: ['t'], count: 1, json: true });
    assert.deepEqual([code, stdout], [0, '{"id":"a-2","event":"t","data":"two\\nlines"}\n']);
  });

  it('ends after so many, and leaves nobody behind', async (t) => {
    const server = await TestServer.start(t);
    for (const data of ['a', 'b', 'c']) await server.app.publish({ data }, 'test');
    const { code, stdout, stderr } = await obey({ url: `${server.url}sse?since=earliest`, count: 2 });
    assert.deepEqual([code, stdout, stderr], [0, 'a\nb\n', '']);
    while (server.app.clients().length > 0) await new Promise(setImmediate);
  });

  it('ends with 4 when nothing came for so long, whatever else the stream says', async (t) => {
    const server = await TestServer.start(t, { heartbeat: '1s' });
    await server.app.publish({ data: 'a' }, 'test');
    const started = performance.now();
    const { code, stdout, stderr } = await obey({ url: `${server.url}sse?since=earliest`, timeout: 300, types: ['message'] });
    assert.deepEqual([code, stdout], [4, 'a\n']);
    assert.match(stderr, /^sse-server: nothing came for 300ms\nsse-server: --last-event-id \w+-1 goes on from here\n$/);
    assert(performance.now() - started >= 300);
  });

  it('counts no time in which it did not listen', async (t) => {
    const { url } = await StreamDouble.start(t, THREE);
    const { code } = await obey({ url, timeout: 100, exec: 'sleep 0.15', count: 2 });
    assert.equal(code, 0);
  });

  it('ends when it is interrupted, and says where it was', async (t) => {
    const server = await TestServer.start(t);
    const controller = new AbortController();
    const stdout = new Kept();
    const done = obey({ url: `${server.url}sse` }, { stdout, interrupted: controller.signal });
    while (server.app.clients().length === 0) await new Promise(setImmediate);
    await server.app.publish({ data: 'a' }, 'test');
    while (stdout.text === '') await new Promise(setImmediate);
    controller.abort(130);
    const { code, stderr } = await done;
    assert.equal(code, 130);
    assert.match(stderr, /^sse-server: --last-event-id \w+-1 goes on from here\n$/);
  });

  it('runs a command for each, one after another, with the data on stdin', async (t) => {
    const file = join(folder(t), 'out');
    const { url } = await StreamDouble.start(t, THREE);
    const exec = 'cat >"$OUT.1"; sleep 0.05; printf "%s %s %s;" "$SSE_ID" "$SSE_EVENT" "$(cat "$OUT.1")" >>"$OUT"';
    const { code, stdout, stderr } = await obey({ url, exec, count: 3 }, { env: { ...process.env, OUT: file } });
    assert.deepEqual([code, stdout, stderr], [0, '', '']);
    assert.equal(readFileSync(file, 'utf8'), 'a-1 message one;a-2 t two\nlines;a-3 message three;');
  });

  it('tells of a command that fails, and goes on', async (t) => {
    const { url } = await StreamDouble.start(t, THREE, status(204));
    const { code, stderr } = await obey({ url, exec: '[ "$SSE_ID" != a-2 ] || exit 3', count: 3 });
    assert.deepEqual([code, stderr], [0, 'sse-server: the command ended with 3 for the event a-2\n']);
    const killed = await obey({ url: (await StreamDouble.start(t, THREE)).url, exec: 'kill -9 $$', count: 1 });
    assert.equal(killed.stderr, 'sse-server: the command was ended by SIGKILL for the event a-1\n');
  });

  it('feeds a command the JSON where that is asked for, and does not mind if it reads nothing', async (t) => {
    const file = join(folder(t), 'out');
    const large = stream(`data: ${'x'.repeat(300_000)}\n\n`, 'id: 7\ndata: y\n\n');
    const { url } = await StreamDouble.start(t, large);
    const { code, stderr } = await obey(
      { url, exec: '[ -z "$SSE_ID" ] || cat >"$OUT"', json: true, count: 2 },
      {
        env: { ...process.env, OUT: file },
      },
    );
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(readFileSync(file, 'utf8'), '{"id":"7","event":"message","data":"y"}\n');
  });

  it('reads no faster than its reader takes', async (t) => {
    const server = await TestServer.start(t, { historyBytes: '64mb' });
    const data = 'x'.repeat(10_000);
    for (let i = 0; i < 1000; i++) await server.app.publish({ data }, 'test');
    const waiting: (() => void)[] = [];
    const stdout = new Writable({ write: (_chunk, _encoding, done) => void waiting.push(done) });
    const done = obey({ url: `${server.url}sse?since=earliest`, count: 1000 }, { stdout });
    while (waiting.length === 0) await new Promise(setImmediate);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(waiting.length, 1, 'one is written, and waited for');
    const pump = setInterval(() => {
      for (const settle of waiting.splice(0)) settle();
    });
    t.after(() => clearInterval(pump));
    assert.equal((await done).code, 0);
  });

  it('ends in peace when its reader goes, and with a reason when the disk is full', async (t) => {
    const server = await TestServer.start(t);
    await server.app.publish({ data: 'a' }, 'test');
    const failing = (code: string) => {
      const stdout = new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })) });
      return stdout.on('error', () => {});
    };
    const url = `${server.url}sse?since=earliest`;
    assert.equal((await obey({ url }, { stdout: failing('EPIPE') })).code, 0);
    const stderr = new Kept();
    const full = obey({ url, lastEventId: '' }, { stdout: failing('ENOSPC'), stderr });
    await assert.rejects(full, { code: 'request-failed', message: 'stdout cannot be written: ENOSPC' });
    assert.equal(stderr.text, '', 'nothing was taken, so there is nothing to go on from');
  });

  it('shows a token, read anew for each connection, and says why it was refused', async (t) => {
    const tokenFile = join(folder(t), 'token');
    writeFileSync(tokenFile, 'first\n');
    const double = await StreamDouble.start(
      t,
      stream('data: x\nid: 1\n\n'),
      status(401, {}, '{"detail":"the token has expired"}'),
    );
    const stderr = new Kept();
    const sleep = async () => writeFileSync(tokenFile, 'second\n');
    const ended = obey({ url: double.url, tokenFile, headers: { 'x-tenant': '7' } }, { sleep, stderr });
    await assert.rejects(ended, { code: 'request-failed', message: /answers 401: the token has expired$/ });
    assert.deepEqual(
      double.asked.map(({ authorization, 'x-tenant': tenant }) => [authorization, tenant]),
      [
        ['Bearer first', '7'],
        ['Bearer second', '7'],
      ],
    );
    assert.match(stderr.text, /sse-server: --last-event-id 1 goes on from here\n$/);
    for (const [text, message] of [
      ['two words', /must hold one token and nothing else$/],
      ['', /must hold one token/],
    ] as const) {
      writeFileSync(tokenFile, text);
      await assert.rejects(obey({ url: double.url, tokenFile }), { code: 'invalid-config', message });
    }
    await assert.rejects(obey({ url: double.url, tokenFile: `${tokenFile}x` }), { message: /^--token-file: cannot be read: / });
  });
});
