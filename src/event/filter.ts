import { type ASTNode, Environment, type ParseResult } from '@marcbachmann/cel-js';
import { type Issue, SseError } from '../errors.ts';
import { didYouMean } from '../nearest.ts';
import type { Client } from './identity.ts';

/** A compiled filter: CEL over what is known of a client (https://cel.dev). */
export interface Filter {
  /** The CEL text; an object filter is kept as the CEL it stands for. */
  readonly source: string;
  /** Whether the client matches. Never throws: an expression that fails for a client (a missing claim, a division by zero) does not match it. */
  matches(client: Client): boolean;
}

/** Bounds of one filter, so that no legal filter is expensive to evaluate. The body of a macro is run for each of up to 64 items. */
const FILTER_LIMITS = { bytes: 1024, operators: 32, operatorsInMacro: 8 } as const;

/** What a filter may name, with the CEL type of each. */
const VARIABLES = {
  authenticated: 'bool',
  id: 'string',
  login: 'string',
  name: 'string',
  mail: 'string',
  profile: 'string',
  roles: 'list<string>',
  topics: 'list<string>',
  claims: 'map<string, dyn>',
} as const;
const CLIENT_FIELDS = { id: 'string', ip: 'string' } as const;

const NAMES = [...Object.keys(VARIABLES), 'client'];

// An allow-list: what is missing either backtracks (matches), multiplies work (bind, split) or is slow (time zones).
const FUNCTIONS = new Set(
  'has size contains startsWith endsWith indexOf lowerAscii upperAscii trim substring string int double bool type dyn timestamp duration all exists exists_one filter map'.split(
    ' ',
  ),
);
const MACROS = new Set(['all', 'exists', 'exists_one', 'filter', 'map']);

const environment = new Environment({
  unlistedVariablesAreDyn: false,
  limits: { maxAstNodes: 256, maxDepth: 32, maxListElements: 128, maxMapEntries: 0, maxCallArguments: 4 },
}).registerVariable({ name: 'client', schema: CLIENT_FIELDS });
for (const [name, type] of Object.entries(VARIABLES)) environment.registerVariable(name, type);

/**
 * Compiles a filter: a CEL expression, or an object of equalities of which all must hold; a list means any of.
 * `{"profile":"Administrator","roles":["ops","dev"]}` is `profile == "Administrator" && roles.exists(r, r in ["ops","dev"])`.
 *
 * @throws SseError `invalid-filter` with one issue: what is wrong, its position and a caret under it.
 */
export function compileFilter(filter: string | object, pointer = '/filter'): Filter {
  const given = typeof filter === 'string' ? filter : asJson(filter, pointer);
  if (new TextEncoder().encode(given).length > FILTER_LIMITS.bytes)
    throw refuse(pointer, `a filter has at most ${FILTER_LIMITS.bytes} bytes`);
  // Not trimmed: positions are those in the text that was given.
  const source = typeof filter === 'string' ? filter : fromObject(filter, pointer);
  if (source.trim() === '') throw refuse(pointer, 'is empty; leave it out to reach everyone');

  let parsed: ParseResult;
  try {
    parsed = environment.parse(source);
    inspect(parsed.ast, source, pointer);
    const check = parsed.check();
    if (!check.valid) throw check.error;
    refuseListSums(parsed.ast, source, pointer);
    if (check.type !== 'bool' && check.type !== 'dyn')
      throw refuse(pointer, `must be true or false, but this is of type ${check.type}`, source, source.search(/\S/));
  } catch (error) {
    throw error instanceof SseError ? error : explain(error, source, pointer);
  }

  return Object.freeze({
    source,
    matches(client: Client): boolean {
      try {
        return parsed(client) === true;
      } catch {
        return false; // By the contract above: what cannot be decided for a client is no match.
      }
    },
  });
}

/** Bounds and allow-list, before types are looked at. */
function inspect(root: ASTNode, source: string, pointer: string): void {
  let operators = 0;
  let inMacro = 0;
  const visit = (node: ASTNode, insideMacro: boolean): void => {
    let macro = insideMacro;
    if (node.op !== 'value' && node.op !== 'id' && node.op !== 'list' && node.op !== '.' && ++operators > FILTER_LIMITS.operators)
      throw refuse(pointer, `a filter has at most ${FILTER_LIMITS.operators} operators`, source, node.pos);
    if (insideMacro && node.op !== 'value' && node.op !== 'id' && ++inMacro > FILTER_LIMITS.operatorsInMacro)
      throw refuse(pointer, `a macro has at most ${FILTER_LIMITS.operatorsInMacro} operators inside`, source, node.pos);
    if (node.op === 'call' || node.op === 'rcall') {
      const name = node.args[0];
      if (!FUNCTIONS.has(name))
        throw refuse(
          pointer,
          `${name}() is not available in filters${didYouMean(name, FUNCTIONS)}`,
          source,
          nameAt(node, source),
        );
      if (MACROS.has(name)) {
        if (insideMacro) throw refuse(pointer, `${name}() cannot stand inside another macro`, source, nameAt(node, source));
        macro = true;
      }
    }
    for (const child of children(node)) visit(child, macro);
  };
  visit(root, false);
}

/** Sums of lists grow with each operator; what they are needed for, `||` does. Types are known only after the check. */
function refuseListSums(node: ASTNode, source: string, pointer: string): void {
  const { kind } = (node as { checkedType?: { kind?: string } }).checkedType ?? {};
  if (node.op === '+' && (kind === 'list' || kind === 'dyn'))
    throw refuse(pointer, 'lists cannot be added; use ||', source, node.pos);
  for (const child of children(node)) refuseListSums(child, source, pointer);
}

