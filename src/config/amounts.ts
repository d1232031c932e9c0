import { z } from 'zod';
import { DURATION, formatDuration, formatSize, parseDuration, parseSize, SIZE } from '../units.ts';
import { patterned, quoted } from './values.ts';

/** Bounds as people write them, both included; `because` says why the upper one exists. */
interface Bounds {
  readonly min: string;
  readonly max: string;
  readonly because?: string;
}

/** What Node's timers can wait, in whole days; above 2^31 - 1 ms they fire at once. */
export const TIMER_LIMIT: Pick<Bounds, 'max' | 'because'> = { max: '24d', because: 'timers cannot wait longer' };

/** A duration, decoded to ms. A bare number is refused, because nobody can tell its unit; 0 needs none. */
export function duration(bounds: Bounds): z.ZodType<number, string | number> {
  const message = (input: unknown) =>
    `must be a duration such as 500ms, 15s, 10m, 2h or 7d, not ${quoted(input)}${unitHint(input)}`;
  const written = patterned(DURATION, message);
  // Where 0 is legal, JSON may have it as a number.
  const zero = parseDuration(bounds.min) === 0;
  const given = zero ? z.union([written, z.literal(0)], { error: ({ input }) => message(input) }) : written;
  return bounded(given, { ...bounds, parse: parseDuration, format: formatDuration });
}

/** A duration that can also be `off`, which decodes to 0. */
export function durationOrOff(bounds: Bounds): z.ZodType<number, string | number> {
  const message = (input: unknown) =>
    `must be a duration such as 15s, 10m, 2h or 7d, or off, not ${quoted(input)}${unitHint(input)}`;
  return bounded(patterned(/^(off|[0-9]+(ms|s|m|h|d))$/, message), {
    ...bounds,
    parse: (text) => (text === 'off' ? 0 : parseDuration(text)),
    format: (ms) => (ms === 0 ? 'off' : formatDuration(ms)),
    unbounded: 'off',
  });
}

/** A size, decoded to bytes: a whole number of 1024-based units, or of bytes. */
export function size(bounds: Bounds): z.ZodType<number, string | number> {
  const message = (input: unknown) => `must be a size such as 64kb, 8mb or 1gb, not ${quoted(input)}`;
  const given = z.union([patterned(SIZE, message), z.int().min(0)], { error: ({ input }) => message(input) });
  return bounded(given, { ...bounds, parse: parseSize, format: formatSize });
}

/** So much a second, or `off`, which decodes to 0. */
export function sizeOrOff(bounds: Bounds): z.ZodType<number, string | number> {
  const message = (input: unknown) => `must be a size such as 64kb, 8mb or 1gb, or off, not ${quoted(input)}`;
  return bounded(patterned(/^(off|[0-9]+([bB]|[kKmMgG][bB])?)$/, message), {
    ...bounds,
    parse: (text) => (text === 'off' ? 0 : parseSize(text)),
    format: (bytes) => (bytes === 0 ? 'off' : formatSize(bytes)),
    unbounded: 'off',
  });
}

interface Amount extends Bounds {
  readonly parse: (text: string) => number | undefined;
  readonly format: (amount: number) => string;
  /** A word that the bounds don't apply to. */
  readonly unbounded?: string;
}

function bounded(
  given: z.ZodType<string | number, string | number>,
  { min, max, because, parse, format, unbounded }: Amount,
): z.ZodType<number, string | number> {
  const [least = 0, most = 0] = [parse(min), parse(max)];
  return z.codec(given, z.number(), {
    decode: (value, context) => {
      const amount = parse(String(value)) ?? Number.NaN;
      if (value === unbounded || (amount >= least && amount <= most)) return amount;
      const bound = amount < least ? `at least ${min}` : `at most ${max}${because ? ` (${because})` : ''}`;
      context.issues.push({ code: 'custom', input: value, message: `must be ${bound}, not ${quoted(String(value))}` });
      return z.NEVER;
    },
    encode: format,
  });
}

function unitHint(input: unknown): string {
  return /^[1-9][0-9]{0,11}$/.test(String(input)) ? `; a bare number has no unit: write ${input}s or ${input}ms` : '';
}
