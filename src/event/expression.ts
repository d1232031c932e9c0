import { type ASTNode, Environment, type ParseResult } from '@marcbachmann/cel-js';
import { type Issue, SseError } from '../errors.ts';
import { didYouMean } from '../nearest.ts';
import type { Sizes } from './sizes.ts';
import { children, MACROS, typeOf } from './syntax.ts';

/** Bounds of one expression, so that no legal one is expensive to evaluate, however long. The body of a macro is run for each of up to 64 items. */
export const FILTER_LIMITS: { readonly operators: number; readonly operatorsInMacro: number } = {
  operators: 32,
  operatorsInMacro: 8,
};

// An allow-list: what is missing either backtracks (matches), multiplies work (bind, split) or is slow (time zones).
const FUNCTIONS = new Set(
  'has size contains startsWith endsWith indexOf lowerAscii upperAscii trim substring string int double bool type dyn timestamp duration all exists exists_one filter map'.split(
    ' ',
  ),
);

/** What expressions may name, with the CEL type of each. */
interface Vocabulary {
  readonly variables: Readonly<Record<string, string>>;
  /** Variables with fields, and the type of each field. */
  readonly objects?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** An expression that can be evaluated. */
interface Expression {
  readonly ast: ASTNode;
  /** Never throws: what cannot be decided (a missing key, a division by zero) is false. @param values those of the variables */
  evaluate(values: object): boolean;
}

/** CEL (https://cel.dev) over declared variables: unknown names and wrong types are refused when an expression is compiled. */
export class Language {
  readonly names: readonly string[];
  readonly #fields: readonly string[];
  readonly #environment = new Environment({
    unlistedVariablesAreDyn: false,
    limits: { maxAstNodes: 256, maxDepth: 32, maxListElements: 128, maxMapEntries: 0, maxCallArguments: 4 },
  });

  constructor({ variables, objects = {} }: Vocabulary) {
    this.names = [...Object.keys(variables), ...Object.keys(objects)];
    this.#fields = Object.values(objects).flatMap((fields) => Object.keys(fields));
    for (const [name, type] of Object.entries(variables)) this.#environment.registerVariable(name, type);
    for (const [name, schema] of Object.entries(objects)) this.#environment.registerVariable({ name, schema });
  }

  /**
   * Reads an expression and checks its types. The size of what was given must have been checked (`checkSize`).
   *
   * @param emptyMeans what to do instead of giving an empty one, for the error
   * @throws SseError `invalid-filter` with one issue: what is wrong, its position and a caret under it
   */
  parse(source: string, pointer: string, emptyMeans: string): Expression {
    if (source.trim() === '') throw refuse(pointer, `is empty; leave it out ${emptyMeans}`);
    let parsed: ParseResult;
    try {
      parsed = this.#environment.parse(source);
      inspect(parsed.ast, source, pointer);
      const check = parsed.check();
      if (!check.valid) throw check.error;
      refuseListSums(parsed.ast, source, pointer);
      if (check.type !== 'bool' && check.type !== 'dyn')
        throw refuse(pointer, `must be true or false, but this is of type ${check.type}`, source, source.search(/\S/));
    } catch (error) {
      throw error instanceof SseError ? error : this.#explain(error, source, pointer);
    }
    const evaluate = (values: object): boolean => {
      try {
        return parsed(values as Record<string, unknown>) === true;
      } catch {
        return false;
      }
    };
    return { ast: parsed.ast, evaluate };
  }

  #explain(error: unknown, source: string, pointer: string): SseError {
    const { code, summary, range } = error as { code?: string; summary?: string; range?: { start: number } };
    // It goes down by one call for each sign, and comes to the end of the stack before it counts them.
    if (error instanceof RangeError) return refuse(pointer, 'is nested too deeply');
    // The library gives up on some types with an error that is not about the filter, such as `2.5 < {}[profile]`.
    if (code === undefined || summary === undefined)
      return refuse(pointer, 'has types that cannot be checked; write it more simply');
    const position = Math.min(range?.start ?? 0, source.length);
    return refuse(pointer, this.#readable(code, summary), source, position);
  }

  #readable(code: string, summary: string): string {
    const name = summary.slice(summary.lastIndexOf(' ') + 1);
    if (code === 'unknown_variable') return `unknown name '${name}'${didYouMean(name, this.names) || this.known}`;
    if (code === 'no_such_key') return `unknown field '${name}'${didYouMean(name, this.#fields)}`;
    if (summary === 'Unexpected character: =') return "unexpected '='; equality is written ==";
    if (summary.includes("'list.contains")) return 'lists have no contains(); write "ops" in roles';
    if (summary.endsWith('EOF')) return 'ends too early';
    return summary.charAt(0).toLowerCase() + summary.slice(1);
  }

  /** The end of a sentence about a name that is none. */
  get known(): string {
    return `; known are ${this.names.join(', ')}`;
  }
}

/** What is wrong with a filter's size; undefined if nothing is. */
export function sizeProblem(text: string, { filterLimit }: Sizes): string | undefined {
  return new TextEncoder().encode(text).length > filterLimit
    ? `a filter has at most ${filterLimit} bytes; see --filter-limit`
    : undefined;
}

/** @throws SseError `invalid-filter` */
export function checkSize(text: string, pointer: string, sizes: Sizes): void {
  const problem = sizeProblem(text, sizes);
  if (problem !== undefined) throw refuse(pointer, problem);
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
  const type = typeOf(node) ?? '';
  if (node.op === '+' && (type.startsWith('list') || type.startsWith('dyn')))
    throw refuse(pointer, 'lists cannot be added; use ||', source, node.pos);
  for (const child of children(node)) refuseListSums(child, source, pointer);
}

/** Where the function's name stands: after the receiver, if there is one. */
function nameAt(node: ASTNode, source: string): number {
  return node.op === 'rcall' ? source.indexOf(node.args[0], node.args[1].end) : node.pos;
}

/** The error for a mistake in a filter. @param position of the mistake in the source, for the caret under it */
export function refuse(pointer: string, detail: string, source?: string, position?: number): SseError {
  if (source === undefined || position === undefined) return SseError.of('invalid-filter', [{ pointer, detail }]);
  const start = source.slice(0, position).lastIndexOf('\n') + 1;
  const line = source.slice(start).split('\n', 1)[0] ?? '';
  const issue: Issue = { pointer, detail, position, excerpt: `${line}\n${' '.repeat(position - start)}^` };
  return SseError.of('invalid-filter', [issue]);
}
