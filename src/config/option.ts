import type { z } from 'zod';

/** One option: its type, and what flags, variables, help and documents must know of it. */
export interface Option<T = unknown, I = unknown> {
  /** Decodes what people write and encodes it back. */
  readonly type: z.ZodType<T, I>;
  /** As people write it; null is not set. */
  readonly default: I;
  /** What it is, and what not set means. */
  readonly description: string;
  /** The value's name in help; a yes or no has none. */
  readonly placeholder?: string;
  /** How text from a flag or a variable becomes a value. Default: it stays text. The flag of a list may repeat. */
  readonly kind?: 'integer' | 'boolean' | 'list';
  /** What the flag means when it is given without a value. Default: it needs one. */
  readonly bare?: string;
  /** Whether the value must never be shown. The name of a file is no secret, and what it holds is never read here. */
  readonly secret?: true;
  /** Whether a server that runs takes another value when it reads its configuration anew. Default: it needs a restart. */
  readonly reloadable?: true;
}

/** One entry of the table of options. */
export function option<T, I>(type: z.ZodType<T, I>, byDefault: NoInfer<I>, rest: Omit<Option, 'type' | 'default'>): Option<T, I> {
  return { type, default: byDefault, ...rest };
}

/** The longest of durations that no timer waits for. */
export const LONGEST = '3650d';
