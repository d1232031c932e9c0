import { stripVTControlCharacters } from 'node:util';
import { spawn } from '@lydell/node-pty';

/** A program under a pseudo-terminal: what it shows, and a keyboard. */
export interface Pty {
  readonly pid: number;
  /** Everything it has written so far, as it came. */
  readonly raw: string;
  /** The same without escape sequences, lines ended by LF. A line that was drawn anew begins with CR. */
  readonly text: string;
  /**
   * Settles when the text that came since the last match matches; what was matched is not looked at again, so that
   * waits in a row follow the program. Rejects at the end of the program or after `timeout` ms, with what was shown.
   */
  waitFor(pattern: RegExp, timeout?: number): Promise<RegExpExecArray>;
  /** Types; Ctrl-C is `\x03`, Enter `\r`. */
  send(keys: string): void;
  resize(columns: number, rows: number): void;
  /** Settles when it has ended and all it wrote was read. */
  readonly exit: Promise<{ readonly code: number; readonly signal: number }>;
  /** Ends it, if it still runs. To be called after each test, passed or failed. */
  kill(): void;
}

export interface PtyOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly cwd?: string;
}

/**
 * Starts a program under a pseudo-terminal of its own, as the leader of a session.
 * @param env what is set beside this process's environment; undefined takes a variable away
 */
export function spawnPty(
  command: string,
  args: readonly string[],
  env: Record<string, string | undefined> = {},
  options: PtyOptions = {},
): Pty {
  const { columns = 80, rows = 24, cwd = process.cwd() } = options;
  // The runner marks its children, and programs that ask for colours or CI would act otherwise than for a person.
  const { NODE_TEST_CONTEXT: _context, NODE_V8_COVERAGE: _coverage, ...others } = process.env;
  const { NO_COLOR: _color, FORCE_COLOR: _force, CI: _ci, ...inherited } = others;
  // Without those that are undefined: the package would set them to that word.
  const set = Object.fromEntries(Object.entries({ ...inherited, ...env }).filter(([, value]) => value !== undefined));
  const child = spawn(command, [...args], { name: 'xterm-256color', cols: columns, rows, cwd, env: set });

  let raw = '';
  let seen = 0;
  let ended = false;
  const waiting = new Set<() => void>();
  const look = () => {
    for (const check of [...waiting]) check();
  };
  child.onData((data) => {
    raw += data;
    look();
  });
  const exit = new Promise<{ code: number; signal: number }>((resolve) => {
    child.onExit(({ exitCode, signal = 0 }) => {
      ended = true;
      look();
      resolve({ code: exitCode, signal });
    });
  });
  const text = () => stripVTControlCharacters(raw).replaceAll('\r\n', '\n');

  return {
    pid: child.pid,
    get raw() {
      return raw;
    },
    get text() {
      return text();
    },
    waitFor(pattern, timeout = 15_000) {
      return new Promise((resolve, reject) => {
        const settle = (outcome: () => void) => {
          clearTimeout(timer);
          waiting.delete(check);
          outcome();
        };
        const fail = (why: string) =>
          settle(() =>
            reject(new Error(`${why} while waiting for ${pattern}; shown since: ${JSON.stringify(text().slice(seen))}`)),
          );
        const check = () => {
          const found = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, '')).exec(text().slice(seen));
          if (found) {
            seen += found.index + found[0].length;
            return settle(() => resolve(found));
          }
          if (ended) fail('the program ended');
        };
        const timer = setTimeout(() => fail(`${timeout} ms passed`), timeout);
        waiting.add(check);
        check();
      });
    },
    send: (keys) => child.write(keys),
    resize: (newColumns, newRows) => child.resize(newColumns, newRows),
    exit,
    kill() {
      if (!ended) child.kill('SIGKILL');
    },
  };
}
