import type { Command } from 'commander';
import { quoted } from '../config/values.ts';
import { SseError } from '../errors.ts';
import { didYouMean } from '../nearest.ts';
import { type AdminFlags, accessOf, addAdminFlags } from './admin-access.ts';
import { obey, refuseServerOptions } from './client-command.ts';
import type { ClientsOrder, KickOrder, ListOrder, ShowOrder } from './clients-order.ts';
import type { Effects } from './effects.ts';
import { countIn, wrong } from './flag-values.ts';
import { filterSource } from './recipients.ts';

interface ListFlags extends AdminFlags {
  readonly filter?: string;
  readonly limit?: string;
  readonly json?: true;
}

interface ShowFlags extends AdminFlags {
  readonly json?: true;
}

interface KickFlags extends AdminFlags {
  readonly filter?: string;
  readonly reason?: string;
  readonly forever?: true;
}

const NAMES = ['ls', 'show', 'kick'];

const CODES = `
Exit codes: 0; 1 the server refused or could not be reached, or there is no such client; 2 bad usage; 130 after Ctrl-C.
`;

const LIST_HELP = `
On a terminal a table; elsewhere a line of JSON for each client, as GET /admin/clients has it.
${CODES}`;

const SHOW_HELP = `
On a terminal a line for each of its fields; elsewhere one line of JSON, as GET /admin/clients/ID has it.
${CODES}`;

const KICK_HELP = `
A client that is one of those that come back does so, unless it is asked not to with --forever. That is a courtesy: who
must not come back has its credential revoked. How many were disconnected is a line of JSON on stdout; with --filter
none is no mistake.
${CODES}`;

/** Adds `clients ls`, `clients show` and `clients kick` to the program. @param ended takes the exit code */
export function addClientsCommand(program: Command, effects: Effects, ended: (exitCode: number) => void): void {
  const run = async (make: () => ClientsOrder): Promise<void> => {
    const order = () => {
      refuseServerOptions(program);
      return make();
    };
    ended(await obey({ stderr: effects.stderr, order, run: effects.clients }));
  };
  const finished = (command: Command, help: string): Command =>
    addAdminFlags(command.optionsGroup('The server:')).helpOption('-h, --help', 'print this').addHelpText('after', help);
  const clients = program
    .command('clients')
    .description('see who is connected to a running server, and disconnect them')
    .optionsGroup('Options:');
  const list = clients
    .command('ls', { isDefault: true })
    .description('list them; what `clients` does by itself')
    // For a better word about a misspelt command than that there is one argument too many.
    .allowExcessArguments()
    .optionsGroup('Which:')
    .option('--filter <CEL>', 'only who matches: profile == "Administrator"')
    .option('--limit <N>', 'at most so many, those who have been there longest')
    .option('--json', 'a line of JSON for each on a terminal too');
  finished(list, LIST_HELP).action((flags: ListFlags, { args }: Command) => run(() => listOrder(args, flags, effects)));
  const show = clients
    .command('show')
    .description('show one of them, with its claims')
    .argument('<ID>', 'the id of its connection, the first column of ls')
    .optionsGroup('How:')
    .option('--json', 'a line of JSON on a terminal too');
  finished(show, SHOW_HELP).action((id: string, flags: ShowFlags) => run(() => showOrder(id, flags, effects)));
  const kick = clients
    .command('kick')
    .description('end the stream of one, or of all that a filter selects')
    .argument('[ID]', 'the id of its connection, the first column of ls')
    .usage('[options] [ID]')
    .optionsGroup('Whom, and how:')
    .option('--filter <CEL>', 'all who match: profile == "Guest"; true is everyone')
    .option('--reason <TEXT>', 'what they are told of why')
    .option('--forever', 'ask them not to come back');
  finished(kick, KICK_HELP).action((id: string | undefined, flags: KickFlags) => run(() => kickOrder(id, flags, effects)));
}

function listOrder([word]: readonly string[], flags: ListFlags, effects: Effects): ListOrder {
  if (word !== undefined && NAMES.includes(word)) throw wrong('clients', `${word} stands right behind it`);
  if (word !== undefined)
    throw wrong('clients', `there are ${NAMES.join(', ')}, and no ${quoted(word)}${didYouMean(word, NAMES)}`);
  const { filter, limit, json = false } = flags;
  return {
    what: 'ls',
    ...accessOf(flags, effects),
    filter: filter === undefined ? undefined : checkedFilter(filter),
    limit: limit === undefined ? Infinity : countIn('--limit', limit),
    json,
  };
}

function showOrder(id: string, flags: ShowFlags, effects: Effects): ShowOrder {
  return { what: 'show', ...accessOf(flags, effects), id: checkedId(id), json: flags.json ?? false };
}

function kickOrder(id: string | undefined, flags: KickFlags, effects: Effects): KickOrder {
  const { filter, reason, forever = false } = flags;
  return { what: 'kick', ...accessOf(flags, effects), whom: whomOf(id, filter), reason, forever };
}

function whomOf(id: string | undefined, filter: string | undefined): KickOrder['whom'] {
  if (id !== undefined && filter !== undefined) throw wrong('--filter', 'cannot stand beside an ID');
  if (id !== undefined) return { id: checkedId(id) };
  if (filter !== undefined) return { filter: checkedFilter(filter) };
  throw wrong('clients kick', 'whom? ID, or --filter CEL');
}

/** It becomes a part of a path, in which some words mean the way up, and nothing means all. */
function checkedId(id: string): string {
  if (id === '') throw wrong('ID', 'must not be empty');
  if (id === '.' || id === '..' || !id.isWellFormed()) throw wrong('ID', `${quoted(id)} is no id of a client`);
  return id;
}

function checkedFilter(filter: string): string {
  // An empty variable in a script is not everyone.
  if (filter.trim() === '') throw wrong('--filter', 'is empty; true is everyone');
  try {
    return filterSource(filter);
  } catch (error) {
    throw error instanceof SseError ? SseError.of('invalid-config', error.issues) : error;
  }
}
