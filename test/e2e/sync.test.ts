import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { whyNo } from '../support/needs.ts';
import { PROGRAM, startProgram, temporaryFolder } from '../support/program.ts';

/** The promise of a 202 is not trusted but watched, in the system calls of the program. */
describe('an acknowledgement', { skip: whyNo('strace', ['strace', '-V']) }, () => {
  it('leaves only after the sync that covers its event, and no client sees the event before', async (t) => {
    const folder = temporaryFolder();
    const trace = join(folder, 'trace');
    const calls = 'trace=read,write,writev,fsync,fdatasync';
    const program = await startProgram(t, ['--store', join(folder, 'log'), '--log-level', 'silent'], {
      command: ['strace', '-f', '-s', '2000', '-e', calls, '-o', trace, process.execPath, ...PROGRAM],
    });
    const stream = await fetch(program.sse);
    for (let i = 0; i < 20; i++) await program.publish({ data: `number-${i};` });
    await stream.body?.cancel();
    process.kill(Number(program.ready.pid), 'SIGTERM'); // strace ends with what it watches.
    await program.exit;

    const lines = readFileSync(trace, 'utf8').split('\n');
    const at = (pattern: RegExp, after = 0) => lines.findIndex((line, index) => index >= after && pattern.test(line));
    for (let i = 0; i < 20; i++) {
      const asked = at(new RegExp(`read(\\(| resumed>).*number-${i};`));
      const synced = at(/(fdatasync|fsync)(\(\d+\)| resumed>\)) += 0/, asked);
      const sent = lines.findIndex((line) => /write.*202 Accepted/.test(line) && lines.indexOf(line) > asked);
      const delivered = at(new RegExp(`(write|writev)\\(.*data: number-${i};`));
      assert(asked > 0 && synced > asked, `event ${i}: asked at ${asked}, synced at ${synced}`);
      assert(sent > synced, `event ${i}: acknowledged at line ${sent}, synced at ${synced}`);
      assert(delivered > synced, `event ${i}: delivered at line ${delivered}, synced at ${synced}`);
    }
  });
});
