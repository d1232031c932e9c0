import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startProgram, temporaryFolder } from '../support/program.ts';
import { openStream } from './reader.ts';

/** A file that the program loads before itself. */
function preload(code: string): { NODE_OPTIONS: string } {
  const file = join(temporaryFolder(), 'preload.cjs');
  writeFileSync(file, code);
  return { NODE_OPTIONS: `--require ${file}` };
}

describe('a defect', () => {
  for (const [what, code] of [
    ['an exception', "process.on('SIGUSR2', () => setTimeout(() => { throw new Error('nobody caught this'); }, 0));"],
    ['a rejection', "process.on('SIGUSR2', () => void Promise.reject(new Error('nobody caught this')));"],
  ] as const)
    it(`that is ${what} is logged with its stack, clients are told, the log is closed, and the exit code is 1`, async (t) => {
      const store = join(temporaryFolder(), 'log');
      const program = await startProgram(t, ['--store', store], { env: preload(code) });
      const stream = await openStream(t, program.sse);
      await program.publish({ data: 'kept' });
      program.child.kill('SIGUSR2');
      assert.deepEqual(await program.exit, { code: 1, signal: null });
      const line = await program.logged({ level: 'fatal' });
      assert.match(JSON.stringify(line), /nobody caught this.*preload\.cjs/, 'with its stack');
      await stream.ended;
      assert.deepEqual(stream.control('sse.bye'), [{ reason: 'error' }]);
      const [, retry] =
        /^retry: (\d+)\n(?:.+\n)*event: sse\.bye$/m.exec(stream.raw) ??
        /^event: sse\.bye\n(?:.+\n)*retry: (\d+)$/m.exec(stream.raw) ??
        [];
      assert(Number(retry) >= 2000 && Number(retry) <= 6000, `comes back after ${retry} ms`);
      const later = await startProgram(t, ['--store', store]);
      assert.deepEqual(
        later.log.filter(({ level }) => level === 'error'),
        [],
        'the log was whole',
      );
      assert.deepEqual(
        (await (await openStream(t, `${later.sse}?since=earliest`)).has(1)).map(({ data }) => data),
        ['kept'],
      );
    });
});

describe('a wall clock that jumps', () => {
  it('leaves ids dense, positions told, and streams open', async (t) => {
    const env = preload(`
      const now = Date.now; let shift = 0;
      Date.now = () => now() + shift;
      process.on('SIGUSR2', () => { shift = shift === 0 ? 7_200_000 : -7_200_000; });`);
    const program = await startProgram(t, ['--history-events', '4', '--max-age', '1h'], { env });
    const all = await openStream(t, program.sse);
    const other = await openStream(t, `${program.sse}?profile=Guest`);
    const others = async (count: number) => {
      for (let n = 0; n < count; n++) await program.publish({ data: 'x', filter: { profile: '' } });
    };
    const told = (count: number) =>
      other.until(
        `told of its position ${count} times`,
        () => other.all.filter(({ type }) => type === 'sse.cursor').length >= count,
      );
    await others(8);
    await told(1);
    for (const count of [2, 3]) {
      program.child.kill('SIGUSR2'); // Two hours forward, and then four back.
      await others(1);
      const before = other.all.length;
      // Within the time of a sweep, not the heartbeat's 15 s.
      await all.until('a while has passed', () => all.events.length > 0);
      await new Promise((resolve) => setTimeout(resolve, 1100));
      await others(8);
      await told(count);
      assert(other.all.length > before);
    }
    assert.deepEqual(
      all.events.map(({ id }) => Number(id.split('-')[1])),
      all.events.map((_, index) => index + 1),
    );
    // Back again by the last id: no gap.
    const back = await openStream(t, program.sse, { 'last-event-id': all.events.at(-3)?.id ?? '' });
    await back.has(2);
    assert.deepEqual(back.control('sse.gap'), []);
  });
});

describe('a process that was stopped and goes on', () => {
  it('closes nobody as slow for the time it slept, and sends no burst of heartbeats', async (t) => {
    const program = await startProgram(t, ['--heartbeat', '1s', '--stall-time', '5s', '--history-bytes', '64mb']);
    const live = await openStream(t, program.sse);
    const slow = connect(program.port, '127.0.0.1')
      .on('error', () => {})
      .pause();
    t.after(() => void slow.destroy());
    slow.write('GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await program.until('both are there', () => program.log.filter(({ msg }) => msg === 'stream opened').length === 2);
    // More than the kernel takes for both sides: it is full, and on its way to being slow.
    for (let n = 0; n < 24; n++) await program.publish({ data: `${n}:`.padEnd(1_000_000, 'x') });
    // A good part of its time to take something is over, and the sleep alone is longer than that.
    await new Promise((resolve) => setTimeout(resolve, 1200));
    program.child.kill('SIGSTOP');
    const beats = () => live.raw.split(': hb\n').length;
    const before = beats();
    await new Promise((resolve) => setTimeout(resolve, 6000));
    program.child.kill('SIGCONT');
    const woken = performance.now();
    let got = '';
    slow.on('data', (bytes: Buffer) => {
      got = (got + bytes.toString('latin1')).slice(-2_000_000);
    });
    slow.resume();
    await program.publish({ data: 'the last' });
    while (!got.includes('data: the last\n')) await once(slow, 'data', { signal: AbortSignal.timeout(10_000) });
    await live.has(25);
    assert.deepEqual(
      program.log.filter(({ msg }) => msg === 'stream closed'),
      [],
    );
    // One a second since then, and not those of the sleep.
    const due = 2 + Math.floor((performance.now() - woken) / 1000);
    assert(beats() - before <= due, `${beats() - before} heartbeats, and ${due} were due`);
  });
});
