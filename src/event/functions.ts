import { toBool, toDouble, toInt, toText, toTimestamp } from './conversions.ts';
import type { Operation } from './parts.ts';
import { isMap, itemsOf, look, type Value } from './values.ts';

function isText(value: Value): value is string {
  return typeof value === 'string';
}

/** What becomes of a text. @param rate units for a character, of a long one */
function ofText(cost: number, rate: number, change: (text: string) => string): Operation {
  return { cost, apply: (text) => (isText(text) && look(text, rate) ? change(text) : undefined) };
}

/** A whole number that stands for a place in a text; undefined beyond it. Places are counted as JavaScript does. */
function place(value: Value, min: number, max: number): number | undefined {
  return typeof value === 'bigint' && value >= min && value <= max ? Number(value) : undefined;
}

/** `startsWith` and `endsWith` compare one character after the other, which is the fastest for short texts only. */
const FEW = 16;

function begins(text: string, other: string): boolean {
  return other.length < FEW ? text.startsWith(other) : text.slice(0, other.length) === other;
}

function ends(text: string, other: string): boolean {
  return other.length < FEW ? text.endsWith(other) : text.slice(-other.length) === other;
}

/** Units for a character, where a text is looked for in another: so much if it seems to begin at each of them. */
const SEARCH = 5;

/** The functions of client filters. */
export const FUNCTIONS: Readonly<Record<string, Operation>> = {
  size: { cost: 42, apply: size },
  contains: {
    cost: 40,
    apply: (text, other) => (isText(text) && isText(other) && look(text, SEARCH) ? text.includes(other) : undefined),
    test: {
      cost: 24,
      of: (first, given) => (client, item) => {
        const text = first(client, item);
        return isText(text) && look(text, SEARCH) ? text.includes(given) : undefined;
      },
    },
  },
  startsWith: {
    cost: 32,
    apply: (text, other) => (isText(text) && isText(other) && look(other, 0.5) ? begins(text, other) : undefined),
    test: {
      cost: 10,
      of: (first, given) => (client, item) => {
        const text = first(client, item);
        return isText(text) && look(given, 0.5) ? begins(text, given) : undefined;
      },
    },
  },
  endsWith: {
    cost: 32,
    apply: (text, other) => (isText(text) && isText(other) && look(other, 0.5) ? ends(text, other) : undefined),
    test: {
      cost: 10,
      of: (first, given) => (client, item) => {
        const text = first(client, item);
        return isText(text) && look(given, 0.5) ? ends(text, given) : undefined;
      },
    },
  },
  lowerAscii: ofText(40, 3, (text) => text.toLowerCase()),
  upperAscii: ofText(60, 3, (text) => text.toUpperCase()),
  trim: ofText(35, 1, (text) => text.trim()),
  indexOf: { cost: 45, apply: indexOf },
  substring: { cost: 50, apply: substring },
  string: { cost: 100, apply: toText },
  int: { cost: 100, apply: toInt },
  double: { cost: 100, apply: toDouble },
  bool: { cost: 25, apply: toBool },
  timestamp: { cost: 400, apply: toTimestamp },
  dyn: { cost: 0, apply: (value) => value },
};

/** Of a text, its code points. */
function size(value: Value): bigint | undefined {
  if (Array.isArray(value) || isMap(value)) return count(itemsOf(value));
  if (!isText(value) || !look(value, 2)) return undefined;
  let points = value.length;
  for (let index = 1; index < value.length; index++) {
    const isPair = (value.charCodeAt(index) & 0xfc00) === 0xdc00 && (value.charCodeAt(index - 1) & 0xfc00) === 0xd800;
    if (isPair) points--;
  }
  return BigInt(points);
}

function count(items: readonly Value[] | undefined): bigint | undefined {
  return items && BigInt(items.length);
}

function indexOf(text: Value, other: Value, from?: Value): Value {
  if (!isText(text) || !isText(other) || !look(text, SEARCH)) return undefined;
  if (from === undefined) return BigInt(text.indexOf(other));
  if (other === '') return typeof from === 'bigint' ? from : undefined;
  const start = place(from, 0, text.length - 1);
  return start === undefined ? undefined : BigInt(text.indexOf(other, start));
}

function substring(text: Value, start: Value, end?: Value): string | undefined {
  if (!isText(text)) return undefined;
  const first = place(start, 0, text.length);
  const last = end === undefined ? text.length : place(end, first ?? 0, text.length);
  return first === undefined || last === undefined ? undefined : text.substring(first, last);
}
