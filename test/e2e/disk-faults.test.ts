import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createSseServer } from '../../src/index.ts';
import { whyNo } from '../support/needs.ts';
import { PROGRAM, type Program, startProgram, temporaryFolder } from '../support/program.ts';
import { samplesOf } from '../support/scrape.ts';
import { SmallDisk, whyNoDisk } from '../support/small-disk.ts';
import { openStream, type Reader } from './reader.ts';

/** A disk that fails while the server runs: publishing ends, everything else goes on, and nothing acknowledged is lost. */

const OPTIONS = ['--heartbeat', '1s', '--history-bytes', '64mb'];

interface Outcome {
  readonly kept: string[];
  readonly refused: string;
  readonly how: Attempt;
}

interface Attempt {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Publishes under a key, as a publisher that means to try again. */
async function attempt(program: Program, data: string): Promise<Attempt> {
  const key = data.slice(0, 100);
  const response = await fetch(`${program.admin}broadcast`, { method: 'POST', headers: { 'idempotency-key': key }, body: data });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, unknown> };
}

/** Publishes until it is refused. @returns what was acknowledged, what was refused first, and how */
async function publishUntilRefused(program: Program, size: number): Promise<{ kept: string[]; refused: string; how: Attempt }> {
  const kept: string[] = [];
  for (let n = 0; n < 1000; n++) {
    const data = `${n}:${'x'.repeat(size)}`;
    const how = await attempt(program, data);
    if (how.status !== 202) return { kept, refused: data, how };
    kept.push(data);
  }
  throw new Error('nothing was refused');
}

/** That it was refused, told once, and that a disk which is well again needs no restart. */
async function recovers(program: Program, stream: Reader, reason: RegExp, { kept, refused, how }: Outcome) {
  assert.equal(how.status, 503);
  assert.equal(how.body.code, 'store-failed');
  assert.match(String(how.body.detail), reason);
  await program.logged({ level: 'error', msg: reason });
  await program.logged({ level: 'warn', msg: 'the store can be written again' });
  assert.equal((await fetch(new URL('/readyz', program.url))).status, 200);
  assert.equal((await attempt(program, refused)).status, 202);
  await stream.has(kept.length + 1);
  assert.deepEqual(stream.data, [...kept, refused], 'nothing twice, nothing that was refused, nothing lost');
  assert.deepEqual(
    stream.events.map(({ id }) => Number(id.split('-')[1])),
    stream.events.map((_, index) => index + 1),
    'no hole',
  );
  // Of the past, from the disk: what was refused has left no trace.
  assert.equal(program.log.filter(({ level, msg }) => level === 'error' && reason.test(msg)).length, 1, 'told once');
}

/** That a server whose disk failed does all it still can, and acknowledges nothing more. */
async function goesOnWithout(program: Program, stream: Reader, reason: RegExp, { kept, how }: { kept: string[]; how: Attempt }) {
  assert.equal(how.status, 503);
  assert.equal(how.headers.get('retry-after'), '5');
  assert.equal(how.body.code, 'store-failed');
  assert.match(String(how.body.detail), reason);
  await program.logged({ level: 'error', msg: reason });
  const beats = () => stream.raw.split(': hb\n').length;
  const before = beats();
  await stream.until('heartbeats go on', () => beats() >= before + 2);
  assert.deepEqual(stream.data, kept, 'nobody has seen what was refused');
  assert.equal((await fetch(new URL('/livez', program.url))).status, 200);
  const ready = await fetch(new URL('/readyz', program.url));
  assert.equal(ready.status, 503);
  assert.match(await ready.text(), /store cannot be written/);
  const verbose = await (await fetch(new URL('/readyz?verbose', program.url))).text();
  assert.match(verbose, /^stopping: no\nlog: takes no events\nstore: the store cannot be written/);
  const numbers = samplesOf(await (await fetch(new URL('/metrics', program.url))).text());
  assert.deepEqual([numbers.get('sse_ready'), numbers.get('sse_store_writable')], [0, 0]);
  for (let n = 0; n < 5; n++) assert.equal((await attempt(program, `later:${n}`)).status, 503, 'while it is full');
  const reports = program.log.filter(({ level, msg }) => level === 'error' && reason.test(msg));
  assert.equal(reports.length, 1, 'told once');
}

