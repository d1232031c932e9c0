import type { Command } from 'commander';
import { describeOptions, optionsAsJson } from '../config/describe.ts';
import type { Loaded } from '../config/load.ts';
import type { Effects } from './effects.ts';
import { report } from './report.ts';

/** Adds `config print` and `config check` to the program. They take every option that the program takes. */
export function addConfigCommand(program: Command, load: () => Loaded | undefined, { stdout, stderr, inspect }: Effects): void {
  const config = program
    .command('config')
    .description('show or check the configuration, and start nothing')
    .optionsGroup('Options:');
  config
    .command('print')
    .description('print every option, its value and where it came from; takes all options of sse-server')
    .option('--json', 'as JSON')
    .action(({ json }: { json?: true }) => {
      const loaded = load();
      if (!loaded) return;
      report(loaded.warnings, stderr, 'warning');
      stdout(json ? `${JSON.stringify(optionsAsJson(loaded), null, 2)}\n` : asTable(loaded));
    });
  config
    .command('check')
    .description('say ok, or list every mistake; takes all options of sse-server')
    .action(() => {
      const loaded = load();
      if (!loaded) return;
      report(loaded.warnings, stderr, 'warning');
      inspect(loaded);
      stdout('ok\n');
    });
}

function asTable(loaded: Loaded): string {
  const cells = describeOptions(loaded).map(
    ({ name, value, source }) => [name, inTable(value), source.where ?? source.from] as const,
  );
  const width = (column: 0 | 1) => Math.min(48, Math.max(...cells.map((row) => row[column].length)));
  return cells.map(([name, value, where]) => `${name.padEnd(width(0))}  ${value.padEnd(width(1))}  ${where}\n`).join('');
}

function inTable(value: unknown): string {
  if (value === null) return '(not set)';
  if (Array.isArray(value)) return value.length === 0 ? '(none)' : value.map(inTable).join(', ');
  // Quoted where it could not be told from something else, or would break the line.
  return typeof value === 'string' && (value === '' || /^[\s("]|\s$|[\p{Cc}\p{Cf}]/u.test(value))
    ? JSON.stringify(value)
    : String(value);
}
