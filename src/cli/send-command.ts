import type { Command } from 'commander';
import { quoted } from '../config/values.ts';
import { SseError } from '../errors.ts';
import { type AdminFlags, accessOf, addAdminFlags } from './admin-access.ts';
import { obey, refuseServerOptions } from './client-command.ts';
import type { Effects } from './effects.ts';
import { countIn, durationIn, several, wrong } from './flag-values.ts';
import { recipientFilter } from './recipients.ts';
import type { DataSource, SendOrder } from './send-order.ts';

interface Flags extends AdminFlags {
  readonly event?: string;
  readonly filter?: string;
  readonly to?: readonly string[];
  readonly topic?: readonly string[];
  readonly except?: readonly string[];
  readonly retry?: string;
  readonly ttl?: string;
  readonly id?: string;
  readonly supersedes?: string;
  /** False with `--no-history`. */
  readonly history: boolean;
  readonly key?: string;
  readonly dryRun?: true;
  readonly wait?: string;
  readonly count?: string;
  readonly rate?: string;
}

const HELP = `
DATA is the text as it stands, @FILE what a file holds, and '-' or nothing what comes from stdin; one line break at the
end of a file or of stdin is not sent. With nothing on a terminal the server's default event is sent.

Each answer of the server is a line of JSON on stdout; everything else goes to stderr, also who does not have the event
when the time of --wait is over: they get it later, and the exit code is 0.
Exit codes: 0; 1 the server refused or could not be reached; 2 bad usage; 130 after Ctrl-C.
`;

/** Adds `send` to the program. @param ended takes the exit code */
export function addSendCommand(program: Command, effects: Effects, ended: (exitCode: number) => void): void {
  const command = program
    .command('send')
    .description('send an event to the clients of a running server')
    .argument('[DATA]', 'its data; @FILE, or - for stdin')
    .usage('[options] [DATA]')
    .optionsGroup('The event:')
    .option('--event <TYPE>', 'its type (default: message)')
    .option('--retry <TIME>', 'new reconnection time for the clients: 2s')
    .option('--ttl <TIME>', 'not replayed when this time has passed')
    .option('--id <ID>', 'an id of your own, taken once')
    .option('--supersedes <KEY>', 'of events with this key only the newest is replayed')
    .option('--no-history', 'only for those who are there now, never replayed')
    .optionsGroup('To whom:')
    .option('--filter <CEL>', 'who may get it: profile == "Administrator"')
    .option('--to <CLIENT_OR_ID>', 'only the client, or whoever has the id or login, of this name; may repeat', several)
    .option('--topic <TOPIC>', 'only who subscribed to it; may repeat', several)
    .option('--except <CLIENT_OR_ID>', 'everyone but this client or identity; may repeat', several)
    .optionsGroup('Sending:')
    .option('--dry-run', 'say whom it would reach, and send nothing')
    .option('--wait <TIME>', 'wait at most so long, up to 60s, until all have it, and print the receipt')
    .option('--key <KEY>', 'idempotency key: the same one again sends no second event')
    .option('--count <N>', 'send it so many times; without --rate one after another')
    .option('--rate <N>', 'so many a second: 10, or 0.5; without --count until Ctrl-C')
    .optionsGroup('The server:');
  addAdminFlags(command)
    .helpOption('-h, --help', 'print this')
    .addHelpText('after', HELP)
    .action(async (data: string | undefined, flags: Flags) => {
      const order = () => {
        refuseServerOptions(program);
        return orderOf(data, flags, effects);
      };
      ended(await obey({ stderr: effects.stderr, order, run: effects.send }));
    });
}

function orderOf(data: string | undefined, flags: Flags, effects: Effects): SendOrder {
  const repeats = flags.count !== undefined || flags.rate !== undefined;
  for (const flag of ['key', 'id', 'dryRun'] as const)
    if (repeats && flags[flag] !== undefined)
      throw wrong(flag === 'dryRun' ? '--dry-run' : `--${flag}`, 'is for one event; leave out --count and --rate');
  const { wait, dryRun, key, topic, except, event, id, ttl, supersedes, retry, history } = flags;
  const filter = filterOf(flags);
  return {
    ...accessOf(flags, effects),
    data: sourceOf(data),
    fields: {
      ...given({ event, filter, topics: topic, except, id, ttl, supersedes }),
      ...(retry !== undefined && { retry: durationIn('--retry', retry) }),
      ...(!history && { history }),
    },
    query: {
      ...(wait !== undefined && { wait: checkedWait(wait) }),
      ...(dryRun && { dryRun: 'true' }),
    },
    idempotencyKey: key,
    count: flags.count === undefined ? (flags.rate === undefined ? 1 : Infinity) : countIn('--count', flags.count),
    interval: flags.rate === undefined ? 0 : 1000 / rateIn(flags.rate),
  };
}

function filterOf({ filter, to }: Flags): string | object | undefined {
  if (filter?.trim() === '') throw wrong('--filter', 'is empty; leave it out to reach everyone');
  try {
    return recipientFilter(to, filter);
  } catch (error) {
    throw error instanceof SseError ? SseError.of('invalid-config', error.issues) : error;
  }
}

function given(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function sourceOf(data: string | undefined): DataSource {
  if (data === undefined) return undefined;
  if (data === '-') return { file: '-' };
  if (!data.startsWith('@')) return { text: data };
  if (data === '@') throw wrong('DATA', "'@' needs the name of a file; text that begins with it comes from stdin");
  return { file: data.slice(1) };
}

/** The longest that a server lets a publisher wait, in ms. */
const MOST_WAIT = 60_000;

/** As the server reads it. */
function checkedWait(text: string): string {
  if (durationIn('--wait', text) > MOST_WAIT) throw wrong('--wait', `must be at most 60s, not '${text}'`);
  return text;
}

/** Times a second. More than this is no pace, but as fast as it goes. */
const MOST_A_SECOND = 10_000;

function rateIn(text: string): number {
  const rate = /^\d{1,6}(\.\d{1,6})?(\/s)?$/.test(text) ? Number.parseFloat(text) : 0;
  if (rate > 0 && rate <= MOST_A_SECOND) return rate;
  throw wrong('--rate', `must be a number a second, up to ${MOST_A_SECOND}, such as 10 or 0.5, not ${quoted(text)}`);
}
