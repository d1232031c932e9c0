import { evaluation, ranDry, refuel, spend } from './fuel.ts';
import type { Client } from './identity.ts';
import type { Loop } from './macros.ts';
import { among, isMap, itemsOf, look, type Value } from './values.ts';

/** What a part of an expression is for a client, and for the item that a macro around it has come to. */
export type Evaluate = (client: Client, item: Value) => Value;

/** A compiled part of an expression. */
export interface Part {
  readonly evaluate: Evaluate;
  /** What one evaluation costs at most, in units of about a nanosecond; what depends on claims or long texts is paid for in fuel. */
  readonly cost: number;
  /** What is done once and not for each item of a macro around it. */
  readonly once: number;
  /** Of a list: with how many items the cost reckons. */
  readonly items: number;
  readonly constant: boolean;
}

/** What one evaluation may cost, all in all: 10 000 of them shall take 50 ms at most. */
export const BUDGET = 4800;

/** An evaluation, with so many units for what is not known to cost nothing more. */
export function attempt(evaluate: Evaluate, client: Client, units: number): Value {
  refuel(units);
  const value = evaluate(client, undefined);
  return ranDry() ? undefined : value;
}

/** Constants are the same for every client. */
const ANY = {} as Client;
const undecided: Evaluate = () => undefined;

export function constant(value: Value, items = 0): Part {
  return { evaluate: value === undefined ? undecided : () => value, cost: 0, once: 0, items, constant: true };
}

/** What has only constant parts is evaluated now, once. */
function folded(parts: readonly Part[], evaluate: Evaluate, cost: number, items = 0): Part {
  const once = parts.reduce((sum, part) => sum + part.once, 0);
  if (!parts.every((part) => part.constant)) return { evaluate, cost, once, items, constant: false };
  return constant(attempt(evaluate, ANY, BUDGET), items);
}

function sumOf(parts: readonly Part[], each = 0): number {
  return parts.reduce((sum, { cost }) => sum + cost + each, 0);
}

/** What a function or an operator answers for its arguments, none of them undefined, and what that costs. */
export interface Operation {
  readonly cost: number;
  readonly apply: (first: Value, second?: Value, third?: Value) => Value;
  /** The same for a second argument that is a given text, in one step: most of what filters ask is of this kind. */
  readonly test?: { readonly cost: number; readonly of: (first: Evaluate, given: string) => Evaluate };
}

/** Something that needs all its arguments. */
export function call(args: readonly Part[], { cost, apply, test }: Operation): Part {
  const [first, second] = args;
  const given = second?.constant ? second.evaluate(ANY, undefined) : undefined;
  if (first && test && typeof given === 'string') return folded(args, test.of(first.evaluate, given), test.cost + sumOf(args));
  return folded(args, applied(args, apply), cost + sumOf(args));
}

function applied(args: readonly Part[], apply: Operation['apply']): Evaluate {
  const [first = undecided, second, third] = args.map(({ evaluate }) => evaluate);
  if (!second)
    return (client, item) => {
      const value = first(client, item);
      return value === undefined ? undefined : apply(value);
    };
  if (third)
    return (client, item) => {
      const [value, other, another] = [first(client, item), second(client, item), third(client, item)];
      return value === undefined || other === undefined || another === undefined ? undefined : apply(value, other, another);
    };
  return (client, item) => {
    const value = first(client, item);
    const other = second(client, item);
    return value === undefined || other === undefined ? undefined : apply(value, other);
  };
}

/** For each item of a list that a value is compared with, for each that is put into a set, and for a key that is not known before. */
const COST = { compared: 4, put: 25, key: 300 } as const;

/** `a.b`, `a["b"]`, `a[1]`. */
export function access(of: Part, key: Part): Part {
  const apply = (value: Value, at: Value): Value => {
    if (Array.isArray(value)) return typeof at === 'bigint' || typeof at === 'number' ? value[Number(at)] : undefined;
    if (!isMap(value) || typeof at !== 'string' || !(key.constant || (spend(COST.key) && look(at, 2)))) return undefined;
    return Object.hasOwn(value, at) ? value[at] : undefined;
  };
  return call([of, key], { cost: key.constant ? 12 : 20, apply });
}