/** That a restart has everything acknowledged in its place, and that trying again is safe. */
async function comesBackWith(t: TestContext, store: string, { kept, refused }: { kept: string[]; refused: string }) {
  const program = await startProgram(t, ['--store', store, ...OPTIONS]);
  const stream = await openStream(t, `${program.sse}?since=earliest`);
  await stream.has(kept.length);
  const again = await attempt(program, refused);
  assert.equal(again.status, 202);
  await program.publish({ data: 'goes on' });
  const events = await stream.has(kept.length + 2);
  assert.deepEqual(stream.data, [...kept, refused, 'goes on'], 'each once, in order, and what was tried again not twice');
  assert.deepEqual(stream.control('sse.gap'), []);
  assert.deepEqual(
    events.map(({ id }) => Number(id.split('-')[1])),
    events.map((_, index) => index + 1),
  );
  await program.stop();
}

describe('a disk that fails while the server runs', { skip: whyNo('strace', ['strace', '-V']) }, () => {
  // Each fault comes once, in a journal or in the making of the next one, and the disk is well again afterwards.
  const faults = [
    { fault: 'fdatasync:error=EIO:when=8', file: '000003.log', reason: /Input\/output error/, size: 10 },
    { fault: 'write:error=ENOSPC:when=8', file: '000003.log', reason: /No space left on device/, size: 10 },
    { fault: 'write:error=EIO:when=20', file: '000003.log', reason: /Input\/output error/, size: 100_000 },
    { fault: 'openat:error=EROFS:when=1', file: '000004.log', reason: /Read-only file system/, size: 500_000 },
    { fault: 'openat:error=EMFILE:when=1', file: '000004.log', reason: /Too many open files/, size: 500_000 },
  ];
  for (const { fault, file, reason, size } of faults)
    it(`refuses events and serves on: ${fault}`, async (t) => {
      const store = join(temporaryFolder(), 'log');
      const inject = ['-P', join(store, file), '-e', `inject=${fault}`];
      const program = await startProgram(t, ['--store', store, ...OPTIONS], {
        command: ['strace', '-f', '-o', '/dev/null', ...inject, process.execPath, ...PROGRAM],
        // strace counts the calls of each thread.
        env: { UV_THREADPOOL_SIZE: '1' },
      });
      const stream = await openStream(t, program.sse);
      const outcome = await publishUntilRefused(program, size);
      assert(outcome.kept.length > 1, `${outcome.kept.length} acknowledged before`);
      await recovers(program, stream, reason, outcome);
      process.kill(Number(program.ready.pid), 'SIGTERM');
      assert.equal((await program.exit).code, 0);
      await comesBackWith(t, store, { kept: outcome.kept, refused: outcome.refused });
    });
});

describe('a disk that fills up while the server runs', { skip: whyNoDisk() }, () => {
  it('costs nothing that was acknowledged, and needs no restart once there is room', async (t) => {
    const disk = new SmallDisk(t, 64 * 1024);
    const store = join(disk.path, 'log');
    const program = await startProgram(t, ['--store', store, ...OPTIONS]);
    const stream = await openStream(t, program.sse);
    disk.fill(12 * 1024 * 1024);
    const outcome = await publishUntilRefused(program, 100_000);
    t.diagnostic(`${outcome.kept.length} events of 100 kB were acknowledged on 12 MiB`);
    await goesOnWithout(program, stream, /No space left on device/, outcome);
    disk.makeRoom();
    await recovers(program, stream, /No space left on device/, outcome);
    await program.stop();
    await comesBackWith(t, store, outcome);
  });

  it('is counted', async (t) => {
    const disk = new SmallDisk(t, 16 * 1024);
    const server = createSseServer({ port: 0, store: join(disk.path, 'log') });
    await server.start();
    disk.fill();
    for (let n = 0; n < 3; n++) await assert.rejects(server.publish({ data: 'x'.repeat(10_000) }), { code: 'store-failed' });
    assert.equal(server.totals().failed, 1);
    await server.stop();
  });
});
