import { z } from 'zod';
import { didYouMean } from '../nearest.ts';

/*
 * The kinds of values that options have. Each is a codec: it decodes the spelling that people write in a file, a
 * flag or a variable, and encodes it back, so that what is printed can be pasted where it came from.
 */

/** Text on one line, with nothing in it that moves a terminal's cursor. */
export function printable(value: string): string {
  return value.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A value as an error message shows it: printable, at most 64 characters. */
export function quoted(value: unknown): string {
  if (typeof value === 'string') return `'${printable(value.length > 64 ? `${value.slice(0, 63)}…` : value)}'`;
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/** Text that must match a pattern. */
export function patterned(pattern: RegExp, message: (input: unknown) => string): z.ZodString {
  const error = (issue: { input?: unknown }) => message(issue.input);
  return z.string({ error }).regex(pattern, { error });
}

/** Text that a function has nothing against; it answers what is wrong, or undefined. */
export function text(problem: (value: string) => string | undefined = () => undefined): z.ZodString {
  return z.string({ error: ({ input }) => `must be text, not ${quoted(input)}` }).superRefine((value, context) => {
    const message = value.isWellFormed() ? problem(value) : 'must not contain lone surrogates';
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
}

/** The name of a file or a folder, relative to the working directory. */
export function path(): z.ZodString {
  return text((value) => {
    if (value === '') return 'must not be empty';
    return value.includes('\0') ? 'must not contain NUL' : undefined;
  });
}

/** One of a few words. */
export function choice<const T extends string>(words: readonly T[]): z.ZodType<T, T> {
  const hint = (input: unknown) => (typeof input === 'string' ? didYouMean(input, words) : '');
  const legal = `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
  const error = ({ input }: { input?: unknown }) => `must be ${legal}, not ${quoted(input)}${hint(input)}`;
  return z.enum(words, { error }) as unknown as z.ZodType<T, T>;
}

/** A whole number within bounds, both included. */
export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): z.ZodType<number, number> {
  const bounds = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
  const error = ({ input }: { input?: unknown }) => `must be a whole number ${bounds}, not ${quoted(input)}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** A whole number of 1 or more, or `off`, which decodes to 0. */
export function countOrOff(): z.ZodType<number, number | 'off'> {
  const error = ({ input }: { input?: unknown }) => `must be a whole number of 1 or more, or off, not ${quoted(input)}`;
  return z.codec(z.union([z.int({ error }).min(1, { error }), z.literal('off')], { error }), z.number(), {
    decode: (value) => (value === 'off' ? 0 : value),
    encode: (value) => (value === 0 ? 'off' : value),
  });
}

/** Yes or no. */
export function boolean(): z.ZodType<boolean, boolean> {
  return z.boolean({ error: ({ input }) => `must be true or false, not ${quoted(input)}` });
}

/** Several values: a list, or a single one. Paths of its issues name the entry by its number. */
export function list<T>(item: z.ZodType<T, string>, min = 0): z.ZodType<readonly T[], string | readonly string[]> {
  const error = ({ input }: { input?: unknown }) => `must be a string or a list of strings, not ${quoted(input)}`;
  return z.codec(z.union([z.string(), z.array(z.string())], { error }), z.array(item).min(min, 'must not be empty'), {
    decode: (value) => (typeof value === 'string' ? [value] : value),
    encode: (values) => [...values],
  }) as unknown as z.ZodType<readonly T[], string | readonly string[]>;
}

/** Text that means something with parts: decoded by `decode`, which answers its problem as a string. */
export function structured<T extends object>(
  decode: (value: string) => T | string,
  encode: (value: T) => string,
): z.ZodType<T, string> {
  return z.codec(text(), z.custom<T>(), {
    decode: (value, context) => {
      const decoded = decode(value);
      if (typeof decoded !== 'string') return Object.freeze(decoded);
      context.issues.push({ code: 'custom', input: value, message: decoded });
      return z.NEVER;
    },
    encode,
  });
}

/** A value that may be missing, which JSON writes as null. */
export function optional<T, I>(schema: z.ZodType<T, I>): z.ZodType<T | undefined, I | null> {
  return z.codec(z.nullable(schema), z.custom<T | undefined>(), {
    decode: (value) => value ?? undefined,
    encode: (value) => (value === undefined ? null : value),
  }) as unknown as z.ZodType<T | undefined, I | null>;
}