/** `has(a.b)`. Of what has no fields it is false. */
export function presence(of: Part, key: string): Part {
  const apply = (value: Value): boolean => isMap(value) && Object.hasOwn(value, key) && value[key] !== undefined;
  return call([of], { cost: 25, apply });
}

/** `[a, b]`. */
export function list(parts: readonly Part[]): Part {
  const evaluate: Evaluate = (client, item) => {
    const items: Value[] = [];
    for (const part of parts) {
      const value = part.evaluate(client, item);
      if (value === undefined) return undefined;
      items.push(value);
    }
    return items;
  };
  return folded(parts, evaluate, 20 + sumOf(parts, 5), parts.length);
}

/** `a && b && c`, `a || b || c`: one side alone may decide, whatever the others are, even if they cannot be decided. */
export function decision(sides: readonly Part[], decisive: boolean): Part {
  const asked = sides.map(({ evaluate }) => evaluate);
  const evaluate: Evaluate = (client, item) => {
    let unanimous = true;
    for (const side of asked) {
      const value = side(client, item);
      if (value === decisive) return decisive;
      if (value !== !decisive) unanimous = false;
    }
    return unanimous ? !decisive : undefined;
  };
  return folded(sides, evaluate, 5 + sumOf(sides, 2));
}

/** `a ? b : c`. */
export function choice(condition: Part, yes: Part, no: Part): Part {
  const evaluate: Evaluate = (client, item) => {
    const value = condition.evaluate(client, item);
    return value === true ? yes.evaluate(client, item) : value === false ? no.evaluate(client, item) : undefined;
  };
  const cost = 6 + condition.cost + Math.max(yes.cost, no.cost);
  return folded([condition, yes, no], evaluate, cost, Math.max(yes.items, no.items));
}

/** `a in b`. */
export function membership(value: Part, collection: Part): Part {
  const texts = textsOf(collection);
  if (texts) return call([value], { cost: 15, apply: (one) => (lookUp(one) ? texts.has(one) : undefined) });
  return call([value, collection], { cost: 15 + collection.items * COST.compared, apply: containment(collection) });
}

/** Pays for a value that is looked up: of a long text that takes all of it. */
function lookUp(value: Value): boolean {
  return typeof value !== 'string' || look(value, 2);
}

function containment({ items }: Part): (one: Value, all: Value) => boolean | undefined {
  return (one, all) => {
    const more = Array.isArray(all) ? (all.length - items) * COST.compared : COST.key;
    return spend(more) && lookUp(one) ? among(one, all) : undefined;
  };
}

/** `item in roles`, in a macro: the same collection is asked for many items, so that a set of it pays. */
export function membershipOfMany(value: Part, collection: Part): Part {
  const contains = containment(collection);
  let items: ReadonlySet<Value> = new Set();
  let itemsOfAll: Value;
  let itemsOfEvaluation = 0;
  const take = (all: Value): boolean => {
    const list = itemsOf(all);
    if (!list || !spend((list.length - collection.items) * COST.put)) return false;
    items = new Set(list);
    itemsOfAll = all;
    itemsOfEvaluation = evaluation();
    return true;
  };
  const apply = (one: Value, all: Value): boolean | undefined => {
    // Of other types than text, two can be equal without being the same.
    if (typeof one !== 'string') return contains(one, all);
    const isTaken = (all === itemsOfAll && itemsOfEvaluation === evaluation()) || take(all);
    return isTaken && look(one, 2) ? items.has(one) : undefined;
  };
  const asked = call([value, collection], { cost: 30, apply });
  return { ...asked, once: asked.once + collection.items * COST.put };
}

function textsOf(collection: Part): ReadonlySet<Value> | undefined {
  const items = collection.constant ? collection.evaluate(ANY, undefined) : undefined;
  return Array.isArray(items) && items.every((item) => typeof item === 'string') ? new Set<Value>(items) : undefined;
}

/** A macro. */
export function loop({ run, each: own }: Loop, of: Part, bodies: readonly Part[]): Part {
  const each = own + sumOf(bodies);
  const [first = undecided, second] = bodies.map(({ evaluate }) => evaluate);
  const evaluate: Evaluate = (client, item) => {
    const items = itemsOf(of.evaluate(client, item));
    return items && spend((items.length - of.items) * each) ? run(items, client, first, second) : undefined;
  };
  return folded([of, ...bodies], evaluate, 60 + of.cost + of.items * each, of.items);
}
