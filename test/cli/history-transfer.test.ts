import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import type { HistoryOrder, HistoryPlace } from '../../src/cli/history-order.ts';
import { transferHistory } from '../../src/cli/history-transfer.ts';
import { loadOptions } from '../../src/config/load.ts';
import type { DraftInput } from '../../src/event/draft.ts';
import { TestServer } from '../support/server.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'sse-transfer-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

interface Given {
  readonly input?: string;
  readonly flags?: Record<string, string>;
  readonly selection?: HistoryOrder['selection'];
}

/** Runs an order in this process. */
async function transfer(
  what: HistoryOrder['what'],
  file: string,
  place: HistoryPlace,
  { input = '', flags = {}, selection = {} }: Given = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const written: Buffer[] = [];
  const stdout = new Writable({ write: (chunk, _encoding, done) => done(void written.push(chunk)) });
  let stderr = '';
  const stores = 'store' in place ? { store: place.store } : {};
  const loaded = loadOptions({ flags: { ...stores, ...flags }, env: {}, readFile: () => '' });
  // In pieces of three bytes, so that letters and lines are cut.
  const bytes = Buffer.from(input);
  const pieces = Array.from({ length: Math.ceil(bytes.length / 3) }, (_, i) => bytes.subarray(i * 3, i * 3 + 3));
  const write = (text: string) => {
    stderr += text;
    return true;
  };
  const streams = { stdin: Readable.from(pieces), stdout, stderr: { write } };
  const code = await transferHistory({ what, file, place, selection, loaded }, streams);
  return { code, stdout: Buffer.concat(written).toString(), stderr };
}

const EVENTS: readonly DraftInput[] = [
  { data: 'plain' },
  { event: 'price', data: { eur: 9.5 }, retry: 900, topics: ['a', 'b'] },
  { data: 'two\nlines \u2028 \u{1f600}', filter: { profile: 'Administrator' }, except: ['7'] },
  { data: '', id: 'mine', ttl: '90m', supersedes: 'key' },
  { data: 'now', history: false },
];

/** What was said and to whom, without what is the log's own. */
const said = (lines: string) =>
  lines
    .trim()
    .split('\n')
    .map((line) => {
      const { id: _id, time: _time, ...rest } = JSON.parse(line);
      return rest;
    });

const EXPECTED = [
  { event: 'message', data: 'plain' },
  { event: 'price', data: '{"eur":9.5}', retry: 900, topics: ['a', 'b'] },
  { event: 'message', data: 'two\nlines \u2028 \u{1f600}', filter: 'profile == "Administrator"', except: ['7'] },
  { event: 'message', data: '', ttl: '90m', supersedes: 'key' },
  { event: 'message', data: 'now', history: false },
];

