import { type ErrorCode, SseError } from '../errors.ts';
import { inspect } from '../parts/inspect.ts';
import { readAtStart, readWhileServing, textIn } from '../parts/read-file.ts';
import { packageVersion } from '../parts/version.ts';
import { runCommand } from './command.ts';
import { interruption } from './interruption.ts';
import { report } from './report.ts';
import { serve } from './serve.ts';

/** The exit code of a start that failed (design §11); other errors never end one. */
const EXIT: Partial<Record<ErrorCode, number>> = {
  'invalid-config': 2,
  'address-in-use': 3,
  'store-in-use': 3,
  'start-failed': 1,
};

/** The program: hands the process to the command and ends it with its exit code. */
export async function main(): Promise<void> {
  const { stdout, stderr } = process;
  // Whoever read it may have gone (`sse-server | head`); that is no reason to stop serving.
  for (const stream of [stdout, stderr]) stream.on('error', () => {});
  const write = (text: string) => void stderr.write(text);
  const client = () => {
    const { stdin, env } = process;
    return { stdin, stdout, stderr, env, interrupted: interruption(process) };
  };
  try {
    const version = packageVersion();
    const code = await runCommand(process.argv.slice(2), {
      stdout: (text) => void stdout.write(text),
      stderr: write,
      env: process.env,
      readFile: (path) => textIn(readAtStart(path)),
      rereadFile: (path) => textIn(readWhileServing(path)),
      columns: stdout.columns,
      version,
      inspect: ({ options }) => inspect(options),
      run: (source) => serve(source, process),
      history: async (order) => (await import('./history-transfer.ts')).transferHistory(order, process),
      token: async (order) => (await import('./token-work.ts')).workOnToken(order, process),
      send: async (order) => (await import('./send.ts')).send(order, client()),
      clients: async (order) => (await import('./clients-work.ts')).workOnClients(order, client()),
      top: async (order) => (await import('./top.ts')).top(order, { ...client(), process }),
      tail: async (order) => (await import('./tail.ts')).tail(order, client()),
    });
    process.exit(code);
  } catch (error) {
    if (!(error instanceof SseError)) throw error;
    report(error.issues.length > 0 ? error.issues : [{ pointer: '', detail: error.message }], write);
    process.exit(EXIT[error.code] ?? 1);
  }
}
