import type { Command } from 'commander';
import type { Loaded } from '../config/load.ts';
import { variableOf } from '../config/names.ts';
import { quoted } from '../config/values.ts';
import type { Issue } from '../errors.ts';
import type { Effects } from './effects.ts';
import type { HistoryOrder, HistoryPlace } from './history-order.ts';
import { report } from './report.ts';

interface Flags {
  readonly url?: string;
  readonly since?: string;
  readonly until?: string;
  readonly filter?: string;
}

/** Design §11. */
const BAD_USAGE = 2;
const URL_VARIABLE = variableOf('url');

/**
 * Adds `history export` and `history import` to the program. They take every option that the program takes, of which the
 * store's and `--admin-token-file` mean something to them.
 *
 * @param ended takes the exit code
 */
export function addHistoryCommand(
  program: Command,
  load: () => Loaded | undefined,
  { env, stderr, history }: Effects,
  ended: (exitCode: number) => void,
): void {
  const run = async (what: HistoryOrder['what'], file: string, { url, ...selection }: Flags): Promise<void> => {
    const loaded = load();
    if (!loaded) return;
    report(loaded.warnings, stderr, 'warning');
    const place = placeOf(url, env[URL_VARIABLE], loaded);
    if ('detail' in place) {
      report([place], stderr);
      return ended(BAD_USAGE);
    }
    ended(await history({ what, file, place, selection, loaded }));
  };
  const command = program
    .command('history')
    .description('copy the events of a server to a file, or from one, and start nothing')
    .optionsGroup('Options:');
  const url = [
    '--url <URL>',
    `a running server, where its admin is; also ${URL_VARIABLE}; a stopped one is --store DIR`,
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

/** A flag counts before what stands in the environment or a file. */
function placeOf(flag: string | undefined, variable: string | undefined, { options, sources }: Loaded): HistoryPlace | Issue {
  const { store } = options;
  if (flag !== undefined && sources.store.from === 'flag')
    return { pointer: '--url', detail: 'cannot stand beside --store: the server is running, or it is not' };
  if (flag !== undefined) return placeAt(flag, '--url');
  if (store !== undefined && sources.store.from === 'flag') return { store };
  if (variable) return placeAt(variable, URL_VARIABLE);
  if (store !== undefined) return { store };
  return { pointer: '', detail: 'history: which server? a running one is --url URL, a stopped one --store DIR' };
}

function placeAt(url: string, pointer: string): HistoryPlace | Issue {
  if (/^unix:./.test(url) || (/^https?:\/\//.test(url) && URL.canParse(url))) return { url };
  return { pointer, detail: `must be a URL such as http://localhost:2015 or unix:PATH, not ${quoted(url)}` };
}
