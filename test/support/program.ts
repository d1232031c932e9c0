import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's root. */
export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url));

const BUILT = join(ROOT, 'dist/bin/sse-server.js');

/** What `process.execPath` runs as the program: what was built (`npm test` builds first), or the source where nothing was. */
export const PROGRAM: readonly string[] = existsSync(BUILT) ? [BUILT] : ['--import', 'tsx', join(ROOT, 'bin/sse-server.ts')];

/** Where clean-up is registered: a test's context. */
export interface Cleanup {
  after(done: () => void | Promise<void>): void;
}

/** How long anything is waited for, in ms: far more than it takes, and less than a person's patience. */
export const PATIENCE: number = 20_000;

/** Conditions on something that changes by events: whoever changes it calls `changed()`. Nobody sleeps. */
export class Waiting {
  readonly #checks = new Set<() => void>();
  readonly #describe: () => string;

  /** @param describe says how things stand, for the error */
  constructor(describe: () => string) {
    this.#describe = describe;
  }

  changed(): void {
    for (const check of [...this.#checks]) check();
  }

  /** Settles with the first answer of `condition` that is something. Rejects when patience ends. */
  until<T>(what: string, condition: () => T | undefined | false | null): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (outcome: () => void) => {
        clearTimeout(timer);
        this.#checks.delete(check);
        outcome();
      };
      const check = () => {
        try {
          const found = condition();
          if (found) settle(() => resolve(found));
        } catch (error) {
          settle(() => reject(error));
        }
      };
      const timer = setTimeout(
        () => settle(() => reject(new Error(`waited in vain until ${what}; ${this.#describe()}`))),
        PATIENCE,
      );
      this.#checks.add(check);
      check();
    });
  }
}

/** A line of the JSON log. */
export type LogLine = { readonly level: string; readonly msg: string } & Readonly<Record<string, unknown>>;

export interface ProgramOptions {
  /** Beside this process's environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** `pipe` to write commands; otherwise it reads /dev/null. */
  readonly stdin?: 'pipe';
  /** What runs in place of the built program, with its arguments. */
  readonly command?: readonly [string, ...string[]];
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process and what it writes. */
export class Running {
  readonly child: ChildProcess;
  readonly exit: Promise<Exit>;
  stdout = '';
  stderr = '';
  #ended: Exit | undefined;
  readonly #waiting = new Waiting(() => `stdout: ${this.stdout.slice(-2000)}\nstderr: ${this.stderr.slice(-2000)}`);