/** Where the function's name stands: after the receiver, if there is one. */
function nameAt(node: ASTNode, source: string): number {
  return node.op === 'rcall' ? source.indexOf(node.args[0], node.args[1].end) : node.pos;
}

function children(node: ASTNode): ASTNode[] {
  const isNode = (value: unknown): value is ASTNode => typeof value === 'object' && value !== null && 'op' in value;
  return [node.args].flat(3).filter(isNode);
}

function explain(error: unknown, source: string, pointer: string): SseError {
  const { code, summary, range } = error as { code?: string; summary?: string; range?: { start: number } };
  // The library gives up on some types with an error that is not about the filter, such as `2.5 < {}[profile]`.
  if (code === undefined || summary === undefined)
    return refuse(pointer, 'has types that cannot be checked; write it more simply');
  const position = Math.min(range?.start ?? 0, source.length);
  return refuse(pointer, readable(code, summary), source, position);
}

function readable(code: string, summary: string): string {
  const name = summary.slice(summary.lastIndexOf(' ') + 1);
  if (code === 'unknown_variable') return `unknown name '${name}'${didYouMean(name, NAMES) || `; known are ${NAMES.join(', ')}`}`;
  if (code === 'no_such_key') return `unknown field '${name}'${didYouMean(name, Object.keys(CLIENT_FIELDS))}`;
  if (summary === 'Unexpected character: =') return "unexpected '='; equality is written ==";
  if (summary.includes("'list.contains")) return 'lists have no contains(); write "ops" in roles';
  if (summary.endsWith('EOF')) return 'ends too early';
  return summary.charAt(0).toLowerCase() + summary.slice(1);
}

function refuse(pointer: string, detail: string, source?: string, position?: number): SseError {
  if (source === undefined || position === undefined) return SseError.of('invalid-filter', [{ pointer, detail }]);
  const start = source.slice(0, position).lastIndexOf('\n') + 1;
  const line = source.slice(start).split('\n', 1)[0] ?? '';
  const issue: Issue = { pointer, detail, position, excerpt: `${line}\n${' '.repeat(position - start)}^` };
  return SseError.of('invalid-filter', [issue]);
}

function asJson(filter: object, pointer: string): string {
  try {
    return JSON.stringify(filter) ?? '';
  } catch (error) {
    // A circle, a BigInt, or deeper than the stack.
    throw refuse(pointer, `cannot be written as JSON: ${(error as Error).message.split('\n', 1)[0]}`);
  }
}

/** RFC 6901 §3. */
function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The CEL text that an object of equalities stands for. */
function fromObject(filter: object, pointer: string): string {
  if (Array.isArray(filter)) throw refuse(pointer, 'must be a CEL expression or an object, not a list');
  const terms: string[] = [];
  for (const [key, value] of Object.entries(filter)) {
    const at = `${pointer}/${escaped(key)}`;
    if (key === 'claims' || key === 'client') {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw refuse(at, 'must be an object of equalities');
      for (const [field, expected] of Object.entries(value)) {
        const atField = `${at}/${escaped(field)}`;
        if (key === 'client' && !Object.hasOwn(CLIENT_FIELDS, field))
          throw refuse(atField, `unknown field${didYouMean(field, Object.keys(CLIENT_FIELDS))}`);
        terms.push(equality(key === 'client' ? `client.${field}` : `claims[${JSON.stringify(field)}]`, expected, atField));
      }
    } else if (key === 'roles' || key === 'topics') {
      const list = (Array.isArray(value) ? value : [value]).map((item) => literal(item, at, 'string'));
      terms.push(list.length === 1 ? `${list[0]} in ${key}` : `${key}.exists(x, x in [${list.join(', ')}])`);
    } else if (Object.hasOwn(VARIABLES, key)) {
      terms.push(equality(key, value, at, key === 'authenticated' ? 'boolean' : 'string'));
    } else {
      throw refuse(at, `unknown name${didYouMean(key, NAMES) || `; known are ${NAMES.join(', ')}`}`);
    }
  }
  if (terms.length === 0) throw refuse(pointer, 'is empty; leave it out to reach everyone');
  return terms.join(' && ');
}

function equality(name: string, expected: unknown, pointer: string, type?: 'string' | 'boolean'): string {
  if (!Array.isArray(expected)) return `${name} == ${literal(expected, pointer, type)}`;
  // Any of several equalities and not `in [...]`: CEL lists hold one type only, and a claim may be any.
  if (expected.length === 0) return 'false';
  if (type === 'string') return `${name} in [${expected.map((item) => literal(item, pointer, type)).join(', ')}]`;
  return `(${expected.map((item) => `${name} == ${literal(item, pointer, type)}`).join(' || ')})`;
}

function literal(value: unknown, pointer: string, type?: 'string' | 'boolean'): string {
  const given = value === null ? 'null' : typeof value;
  const legal = type === undefined ? ['string', 'boolean', 'number', 'null'] : [type];
  if (!legal.includes(given))
    throw refuse(pointer, `must be ${legal.join(', ')} or a list of it, not ${Array.isArray(value) ? 'a list' : given}`);
  // Its JSON text would be null.
  if (typeof value === 'number' && !Number.isFinite(value)) throw refuse(pointer, `must be a finite number, not ${value}`);
  return JSON.stringify(value);
}
