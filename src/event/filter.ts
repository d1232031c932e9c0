import { didYouMean } from '../nearest.ts';
import type { Attribute } from './attributes.ts';
import { checkSize, Language, refuse } from './expression.ts';
import { type Fixing, fixedIn } from './fixed.ts';
import type { Client } from './identity.ts';
import { compile } from './program.ts';
import { Recent } from './recent.ts';
import { DEFAULT_SIZES, type Sizes } from './sizes.ts';
import { attributesIn } from './syntax.ts';

/** A compiled filter: CEL over what is known of a client (https://cel.dev). */
export interface Filter {
  /** The CEL text; an object filter is kept as the CEL it stands for. */
  readonly source: string;
  /** Whether the client matches. Never throws: an expression that fails for a client (a missing claim, a division by zero) does not match it. */
  matches(client: Client): boolean;
  /** What asking it of one client takes, about, in ns. */
  readonly cost: number;
  /** What it reads of a client: clients that have all of that in common get the same answer. */
  readonly uses: readonly Attribute[];
  /** What it fixes, so that nobody else need be asked. */
  readonly fixing: Fixing;
}

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

const language = new Language({ variables: VARIABLES, objects: { client: CLIENT_FIELDS } });

/** Publishers and replays come with the same few filters again and again. Compiled, one takes some forty times its text. */
const recent = new Recent<Filter>(64 * 1024);

/**
 * Compiles a filter: a CEL expression, or an object of equalities of which all must hold; a list means any of.
 * `{"profile":"Administrator","roles":["ops","dev"]}` is `profile == "Administrator" && roles.exists(r, r in ["ops","dev"])`.
 *
 * @throws SseError `invalid-filter` with one issue: what is wrong, its position and a caret under it.
 */
export function compileFilter(filter: string | object, pointer = '/filter', sizes: Sizes = DEFAULT_SIZES): Filter {
  checkSize(typeof filter === 'string' ? filter : asJson(filter, pointer), pointer, sizes);
  // Not trimmed: positions are those in the text that was given.
  const source = typeof filter === 'string' ? filter : fromObject(filter, pointer);
  return recent.get(source, () => {
    const { ast } = language.parse(source, pointer, 'to reach everyone');
    const { matches, cost } = compile(ast, (detail, node) => refuse(pointer, detail, source, node.pos));
    return Object.freeze({ source, matches, cost, uses: attributesIn(ast), fixing: fixedIn(ast) });
  });
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
      throw refuse(at, `unknown name${didYouMean(key, language.names) || language.known}`);
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
