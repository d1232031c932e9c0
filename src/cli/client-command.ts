import type { Command } from 'commander';
import { flagOf } from '../config/names.ts';
import { SseError } from '../errors.ts';
import type { Effects } from './effects.ts';
import { URL_VARIABLE } from './find-server.ts';
import { wrong } from './flag-values.ts';
import { report } from './report.ts';

/*
 * What the commands share that talk to a running server. Their flags are their own: `--event` is the type of what is
 * sent, not the default of a server, and a mistake in a server's configuration is none of theirs.
 */

/** Design §11. */
const BAD_USAGE = 2;

const CLIENT_COMMANDS: readonly string[] = ['send', 'tail', 'clients', 'top'];

/** The flags that say which server; read by `findServer`. */
export function addServerFlags(command: Command): Command {
  return command
    .option(
      '--url <URL>',
      `the server, by its address or that of its admin; also ${URL_VARIABLE} (default: http://localhost:2015)`,
    )
    .option('--ready-file <FILE>', 'the server that wrote this file; also SSE_SERVER_READY_FILE');
}

/**
 * The client command that a command line asks for, if any: its first word that is no flag and no flag's value. Where that
 * has commands of its own, the one that the next word names, else its first, which is what it does by itself.
 */
export function clientCommandIn(program: Command, argv: readonly string[]): Command | undefined {
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] ?? '';
    if (!argument.startsWith('-')) {
      const found = CLIENT_COMMANDS.includes(argument) ? command(program, argument) : undefined;
      return found && (command(found, argv[i + 1]) ?? found.commands[0] ?? found);
    }
    const flag = program.options.find(({ long }) => long === argument);
    if (flag?.required || (flag?.optional && !argv[i + 1]?.startsWith('-'))) i++;
  }
  return undefined;
}

function command(program: Command, name: string | undefined): Command | undefined {
  return program.commands.find((candidate) => candidate.name() === name);
}

interface Errand<Order> {
  readonly stderr: Effects['stderr'];
  /** What is to be done. Throws `invalid-config` for mistakes, which are told. */
  readonly order: () => Order;
  readonly run: (order: Order) => number | Promise<number>;
}

/** Makes an order of the flags, and obeys. @returns the exit code */
export async function obey<Order>({ stderr, order, run }: Errand<Order>): Promise<number> {
  let made: Order;
  try {
    made = order();
  } catch (error) {
    if (!(error instanceof SseError) || error.code !== 'invalid-config') throw error;
    report(error.issues, stderr);
    return BAD_USAGE;
  }
  return run(made);
}

/**
 * Before the name of a client command there would be options of a server, and `sse-server --event x send` would send a message.
 * @throws SseError `invalid-config`
 */
export function refuseServerOptions(program: Command): void {
  const [name] = Object.keys(program.opts());
  if (name !== undefined) throw wrong(flagOf(name), 'stands before the command, where options of a server stand; put it behind');
}
