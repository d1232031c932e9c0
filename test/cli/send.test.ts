import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { type SendWorld, send } from '../../src/cli/send.ts';
import type { SendOrder } from '../../src/cli/send-order.ts';
import { TestServer } from '../support/server.ts';
import { Kept } from './streams.ts';

const ORDER: Omit<SendOrder, 'admin'> = {
  adminTokenFile: undefined,
  data: { text: 'hello' },
  fields: {},
  query: {},
  idempotencyKey: undefined,
  count: 1,
  interval: 0,
};

interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Obeys an order in this process. @param stdin what comes from there; none is a terminal */
async function obey(
  order: Partial<SendOrder> & Pick<SendOrder, 'admin'>,
  stdin?: string | Buffer,
  rest?: Partial<SendWorld>,
): Promise<Said> {
  const [stdout, stderr] = [new Kept(), new Kept()];
  const input = Object.assign(Readable.from(stdin === undefined ? [] : [Buffer.from(stdin)]), { isTTY: stdin === undefined });
  const world = { stdin: input, stdout, stderr, interrupted: new AbortController().signal, ...rest };
  const code = await send({ ...ORDER, ...order }, world);
  return { code, stdout: stdout.text, stderr: stderr.text };
}

/** A server that is not there yet, or none of ours: it keeps what it is asked and answers as it is told. */
async function double(
  t: TestContext,
  answer: (asked: number, res: ServerResponse) => void,
): Promise<{ url: string; asked: { line: string; headers: IncomingMessage['headers']; body: string }[] }> {
  const asked: { line: string; headers: IncomingMessage['headers']; body: string }[] = [];
  const server = createServer(async (req, res) => {
    asked.push({ line: `${req.method} ${req.url}`, headers: req.headers, body: await text(req) });
    answer(asked.length, res);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'sse-send-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

describe('send', () => {
  it('prints what the server answers on a line, and nothing else', async (t) => {
    const server = await TestServer.start(t);
    const stream = await server.stream();
    const { code, stdout, stderr } = await obey({ admin: server.url, fields: { event: 'notice', retry: 900 } });
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^\{"id":"\w+-1","matched":1,"durability":"memory"\}\n$/);
    assert.equal((await stream.event('notice')).data, 'hello');
    assert.deepEqual(stream.retries.slice(1), [900]);
  });

  it('sends text as it stands, with one line break less at its end where a file or stdin has one', async (t) => {
    const server = await TestServer.start(t);
    const stream = await server.stream();
    const file = join(folder(t), 'note.txt');
    writeFileSync(file, 'from a file\r\n');
    const { url: admin } = server;
    await obey({ admin, data: { text: '{"json":"as text"}\n' } });
    await obey({ admin, data: { file } });
    await obey({ admin, data: { file: '-' } }, 'two\nlines\n\n');
    await obey({ admin, data: undefined }, 'Grüße');
    await obey({ admin, data: undefined }, '');
    await obey({ admin, data: { text: 'end' } });
    assert.deepEqual(await stream.until('end'), ['{"json":"as text"}\n', 'from a file', 'two\nlines\n', 'Grüße', '', 'end']);
  });

  it('sends the default event of the server when there is a terminal and no data, to those who were named', async (t) => {
    const server = await TestServer.start(t, { event: 'greeting', data: 'good morning' });
    const stream = await server.stream('?topic=a&id=7');
    const fields = { topics: ['a', 'b'], except: ['8'], filter: { id: '7' }, history: false, retry: 700 };
    await obey({ admin: server.url, data: undefined, fields });
    assert.equal((await stream.event('greeting')).data, 'good morning');
    assert.deepEqual(stream.retries.slice(1), [700]);
    const { stdout, stderr } = await obey({ admin: server.url, data: undefined, fields: { ...fields, filter: 'id == "8"' } });
    assert.match(stdout, /"matched":0/);
    assert.match(stderr, /^sse-server: nobody who is connected matches/);
    await assert.rejects(obey({ admin: server.url, data: undefined, fields: { topics: ['a,b'] } }), {
      message: '--topic: with a comma or space in it needs DATA beside it: a,b',
    });
  });

  it('asks beforehand whom it would reach', async (t) => {
    const server = await TestServer.start(t);
    await server.stream('?id=7');
    const { stdout } = await obey({ admin: server.url, query: { dryRun: 'true' }, fields: { filter: 'id == "7"' } });
    assert.match(stdout, /^\{"matched":1,"total":1,"first":\[.*\]\}\n$/);
    assert.deepEqual(server.of('broadcast'), []);
  });

  it('hands on the time to wait and the key, and prints the receipt', async (t) => {
    const receipt = { id: 'a-1', matched: 1000, written: 1000, flushed: 999, behind: 1, closed: 0 };
    const { url, asked } = await double(t, (_, res) => res.end(JSON.stringify(receipt, null, 2)));
    const { code, stdout, stderr } = await obey({ admin: url, query: { wait: '2s' }, idempotencyKey: '8e03' });
    assert.deepEqual([code, stdout], [0, `${JSON.stringify(receipt)}\n`]);
    assert.equal(stderr, 'sse-server: 1 of 1000 clients did not have it in time; GET /admin/broadcasts/a-1?clients=1 says who\n');
    assert.equal(asked[0]?.line, 'POST /admin/broadcast?wait=2s');
    assert.equal(asked[0]?.headers['idempotency-key'], '8e03');
    assert.equal(asked[0]?.body, '{"data":"hello"}');
  });

  it('repeats, and says how many', async (t) => {
    const server = await TestServer.start(t);
    const { code, stdout, stderr } = await obey({ admin: server.url, count: 3 });
    assert.equal(code, 0);
    assert.equal(stdout.split('\n').length, 4);
    assert.match(stderr, /^sse-server: 3 sent in 0\.\d s\n$/);
  });

  it('keeps its pace when an answer takes its time', async (t) => {
    const { url } = await double(t, (_, res) => void setTimeout(() => res.end('{}'), 30));
    const started = performance.now();
    await obey({ admin: url, count: 11, interval: 50 });
    const took = performance.now() - started;
    // With the answers' time on top of each pause it would be 850.
    assert(took >= 500 && took < 800, `${took} ms`);
  });

  it('ends when it is interrupted, after the answer that is on its way', async (t) => {
    const controller = new AbortController();
    const { url, asked } = await double(t, (count, res) => {
      if (count === 3) controller.abort(130);
      res.end('{}');
    });
    const { code, stdout, stderr } = await obey({ admin: url, count: Infinity, interval: 1 }, undefined, {
      interrupted: controller.signal,
    });
    assert.deepEqual([code, stdout, asked.length], [130, '{}\n{}\n{}\n', 3]);
    assert.match(stderr, /^sse-server: 3 sent in /);
  });

  it('waits for a reader that is slow, and ends in peace with one that went', async (t) => {
    const { url, asked } = await double(t, (_, res) => res.end('{}'));
    let release: (error?: Error) => void = () => {};
    const stdout = new Writable({
      write: (_chunk, _encoding, done) => {
        release = done;
      },
    });
    stdout.on('error', () => {});
    const done = obey({ admin: url, count: 3 }, undefined, { stdout });
    while (asked.length === 0) await new Promise(setImmediate);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(asked.length, 1);
    release(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    assert.equal((await done).code, 0);
  });

  it('says what the server refused, and how many it took before', async (t) => {
    const server = await TestServer.start(t);
    await assert.rejects(obey({ admin: server.url, fields: { filter: 'profil == "A"' } }), {
      code: 'request-failed',
      message: `${server.url} answers 400: /filter: unknown name 'profil'; did you mean 'profile'?`,
    });
    const { url } = await double(t, (count, res) => {
      if (count === 3) res.statusCode = 503;
      res.end('{}');
    });
    await assert.rejects(obey({ admin: url, count: 9 }), { message: `${url} answers 503: {}; 2 sent before` });
  });

  it('says what to do where it asks the wrong listener, or shows no token', async (t) => {
    const token = join(folder(t), 'token');
    writeFileSync(token, 'a-token-of-enough-letters\n');
    const server = await TestServer.start(t, { adminListen: '0', adminTokenFile: token });
    await assert.rejects(obey({ admin: server.url }), {
      message:
        /answers 404: there is nothing at "\/admin\/broadcast"; if admin has a listener of its own, --url must name that: /,
    });
    await assert.rejects(obey({ admin: server.admin }), {
      message: /answers 401: admin needs its token.*--admin-token-file FILE/,
    });
    assert.equal((await obey({ admin: server.admin, adminTokenFile: token })).code, 0);
  });

  it('says what is wrong with what it is to send', async (t) => {
    const place = folder(t);
    const admin = 'http://127.0.0.1:9';
    const cases: [data: SendOrder['data'], stdin: string | Buffer | undefined, message: RegExp][] = [
      [{ file: join(place, 'none') }, undefined, /none: cannot be read: no such file$/],
      [{ file: place }, undefined, /: cannot be read: it is a directory$/],
      [{ file: '-' }, Buffer.from([0xff]), /^stdin: is not valid UTF-8; events are text$/],
      [{ file: '-' }, Buffer.alloc(64 * 1024 * 1024 + 1), /^stdin: is too large for an event$/],
    ];
    for (const [data, stdin, message] of cases)
      await assert.rejects(obey({ admin, data }, stdin), { code: 'invalid-config', message });
  });

  it('tells a server that is none of ours', async (t) => {
    const { url } = await double(t, (_, res) => res.end('<html>'));
    await assert.rejects(obey({ admin: url }), { message: `${url} answers with what is no JSON: is it a server of this kind?` });
  });
});
