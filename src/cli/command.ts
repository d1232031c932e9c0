import { Command, CommanderError, Option } from 'commander';
import { type Loaded, loadOptions } from '../config/load.ts';
import { flagOf } from '../config/names.ts';
import { OPTION_GROUPS, OPTIONS, type OptionName } from '../config/options.ts';
import { printable } from '../config/values.ts';
import { SseError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { clientCommandIn } from './client-command.ts';
import { addClientsCommand } from './clients-command.ts';
import { addConfigCommand } from './config-command.ts';
import type { Effects } from './effects.ts';
import { EXAMPLES } from './examples.ts';
import { addHistoryCommand } from './history-command.ts';
import { report } from './report.ts';
import { addSendCommand } from './send-command.ts';
import { addTailCommand } from './tail-command.ts';
import { addTokenCommand } from './token-command.ts';
import { addTopCommand } from './top-command.ts';

/** Bad usage or configuration; design §11. */
const BAD_USAGE = 2;

/**
 * Does what a command line says.
 *
 * @param argv without the interpreter and the script
 * @returns the exit code: what `run` answered, or the command that was named, 0 after help, version and `config`, 2 after a mistake that was told on stderr
 */
export async function runCommand(argv: readonly string[], effects: Effects): Promise<number> {
  let exitCode = 0;
  const program = describe(effects);

  const read = (readFile = effects.readFile) => loadOptions({ flags: program.opts(), env: effects.env, readFile });
  const load = (): Loaded | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof SseError)) throw error;
      report(error.issues, effects.stderr);
      exitCode = BAD_USAGE;
      return undefined;
    }
  };
  program.action(async () => {
    const loaded = load();
    if (loaded) exitCode = await effects.run({ loaded, again: () => read(effects.rereadFile) });
  });
  addConfigCommand(program, load, effects);
  const ended = (code: number) => {
    exitCode = code;
  };
  addHistoryCommand(program, load, effects, ended);
  addTokenCommand(program, load, effects, ended);
  addSendCommand(program, effects, ended);
  addTailCommand(program, effects, ended);
  addClientsCommand(program, effects, ended);
  addTopCommand(program, effects, ended);

  try {
    const client = clientCommandIn(program, argv);
    // Other commands take the options of a server wherever they stand.
    program.enablePositionalOptions(client !== undefined);
    refuseSwallowedFlag(client ?? program, argv);
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Help and version end by throwing as well.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : BAD_USAGE;
    throw error;
  }
}

function describe({ stdout, stderr, columns = 80, version }: Effects): Command {
  const program: Command = new Command('sse-server')
    .description(
      'Serves an event stream to browsers and broadcasts what you send it: from the keyboard, with curl, from any program.',
    )
    .usage('[options]')
    .exitOverride()
    .configureOutput({
      writeOut: stdout,
      writeErr: stderr,
      outputError: (message) => stderr(`sse-server: ${printable(readable(message, program))}\n`),
      getOutHelpWidth: () => columns,
      getErrHelpWidth: () => columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    // Defaults and all stand in the description.
    .configureHelp({ optionDescription: ({ description }) => description })
    .optionsGroup('Running:');
  for (const [heading, names] of OPTION_GROUPS)
    for (const name of names) for (const option of optionsOf(name)) program.addOption(option.helpGroup(`${heading}:`));
  return program
    .option('--config <FILE>', 'JSON file of options, see config/default.json; paths in it are relative to the working directory')
    .version(version, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this')
    .addHelpText('after', EXAMPLES);
}

/** The flags of an option. They have no default here, so that what was given can be told from what was not. */
function optionsOf(name: OptionName): Option[] {
  const { kind, placeholder, description, bare, default: byDefault } = OPTIONS[name];
  const shown = byDefault === null || byDefault === false || String(byDefault) === '' ? '' : ` (default: ${byDefault})`;
  if (kind === 'boolean')
    return [new Option(flagOf(name), description), new Option(flagOf(name).replace('--', '--no-')).hideHelp()];
  const value = bare === undefined ? `<${placeholder}>` : `[${placeholder}]`;
  const notes = `${bare === undefined ? '' : `; without a value ${bare}`}${kind === 'list' ? '; may repeat' : ''}${shown}`;
  const option = new Option(`${flagOf(name)} ${value}`, description + notes);
  if (bare !== undefined) option.preset(bare);
  if (kind === 'list') option.argParser((entry: string, entries: readonly string[] = []) => [...entries, entry]);
  return [option];
}

/** `--users --require-auth` would take the second flag for a file's name, and nobody would be required anything. */
function refuseSwallowedFlag(program: Command, argv: readonly string[]): void {
  const known = (argument: string | undefined) => program.options.find(({ long }) => long === argument);
  for (let i = 0; i < argv.length && argv[i] !== '--'; i++) {
    if (!known(argv[i])?.required) continue;
    const value = argv[++i];
    if (known(value)) program.error(`error: ${argv[i - 1]} needs a value; write ${argv[i - 1]}=${value} if that is it`);
  }
}

/** Commander's message in one line, with a way out. */
function readable(message: string, program: Command): string {
  const [line = '', guess] = message
    .trim()
    .replace(/^error: /, '')
    .split('\n');
  const meant = /\(Did you mean (.*)\?\)/.exec(guess ?? '')?.[1];
  if (meant) return `${line}; did you mean ${meant}?`;
  const [, flag] = /^unknown option '(--[a-z-]+)=/.exec(line) ?? [];
  if (program.options.some(({ long }) => long === flag)) return `${flag} takes no value; it is on when it is there`;
  // Of a command.
  if (line.startsWith('too many arguments for')) return `${line.split('.', 1)[0]}; quote what belongs together`;
  const [junk] = program.args;
  // One too many for a command of ours is no misspelt command.
  const isCommand = program.commands.some((command) => command.name() === junk);
  if (junk === undefined || isCommand || !line.startsWith('too many arguments')) return line;
  const commands = program.commands.map((command) => command.name());
  const meantCommand = nearest(junk, [...commands, 'help']);
  const hint = meantCommand && `did you mean ${meantCommand === 'help' ? '--help' : meantCommand}?`;
  return `unexpected argument '${junk}'; ${hint ?? `a directory to serve is given as --static ${junk}`}`;
}
