import { spend } from './fuel.ts';

/**
 * Values of CEL as JavaScript has them: string, boolean, bigint for int, number for double, null, Date for timestamp, array
 * for list, object for map. What cannot be decided (a missing key, a division by zero, two types that do not go together)
 * is `undefined`: an exception would cost a hundred times the rest.
 */
export type Value = unknown;

/** Texts up to this length are looked at for nothing. */
const SHORT = 32;

/** Pays for looking at a text, with so many units for a character. */
export function look(text: string, rate: number): boolean {
  return text.length <= SHORT || spend((text.length - SHORT) * rate);
}

/** A text made of two. It is put together when it is read for the first time, which is paid for here. */
export function joined(left: string, right: string): string | undefined {
  const text = left + right;
  return look(text, 0.1) ? text : undefined;
}

const MAX_INT = 2n ** 63n - 1n;
const MIN_INT = -(2n ** 63n);

/** An int is what 64 bits hold. */
export function int(value: bigint): bigint | undefined {
  return value <= MAX_INT && value >= MIN_INT ? value : undefined;
}

export function isMap(value: Value): value is Readonly<Record<string, Value>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** To list the keys of a large map takes longer than all else that is done with it. Claims do not change, so it is done once. */
const keys = new WeakMap<object, readonly string[]>();

/** Its own keys; undefined if that is too much. */
function keysOf(map: object): readonly string[] | undefined {
  let found = keys.get(map);
  if (!found) {
    found = Object.keys(map);
    keys.set(map, found);
  }
  return spend(30 + found.length) ? found : undefined;
}

/** What a macro goes through: the items of a list, the keys of a map. */
export function itemsOf(value: Value): readonly Value[] | undefined {
  if (Array.isArray(value)) return value;
  return isMap(value) ? keysOf(value) : undefined;
}

/** Whether two values are equal. Those of different types are not, but for numbers, which are compared by value. */
export function equal(left: Value, right: Value): boolean {
  if (typeof left === 'string') {
    return typeof right === 'string' && left.length === right.length && look(left, 0.1) && left === right;
  }
  if (left === right) return true;
  if (isNumber(left)) return isNumber(right) && sameNumber(left, right);
  if (Array.isArray(left)) return Array.isArray(right) && equalLists(left, right);
  if (left instanceof Date) return right instanceof Date && left.getTime() === right.getTime();
  return isMap(left) && isMap(right) && equalMaps(left, right);
}

function isNumber(value: Value): value is bigint | number {
  return typeof value === 'bigint' || typeof value === 'number';
}

function sameNumber(left: bigint | number, right: bigint | number): boolean {
  // biome-ignore lint/suspicious/noDoubleEquals: between a bigint and a number it compares the values, exactly
  return left == right;
}

function equalLists(left: readonly Value[], right: readonly Value[]): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index++) {
    if (!spend(5) || !equal(left[index], right[index])) return false;
  }
  return true;
}

function equalMaps(left: Readonly<Record<string, Value>>, right: Readonly<Record<string, Value>>): boolean {
  const [keys, others] = [keysOf(left), keysOf(right)];
  if (keys?.length !== others?.length) return false;
  return keys?.every((key) => spend(40) && Object.hasOwn(right, key) && equal(left[key], right[key])) ?? false;
}

/** Whether a value is among the items of a list, or the keys of a map. */
export function among(value: Value, collection: Value): boolean | undefined {
  if (Array.isArray(collection)) {
    if (typeof value === 'string' || typeof value === 'boolean') return collection.includes(value);
    return collection.some((item) => equal(value, item));
  }
  if (!isMap(collection)) return undefined;
  return typeof value === 'string' && Object.hasOwn(collection, value) && collection[value] !== undefined;
}

/** Whether two values can be ordered by `<`: JavaScript then orders them as CEL does. */
export function comparable(left: Value, right: Value): boolean {
  if (isNumber(left)) return isNumber(right);
  if (left instanceof Date) return right instanceof Date;
  return typeof left === typeof right && (typeof left === 'string' || typeof left === 'boolean');
}
