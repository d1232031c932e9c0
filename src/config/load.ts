import { type Issue, SseError } from '../errors.ts';
import { parseJson } from '../json.ts';
import { CONFIG_VARIABLE, type Environment, fromText, readVariables } from './environment.ts';
import { flagOf, variableOf } from './names.ts';
import { OPTION_NAMES, OPTIONS, type OptionName, type Options } from './options.ts';
import { type Pointers, parseOptions } from './parse.ts';
import { printable } from './values.ts';

/** Where options may come from. Nothing else is looked at. */
export interface Given {
  /**
   * What stood on the command line, by the options' names: text, a list of it for a flag that may repeat, true or
   * false for a yes or no. `config` is the config file's name.
   */
  readonly flags: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  /** The environment. Only `SSE_SERVER_*` counts; an empty variable counts as not set, since many tools cannot unset one. */
  readonly env: Environment;
  /** Answers the text of a file, or throws as `readFileSync` does. Called for the config file only. */
  readonly readFile: (path: string) => string;
}

/** Where an option's value came from; `where` is the flag, the variable or the file. */
export type Source =
  | { readonly from: 'flag' | 'env' | 'file'; readonly where: string }
  | { readonly from: 'default'; readonly where?: undefined };

export interface Loaded {
  readonly options: Options;
  readonly sources: Readonly<Record<OptionName, Source>>;
  /** Variables that look like options and are none. No errors, since container platforms inject some. */
  readonly warnings: readonly Issue[];
  /** What was given, before it was parsed. What is not in it has its default. */
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * Puts options together: flag, else environment, else config file, else default, each option on its own. A list is
 * taken whole from one source. What a source of less weight says of an option is then not even looked at.
 *
 * @throws SseError `invalid-config`, with every mistake, each named as it was given: `--port`, `SSE_SERVER_PORT`, `config.json /port`
 */
export function loadOptions({ flags, env, readFile }: Given): Loaded {
  const variables = readVariables(env);
  const file = readConfigFile(flags, env, readFile);

  const values: Record<string, unknown> = { ...file?.values };
  const sources = {} as Record<OptionName, Source>;
  for (const name of OPTION_NAMES) {
    const flag = flags[name];
    const variable = variables.values.get(name);
    if (flag !== undefined) {
      values[name] = typeof flag === 'string' ? fromText(OPTIONS[name], flag) : flag;
      sources[name] = { from: 'flag', where: flagOf(name) };
    } else if (variable !== undefined) {
      values[name] = variable;
      sources[name] = { from: 'env', where: variableOf(name) };
    } else {
      sources[name] = file && Object.hasOwn(file.values, name) ? { from: 'file', where: file.path } : { from: 'default' };
    }
  }

  const options = parseOptions(values, pointersFor(sources, file?.path));
  return { options, sources: Object.freeze(sources), warnings: variables.warnings, values: Object.freeze(values) };
}

/** Names each option as it was given. @param file where stands what is no option */
export function pointersFor(sources: Loaded['sources'], file?: string): Pointers {
  return (name, ...path) => {
    const source = Object.hasOwn(sources, name) ? sources[name as OptionName] : undefined;
    if (source?.from === 'flag' || source?.from === 'env') return source.where;
    // What is no option can only stand in the file.
    if (source?.from === 'file' || !source) return printable(`${source?.where ?? file} ${['', name, ...path].join('/')}`);
    return flagOf(name);
  };
}

function readConfigFile(
  flags: Given['flags'],
  env: Given['env'],
  readFile: Given['readFile'],
): { path: string; values: Record<string, unknown> } | undefined {
  const byFlag = typeof flags.config === 'string';
  const path = byFlag ? String(flags.config) : env[CONFIG_VARIABLE];
  // Empty is not set, as for every variable; for a flag it is a mistake that reading it will tell.
  if (path === undefined || (path === '' && !byFlag)) return undefined;

  const named = printable(path);
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    const detail = `cannot read '${named}': ${reason(error)}`;
    throw SseError.of('invalid-config', [{ pointer: byFlag ? '--config' : CONFIG_VARIABLE, detail }]);
  }
  const json = parseJson(text, named);
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw SseError.of('invalid-config', [{ pointer: named, detail: 'must be an object such as {"port":2015}' }]);
  // For editors; the server has the schema itself.
  const { $schema, ...values } = json as Record<string, unknown>;
  return { path, values };
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return { ENOENT: 'no such file', EISDIR: 'it is a directory', EACCES: 'permission denied' }[code ?? ''] ?? code ?? message;
}
