import { runCommand } from '../../src/cli/command.ts';
import type { Effects } from '../../src/cli/effects.ts';
import type { Loaded } from '../../src/config/load.ts';

/** What a command line did. */
export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What was to be served; undefined if nothing was. */
  readonly loaded: Loaded | undefined;
}

/** Runs a command line in a world of its own. Without more: an empty environment and no file. */
export async function run(argv: readonly string[], world: Partial<Effects> = {}): Promise<Outcome> {
  let [stdout, stderr] = ['', ''];
  let loaded: Loaded | undefined;
  const exitCode = await runCommand(argv, {
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    env: {},
    readFile: () => {
      throw Object.assign(new Error(), { code: 'ENOENT' });
    },
    rereadFile: () => {
      throw Object.assign(new Error(), { code: 'ENOENT' });
    },
    version: '1.2.3',
    inspect: () => {},
    run: (source) => {
      loaded = source.loaded;
      return 0;
    },
    history: () => 0,
    token: () => 0,
    send: () => 0,
    tail: () => 0,
    clients: () => 0,
    top: () => 0,
    ...world,
  });
  return { exitCode, stdout, stderr, loaded };
}
