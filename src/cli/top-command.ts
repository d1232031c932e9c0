import type { Command } from 'commander';
import { type AdminFlags, accessOf, addAdminFlags } from './admin-access.ts';
import { obey, refuseServerOptions } from './client-command.ts';
import type { Effects } from './effects.ts';
import type { TopOrder } from './top-order.ts';

interface Flags extends AdminFlags {
  readonly json?: true;
  readonly once?: true;
}

const HELP = `
On a terminal one picture that is drawn anew each second, until Q or Ctrl-C; Ctrl-Z suspends it. Elsewhere, and with --json,
a line a second. Rates are those of the second before; gaps, slow closes and refusals are counted since the server's
start. Of more than a thousand clients a thousand are looked at a second, so that their figures are as old as that takes.

A server that goes away is asked again each second.

Exit codes: 0, also after Q; 1 the server refused or could not be reached at first; 2 bad usage; 130 after Ctrl-C.
`;

/** Adds `top` to the program. @param ended takes the exit code */
export function addTopCommand(program: Command, effects: Effects, ended: (exitCode: number) => void): void {
  const command = program
    .command('top')
    .description('watch how a running server does, and its busiest clients')
    .optionsGroup('How:')
    .option('--json', 'a line of JSON for each second, on a terminal too')
    .option('--once', 'print one reading, and end')
    .optionsGroup('The server:');
  addAdminFlags(command)
    .helpOption('-h, --help', 'print this')
    .addHelpText('after', HELP)
    .action(async (flags: Flags) => {
      const order = (): TopOrder => {
        refuseServerOptions(program);
        return { ...accessOf(flags, effects), json: flags.json ?? false, once: flags.once ?? false };
      };
      ended(await obey({ stderr: effects.stderr, order, run: effects.top }));
    });
}