describe('history export and import', () => {
  test('go from a running server to a stopped one and back, and lose nothing', async (t) => {
    const place = folder(t);
    const [file, again] = [join(place, 'a.ndjson'), join(place, 'b.ndjson')];
    const server = await TestServer.start(t);
    for (const draft of EVENTS) await server.app.publish(draft, 'test');
    const url = server.admin;
    assert.deepEqual(await transfer('export', file, { url }), { code: 0, stdout: '', stderr: 'sse-server: 5 events exported\n' });
    assert.deepEqual(said(readFileSync(file, 'utf8')), EXPECTED);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal((await transfer('export', '-', { url })).stdout, readFileSync(file, 'utf8'), 'the same bytes each time');

    const store = join(place, 'log');
    assert.equal((await transfer('import', file, { store })).stderr, 'sse-server: 5 events imported\n');
    await transfer('export', again, { store });
    assert.deepEqual(said(readFileSync(again, 'utf8')), EXPECTED);
    assert.deepEqual(readdirSync(place).sort(), ['a.ndjson', 'b.ndjson', 'log'], 'and leave nothing else behind');

    const stream = await server.stream('?topic=a');
    await transfer('import', '-', { url }, { input: readFileSync(again, 'utf8').replaceAll('\n', '\n\n') });
    assert.deepEqual(await stream.until('now'), ['plain', '{"eur":9.5}', '', 'now']);
    assert.match(stream.received.at(-1)?.id ?? '', /-10$/);
  });

  test('keep the order of many, in batches', async (t) => {
    const store = join(folder(t), 'log');
    const input = Array.from({ length: 1000 }, (_, i) => JSON.stringify({ data: `${i}` })).join('\n');
    assert.equal((await transfer('import', '-', { store }, { input })).stderr, 'sse-server: 1000 events imported\n');
    const { stdout } = await transfer('export', '-', { store });
    assert.deepEqual(
      said(stdout).map(({ data }) => data),
      Array.from({ length: 1000 }, (_, i) => String(i)),
    );
  });

  test('take a selection along, on a running server as on a stopped one', async (t) => {
    const store = join(folder(t), 'log');
    const server = await TestServer.start(t, { store });
    for (const draft of EVENTS) await server.app.publish(draft, 'test');
    const selection = { since: '1h', filter: 'event == "price"' };
    const running = await transfer('export', '-', { url: server.url }, { selection });
    await assert.rejects(transfer('export', '-', { store }), { code: 'store-in-use' });
    await server.app.stop();
    const stopped = await transfer('export', '-', { store }, { selection });
    assert.deepEqual(said(running.stdout), [EXPECTED[1]]);
    assert.equal(stopped.stdout, running.stdout);
    await assert.rejects(transfer('export', '-', { store }, { selection: { since: 'x' } }), { message: /^--since: must be / });
  });

  test('show the token to a server that wants one, by TCP and by socket', async (t) => {
    const place = folder(t);
    const [adminTokenFile, socket] = [join(place, 'token'), join(place, 'admin.sock')];
    writeFileSync(adminTokenFile, 'a-token-of-enough-letters\n');
    const server = await TestServer.start(t, { adminTokenFile, adminListen: `unix:${socket}` });
    await server.app.publish({ data: 'x' }, 'test');
    const shown = await transfer('export', '-', { url: `unix:${socket}` }, { flags: { adminTokenFile } });
    assert.equal(said(shown.stdout).length, 1);
    await assert.rejects(transfer('export', '-', { url: `unix:${socket}` }), {
      code: 'request-failed',
      message: /answers 401: admin needs its token/,
    });
  });

  test('find a mistake in a file before anything is published', async (t) => {
    const file = join(folder(t), 'bad.ndjson');
    const server = await TestServer.start(t);
    const cases: [line: string, message: string][] = [
      ['{"data":', ':3: is not JSON at column 9; it ends too early'],
      ['["data"]', ':3: must be an object such as {"data":"hello"}'],
      ['{"event":"x"}', ':3: data: is required'],
      ['{"data":1,"fitler":"x"}', ":3: fitler: unknown field; did you mean 'filter'?"],
      ['{"data":1,"filter":"profil == 1"}', ":3: filter: unknown name 'profil'; did you mean 'profile'?"],
    ];
    for (const [line, message] of cases) {
      writeFileSync(file, `{"data":"good"}\n\n${line}\n`);
      await assert.rejects(transfer('import', file, { url: server.url }), (error: Error) => {
        assert(error.message.startsWith(file + message), error.message);
        return true;
      });
    }
    writeFileSync(file, Buffer.from([0x7b, 0xff, 0x0a]));
    await assert.rejects(transfer('import', file, { url: server.url }), { message: `${file}:1: is not valid UTF-8` });
    assert.deepEqual(server.of('broadcast'), []);
  });

  test('say how far they came when it breaks off', async (t) => {
    const server = await TestServer.start(t, { bodyLimit: '100b' });
    const input = `{"data":"a"}\n{"data":"b"}\n{"data":"${'x'.repeat(200)}"}\n{"data":"c"}`;
    await assert.rejects(transfer('import', '-', { url: server.url }, { input }), {
      message: /answers 413: .*--body-limit; 2 events were imported before$/,
    });
    assert.equal(server.of('broadcast').length, 2);
  });

  test('leave sizes to the server that gets them, and to the options where there is none', async (t) => {
    const input = `${JSON.stringify({ data: 'x', topics: 'x'.repeat(200) })}\n`;
    const file = join(folder(t), 'events.ndjson');
    writeFileSync(file, input);
    const server = await TestServer.start(t, { topicLimit: 200 });
    assert.equal((await transfer('import', file, { url: server.url })).code, 0);
    const smaller = await TestServer.start(t);
    await assert.rejects(transfer('import', file, { url: smaller.url }), { message: /topics\/0: has at most 128 characters/ });

    const store = join(folder(t), 'store');
    await assert.rejects(transfer('import', file, { store }), { message: /:1: topics\/0: has at most 128 characters/ });
    assert(!existsSync(store), 'nothing was touched');
    assert.equal((await transfer('import', file, { store }, { flags: { topicLimit: '200' } })).code, 0);
    // What is kept stays readable where less is taken now.
    const { stdout } = await transfer('export', '-', { store }, { flags: { topicLimit: '3' } });
    assert.deepEqual(JSON.parse(stdout).topics, ['x'.repeat(200)]);
  });

  test('tell what is not there: a server, a store, a file', async (t) => {
    const place = folder(t);
    const server = await TestServer.start(t);
    await server.app.stop();
    const [file, store] = [join(place, 'x.ndjson'), join(place, 'none')];
    await assert.rejects(transfer('export', file, { url: server.url }), {
      code: 'request-failed',
      message: /does not answer: no server listens there; --url says where a server is$/,
    });
    await assert.rejects(transfer('export', file, { store }), { code: 'invalid-config', message: /there is no store in / });
    assert.deepEqual(readdirSync(place), [], 'and leave nothing behind');
    await assert.rejects(transfer('import', file, { store }), {
      code: 'invalid-config',
      message: /cannot read: no such file or directory$/,
    });
    assert.equal(existsSync(file), false);
  });
});
