import type { Issue } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { VARIABLE_PREFIX, variableOf } from './names.ts';
import type { Option } from './option.ts';
import { OPTION_NAMES, OPTIONS, type OptionName } from './options.ts';
import { printable } from './values.ts';

/** The environment, as `process.env` has it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The variable with the config file's name. */
export const CONFIG_VARIABLE: string = variableOf('config');

const BY_VARIABLE: ReadonlyMap<string, OptionName> = new Map(OPTION_NAMES.map((name) => [variableOf(name), name]));

/** Variables that are ours and no options: the config file, and the server that client commands talk to. */
const OTHERS = [CONFIG_VARIABLE, variableOf('url')];

/**
 * The options among the variables, as values for the schema. An empty variable counts as not set: compose files and
 * unit files can hardly unset one.
 */
export function readVariables(env: Environment): {
  values: ReadonlyMap<OptionName, unknown>;
  warnings: readonly Issue[];
} {
  const values = new Map<OptionName, unknown>();
  const warnings: Issue[] = [];
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith(VARIABLE_PREFIX) || !value || OTHERS.includes(variable)) continue;
    const name = BY_VARIABLE.get(variable);
    if (name === undefined) warnings.push({ pointer: printable(variable), detail: `is not an option${hint(variable)}` });
    else if (name === 'port' && /^(tcp|udp|sctp):\/\//.test(value))
      // Kubernetes sets it in every pod that can see a service named sse-server; no person has written it.
      warnings.push({ pointer: variable, detail: `is ignored: ${printable(value)} is the address of a Kubernetes service` });
    else if (OPTIONS[name].kind === 'list') values.set(name, split(value));
    else values.set(name, fromText(OPTIONS[name], value));
  }
  return { values, warnings };
}

/** A value from text of a flag or a variable. What is not what it should be stays text, for the schema to refuse with its reason. */
export function fromText({ kind }: Option, text: string): unknown {
  if (kind === 'integer' && /^\d{1,15}$/.test(text)) return Number(text);
  if (kind === 'boolean' && /^(true|1)$/.test(text)) return true;
  if (kind === 'boolean' && /^(false|0)$/.test(text)) return false;
  return text;
}

function split(value: string): string[] {
  return value
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/** Without the prefix, which every one of them shares and which would make all of them near. */
function hint(variable: string): string {
  const known = [...BY_VARIABLE.keys(), ...OTHERS].map((name) => name.slice(VARIABLE_PREFIX.length));
  const meant = nearest(variable.slice(VARIABLE_PREFIX.length), known);
  return meant === undefined ? '' : `; did you mean '${VARIABLE_PREFIX}${meant}'?`;
}
