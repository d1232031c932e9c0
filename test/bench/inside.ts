import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { PROGRAM, type Program, type ProgramOptions, startProgram, temporaryFolder } from '../support/program.ts';
import type { Bench } from './bench.ts';

/** What a process knows of itself, after its garbage was collected. In bytes. */
export interface Inside {
  readonly heap: number;
  readonly external: number;
  readonly rss: number;
  /** Of the socket for which most bytes wait in the process: how many. */
  readonly queued: number;
  /** What keeps its event loop alive, by kind: sockets, timers … */
  readonly resources: Readonly<Record<string, number>>;
}

/** The program, with a door through which its memory can be seen. */
export async function startOpen(bench: Bench, args: readonly string[]): Promise<{ program: Program; look(): Promise<Inside> }> {
  const path = join(temporaryFolder(), 'inside');
  const door = fileURLToPath(new URL('inside.mjs', import.meta.url));
  const options: ProgramOptions = {
    env: { SSE_BENCH_SOCKET: path },
    command: [process.execPath, '--expose-gc', '--import', door, ...PROGRAM],
  };
  const program = await startProgram(bench, ['--log-level', 'silent', ...args], options);
  return { program, look: async () => JSON.parse(await text(connect(path))) as Inside };
}
