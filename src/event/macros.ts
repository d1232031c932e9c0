import type { Client } from './identity.ts';
import type { Value } from './values.ts';

type Body = (client: Client, item: Value) => Value;

/** Evaluates the bodies of a macro for the items of a list. */
export interface Loop {
  readonly run: (items: readonly Value[], client: Client, body: Body, second?: Body) => Value;
  /** What it costs for each item, besides the bodies. */
  readonly each: number;
}

/** `exists` and `all`: one item alone may decide, whatever the others are, even if they cannot be decided. */
function quantifier(decisive: boolean): Loop {
  const run: Loop['run'] = (items, client, body) => {
    let unanimous = true;
    for (const item of items) {
      const value = body(client, item);
      if (value === decisive) return decisive;
      if (value !== !decisive) unanimous = false;
    }
    return unanimous ? !decisive : undefined;
  };
  return { run, each: 8 };
}

/** `exists_one(item, condition)` */
const one: Loop['run'] = (items, client, body) => {
  let count = 0;
  for (const item of items) {
    const value = body(client, item);
    if (typeof value !== 'boolean') return undefined;
    if (value) count++;
  }
  return count === 1;
};

/** `filter(item, condition)` */
const kept: Loop['run'] = (items, client, body) => {
  const list: Value[] = [];
  for (const item of items) {
    const value = body(client, item);
    if (typeof value !== 'boolean') return undefined;
    if (value) list.push(item);
  }
  return list;
};

/** `map(item, made)`, `map(item, condition, made)` */
const made: Loop['run'] = (items, client, body, second) => {
  const list: Value[] = [];
  for (const item of items) {
    const chosen = second ? body(client, item) : true;
    if (typeof chosen !== 'boolean') return undefined;
    if (!chosen) continue;
    const value = (second ?? body)(client, item);
    if (value === undefined) return undefined;
    list.push(value);
  }
  return list;
};

export const LOOPS: Readonly<Record<string, Loop>> = {
  exists: quantifier(true),
  all: quantifier(false),
  exists_one: { run: one, each: 8 },
  filter: { run: kept, each: 20 },
  map: { run: made, each: 20 },
};