  constructor(
    args: readonly string[],
    { env = {}, cwd = ROOT, stdin, command = [process.execPath, ...PROGRAM] }: ProgramOptions,
  ) {
    const [file, ...before] = command;
    this.child = spawn(file, [...before, ...args], {
      cwd,
      env: { ...cleanEnvironment(), ...env },
      stdio: [stdin ?? 'ignore', 'pipe', 'pipe'],
    });
    const hear = (stream: 'stdout' | 'stderr') =>
      this.child[stream]?.setEncoding('utf8').on('data', (text: string) => {
        this[stream] += text;
        this.#waiting.changed();
      });
    hear('stdout');
    hear('stderr');
    this.exit = once(this.child, 'close').then(([code, signal]) => {
      this.#ended = { code, signal };
      this.#waiting.changed();
      return this.#ended;
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get ended(): Exit | undefined {
    return this.#ended;
  }

  /** The lines of the JSON log so far. Throws if anything else stands on stdout. */
  get log(): LogLine[] {
    const lines = this.stdout.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as LogLine);
  }

  /** Settles when the output so far fulfils a condition. */
  until<T>(what: string, condition: () => T | undefined | false | null): Promise<T> {
    return this.#waiting.until(what, condition);
  }

  /** Settles with the first log line that has these fields. */
  logged(fields: Readonly<Record<string, unknown>>): Promise<LogLine> {
    const entries = Object.entries(fields);
    const fits = (line: LogLine) =>
      entries.every(([name, value]) => (value instanceof RegExp ? value.test(String(line[name])) : line[name] === value));
    return this.until(`it logs ${JSON.stringify(fields)}`, () => this.log.find(fits));
  }

  /** Sends a signal and waits for the end. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.child.kill(signal);
    return this.exit;
  }

  async kill(): Promise<void> {
    if (!this.#ended) await this.stop('SIGKILL');
  }
}

/** The real program, as it serves. */
export class Program extends Running {
  url = '';
  sse = '';
  /** Ends with a slash. */
  admin = '';
  /** What the ready file held. */
  ready: Readonly<Record<string, unknown>> = {};

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Ends the server too where something else was started that watches it. */
  override async kill(): Promise<void> {
    const { pid } = this.ready;
    if (!this.ended && typeof pid === 'number' && pid !== this.pid) process.kill(pid, 'SIGKILL');
    await super.kill();
  }

  /** Publishes as a program does. */
  async publish(draft: Readonly<Record<string, unknown>>): Promise<{ id: string; matched: number }> {
    const response = await fetch(`${this.admin}broadcast`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(draft),
    });
    if (response.status !== 202) throw new Error(`${response.status}: ${await response.text()}`);
    return (await response.json()) as { id: string; matched: number };
  }
}

/** Starts the program on a free port, unless the arguments name one, and waits until it is ready. It is killed at the latest when the test ends. */
export async function startProgram(t: Cleanup, args: readonly string[] = [], options: ProgramOptions = {}): Promise<Program> {
  const folder = temporaryFolder();
  const readyFile = join(folder, 'ready.json');
  const port = args.includes('--port') || options.env?.SSE_SERVER_PORT !== undefined ? [] : ['--port', '0'];
  return serving(t, new Program([...port, '--ready-file', readyFile, ...args], options), readyFile);
}

/** As `startProgram`, with nothing said about the port. */
export function startAtDefaultPort(t: Cleanup, args: readonly string[] = []): Promise<Program> {
  const readyFile = join(temporaryFolder(), 'ready.json');
  return serving(t, new Program(['--ready-file', readyFile, ...args], {}), readyFile);
}

async function serving(t: Cleanup, program: Program, readyFile: string): Promise<Program> {
  t.after(() => program.kill());
  const watcher = watch(join(readyFile, '..'));
  const appeared = new Promise<void>((resolve) => {
    const look = () => existsSync(readyFile) && resolve();
    watcher.on('change', look);
    look();
  });
  const early = program.exit.then(({ code }) => {
    throw new Error(`ended with ${code} before it was ready: ${program.stderr}${program.stdout}`);
  });
  early.catch(() => {});
  try {
    await Promise.race([appeared, early]);
  } finally {
    watcher.close();
  }
  program.ready = JSON.parse(readFileSync(readyFile, 'utf8')) as Record<string, string>;
  const { url, sse, admin } = program.ready;
  return Object.assign(program, { url, sse, admin });
}

/** Runs a command to its end. */
export async function run(
  t: Cleanup,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Exit & { stdout: string; stderr: string }> {
  const running = new Running(args, options);
  t.after(() => running.kill());
  const exit = await running.exit;
  return { ...exit, stdout: running.stdout, stderr: running.stderr };
}

const folders: string[] = [];
// With the process, and not with the test: what a test registers first is cleaned up first, and a server may still write there.
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that goes when all is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sse-server-'));
  folders.push(folder);
  return folder;
}

/** Without what the test runner, the coverage and a developer's own settings would change in the program. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _test, NODE_ENV: _mode, ...rest } = process.env;
  const others = Object.entries(rest).filter(([name]) => !name.startsWith('SSE_SERVER_'));
  // It has to be named: a variable that is missing, Node hands on to every process all the same.
  return { ...Object.fromEntries(others), NODE_V8_COVERAGE: undefined };
}
