import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type Program, startProgram, temporaryFolder } from '../support/program.ts';
import { openStream } from './reader.ts';

const OF_HEAP = /^--max-clients \d+ and --history-events \d+ need about \d+ MiB of heap, and this process may have \d+ MiB/;
const OF_MEMORY = /^--history-bytes \d+ MiB and --max-clients \d+ need about \d+ MiB of memory, and there are \d+ MiB/;

const heap = (mebibytes: number) => ({ env: { NODE_OPTIONS: `--max-old-space-size=${mebibytes}` } });
const warnings = (program: Program) => program.log.filter(({ msg }) => / MiB of (heap|memory), /.test(msg));

describe('memory that cannot be enough', () => {
  it('is told at the start, with what would be enough, and what fits is not', async (t) => {
    const short = await startProgram(t, ['--max-clients', '100000'], heap(64));
    const { level, msg } = await short.logged({ msg: OF_HEAP });
    assert.equal(level, 'warn');
    const [, enough] = /NODE_OPTIONS=--max-old-space-size=(\d+)/.exec(msg) ?? [];
    assert(enough, msg);
    await short.stop();
    // What the machine has may still be too little for them.
    const long = await startProgram(t, ['--max-clients', '100000'], heap(Number(enough)));
    assert.deepEqual(
      warnings(long).filter((line) => OF_HEAP.test(line.msg)),
      [],
    );
    await long.stop();
    const huge = await startProgram(t, ['--history-bytes', '1024gb']);
    assert.equal((await huge.logged({ msg: OF_MEMORY })).level, 'warn');
    await huge.stop();
    assert.deepEqual(warnings(await startProgram(t)), []);
  });

  it('is told by the reload that asks for it', async (t) => {
    const config = join(temporaryFolder(), 'config.json');
    writeFileSync(config, '{}');
    const program = await startProgram(t, ['--config', config]);
    writeFileSync(config, '{"historyBytes":"1024gb"}');
    const reload = async () => {
      const response = await fetch(`${program.admin}config/reload`, { method: 'POST' });
      return ((await response.json()) as { warnings: string[] }).warnings;
    };
    const [warning = '', ...more] = await reload();
    assert.match(warning, OF_MEMORY);
    assert.deepEqual(more, []);
    process.kill(program.pid, 'SIGHUP');
    const line = await program.logged({ msg: 'configuration reloaded', source: 'signal' });
    assert.deepEqual([line.level, line.warnings], ['warn', [warning]]);
    writeFileSync(config, '{}');
    assert.deepEqual(await reload(), []);
  });
});

/** The smallest in which the same load passes again and again, in MiB. */
const HEAP = 48;
/** What the process may take at most, in MiB: bodies that are sent by halves would be 300 MiB without a bound. */
const MOST = 260;
const READING = 300;
const STALLED = 50;
const HALF_SENT = 300;
const LARGE = 40;
const BATCHES = 20;
const LINES = 2000;
const MIB = 1024 * 1024;

