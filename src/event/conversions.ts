import { int, look, type Value } from './values.ts';

/* The functions that make a value of one type from one of another; undefined if there is none. */

const DECIMAL = /^[-+]?\d{1,20}$/;

const TRUTHS: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'true', 'TRUE', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'false', 'FALSE', 'False'].map((text) => [text, false] as const),
]);
const INFINITE: ReadonlyMap<string, number> = new Map([
  ...['inf', '+inf', 'infinity', '+infinity'].map((text) => [text, Infinity] as const),
  ...['-inf', '-infinity'].map((text) => [text, -Infinity] as const),
  ['nan', Number.NaN],
]);

/** Years 1 to 9999, in ms since 1970. */
const TIMES = { min: -62_135_596_800_000, max: 253_402_300_799_999 } as const;

export function toBool(value: Value): boolean | undefined {
  return typeof value === 'string' ? TRUTHS.get(value) : typeof value === 'boolean' ? value : undefined;
}

export function toText(value: Value): string | undefined {
  if (typeof value === 'string') return value;
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return typeof value === 'boolean' || typeof value === 'bigint' || typeof value === 'number' ? String(value) : undefined;
}

export function toInt(value: Value): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? BigInt(Math.trunc(value)) : undefined;
  return typeof value === 'string' && DECIMAL.test(value) ? int(BigInt(value)) : undefined;
}

export function toDouble(value: Value): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'string' || value === '' || !look(value, 4) || value !== value.trim()) return undefined;
  const named = INFINITE.get(value.toLowerCase());
  if (named !== undefined) return named;
  const number = Number(value);
  return Number.isNaN(number) ? undefined : number;
}

/** From a text as of RFC 3339, or from seconds since 1970. */
export function toTimestamp(value: Value): Date | undefined {
  if (typeof value === 'string' ? value.length < 20 || value.length > 30 : typeof value !== 'bigint') return undefined;
  const date = new Date(typeof value === 'string' ? value : Number(value) * 1000);
  return date.getTime() >= TIMES.min && date.getTime() <= TIMES.max ? date : undefined;
}
