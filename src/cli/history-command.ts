import type { Command } from 'commander';
import type { Loaded } from '../config/load.ts';
import { obey } from './client-command.ts';
import type { Effects } from './effects.ts';
import { findServer, URL_VARIABLE } from './find-server.ts';
import { wrong } from './flag-values.ts';
import type { HistoryOrder, HistoryPlace } from './history-order.ts';
import { report } from './report.ts';

interface Flags {
  readonly url?: string;
  readonly since?: string;
  readonly until?: string;
  readonly filter?: string;
}

/**
 * Adds `history export` and `history import` to the program. They take every option that the program takes, of which the
 * store's and `--admin-token-file` mean something to them.
 *
 * @param ended takes the exit code
 */
export function addHistoryCommand(
  program: Command,
  load: () => Loaded | undefined,
  effects: Effects,
  ended: (exitCode: number) => void,
): void {
  const { stderr, history } = effects;
  const run = async (what: HistoryOrder['what'], file: string, { url, ...selection }: Flags): Promise<void> => {
    const loaded = load();
    if (!loaded) return;
    report(loaded.warnings, stderr, 'warning');
    const order = (): HistoryOrder => ({ what, file, place: placeOf(url, loaded, effects), selection, loaded });
    ended(await obey({ stderr, order, run: history }));
  };
  const command = program
    .command('history')
    .description('copy the events of a server to a file, or from one, and start nothing')
    .optionsGroup('Options:');
  const url = [
    '--url <URL>',
    `a running server, where its admin is; also ${URL_VARIABLE} (default: http://localhost:2015); a stopped one is --store DIR`,
  ] as const;
  command
    .command('export')
    .description('write the events that are kept to a file, one on a line as JSON')
    .argument('<FILE>', "where to; '-' is stdout")
    .option(...url)
    .option('--since <TIME>', 'only from then on: 10m, 2026-11-22T10:00:00Z or earliest')
    .option('--until <TIME>', 'only what is older: 10m or 2026-11-22T10:00:00Z')
    .option('--filter <CEL>', 'only what matches; over id, event, data, topics and time')
    .action((file: string, flags: Flags) => run('export', file, flags));
  command
    .command('import')
    .description('publish the events in such a file anew, in their order; they get new ids and times')
    .argument('<FILE>', "where from; '-' is stdin")
    .option(...url)
    .action((file: string, flags: Flags) => run('import', file, flags));
}

/** A flag counts before what stands in the environment or a file, and a URL before a store. */
function placeOf(url: string | undefined, { options, sources }: Loaded, effects: Effects): HistoryPlace {
  const { store } = options;
  const readyFile = sources.readyFile.from === 'flag' ? options.readyFile : undefined;
  const isRunning = url !== undefined || readyFile !== undefined;
  if (sources.store.from === 'flag' && isRunning)
    throw wrong(url === undefined ? '--ready-file' : '--url', 'cannot stand beside --store: the server is running, or it is not');
  if (store !== undefined && (sources.store.from === 'flag' || !(isRunning || effects.env[URL_VARIABLE]))) return { store };
  return { url: findServer({ url, readyFile }, effects).admin };
}