/** Connections that have begun their stream; those that stall read nothing after that. */
function crowd(t: TestContext, program: Program, { size, path, stalls }: { size: number; path: string; stalls: boolean }) {
  const opened = Array.from({ length: size }, () => {
    const socket = connectTo(t, program);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n`);
    return once(socket, 'data').then(() => void (stalls ? socket.pause() : socket.resume()));
  });
  return Promise.all(opened);
}

/** Publishers that send a part of a large body and wait; settles with what those are told that are refused. */
async function sendHalves(t: TestContext, program: Program): Promise<{ sockets: Socket[]; refusals: string[] }> {
  const refusals: string[] = [];
  const sockets = Array.from({ length: HALF_SENT }, () => connectTo(t, program));
  const half = Buffer.alloc(MIB / 2 + 1, 'x');
  await Promise.all(
    sockets.map(async (socket) => {
      const answered = once(socket, 'data').then(([bytes]) => void refusals.push(String(bytes)));
      socket.write(`POST /admin/broadcast HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${MIB}\r\n\r\n`);
      const taken = new Promise<void>((resolve) => socket.write(half, () => resolve()));
      await Promise.race([answered, taken]).catch(() => {});
    }),
  );
  return { sockets, refusals };
}

function connectTo(t: TestContext, { port }: Program): Socket {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  t.after(() => void socket.destroy());
  return socket;
}

/** Publishes events that have hardly anything in common, many at a time. @returns the data of those that were accepted */
async function publish(program: Program, { count, size, topics }: { count: number; size: number; topics?: string[] }) {
  const accepted: string[] = [];
  const attempt = async (n: number): Promise<void> => {
    const data = `${size}:${n}:${'x'.repeat(size)}`;
    const filter = `"large" in topics && id != "${n}"`;
    const response = await fetch(`${program.admin}broadcast`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': `${size}-${n}` },
      body: JSON.stringify({ data, id: `own-${size}-${n}`, supersedes: `key-${n}`, ...(topics ? { topics } : { filter }) }),
    });
    await response.arrayBuffer();
    assert([202, 503].includes(response.status), `${response.status}`);
    if (response.status === 202) accepted.push(data);
  };
  for (let n = 0; n < count; n += 50)
    await Promise.all(Array.from({ length: Math.min(50, count - n) }, (_, i) => attempt(n + i)));
  return accepted;
}

/** Publishes batches, all at the same time, of which each becomes many times its size. @returns the data of those that were accepted */
async function publishBatches(program: Program): Promise<string[]> {
  const accepted = await Promise.all(
    Array.from({ length: BATCHES }, async (_, batch) => {
      const data = Array.from({ length: LINES }, (_, line) => `${batch}-${line}`);
      const response = await fetch(`${program.admin}broadcast`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body: data.map((each) => `{"data":"${each}","filter":"'large' in topics && id != '${each}'"}`).join('\n'),
      });
      await response.arrayBuffer();
      assert([202, 503].includes(response.status), `${response.status}`);
      return response.status === 202 ? data : [];
    }),
  );
  return accepted.flat();
}

describe('a heap that cannot hold --max-clients', () => {
  it('takes as many as it can, and tells the others to come back', async (t) => {
    const program = await startProgram(t, ['--log-level', 'warn'], heap(24));
    const { limits } = (await (await fetch(`${program.admin}stats`)).json()) as { limits: { clients: { limit: number } } };
    const { limit } = limits.clients;
    assert(limit > 100 && limit < 2000, `${limit}`);
    await program.logged({ msg: new RegExp(`: no more than ${limit} clients are let in; start it with NODE_OPTIONS=`) });
    await crowd(t, program, { size: limit, path: '/sse', stalls: false });
    const { status, headers } = await fetch(program.sse);
    assert.equal(status, 503);
    assert(Number(headers.get('retry-after')) > 0);
    const { matched } = await program.publish({ data: 'x'.repeat(1000) });
    assert.equal(matched, limit);
    assert.deepEqual(await program.stop(), { code: 0, signal: null });
  });
});

describe('a small heap', { skip: !existsSync('/proc/self/status') && 'only Linux tells how much memory a process had' }, () => {
  it('lasts, whatever comes at the same time, and what was accepted gets to its clients', async (t) => {
    const program = await startProgram(t, ['--log-level', 'warn'], heap(HEAP));
    const reader = await openStream(t, `${program.sse}?topic=large`);
    await crowd(t, program, { size: READING, path: '/sse', stalls: false });
    await crowd(t, program, { size: STALLED, path: '/sse?topic=large', stalls: true });
    const { sockets, refusals } = await sendHalves(t, program);
    // While those have their room.
    const small = await publish(program, { count: 200, size: 200 });
    assert.equal(small.length, 200, 'small ones are let in');
    await program.logged({ code: 'overloaded' });
    for (const socket of sockets) socket.destroy();
    const large = await publish(program, { count: LARGE, size: 300_000, topics: ['large'] });
    assert(large.length > 5, `${large.length} of the large ones were accepted`);
    const batched = await publishBatches(program);
    assert(batched.length > 0, 'some of the batches were accepted');
    const accepted = [...small, ...large, ...batched];
    await reader.has(accepted.length);
    assert.deepEqual(reader.data.toSorted(), accepted.toSorted(), 'all that was accepted, and nothing else');
    assert.deepEqual(reader.control('sse.gap'), []);
    assert.match(refusals.join(''), /^HTTP\/1\.1 503 [\s\S]*?\r\nretry-after: 5\r\n/im);
    assert.equal((await fetch(`${program.url}readyz`)).status, 200);
    const peak = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${program.pid}/status`, 'latin1'))?.[1]) / 1024;
    const letIn = `${HALF_SENT - refusals.length} of ${HALF_SENT} half-sent bodies, ${large.length} of ${LARGE} large ones`;
    t.diagnostic(`${peak.toFixed(0)} MiB at most; let in: ${letIn}, ${batched.length / LINES} of ${BATCHES} batches`);
    assert(peak < MOST, `${peak} MiB`);
    assert.deepEqual(await program.stop(), { code: 0, signal: null });
  });
});
