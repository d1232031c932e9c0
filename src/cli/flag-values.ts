import { quoted } from '../config/values.ts';
import { SseError } from '../errors.ts';
import { parseDuration } from '../units.ts';

/** A mistake in what a command line says. @param pointer the flag, the argument or the variable */
export function wrong(pointer: string, detail: string): SseError {
  return SseError.of('invalid-config', [{ pointer, detail }]);
}

/** The longest that a timer waits, in ms; beyond that Node's fire at once. */
const LONGEST = 2 ** 31 - 1;

/** The duration that a flag says, in ms. @throws SseError `invalid-config` for what is none, and for none at all: 0 */
export function durationIn(flag: string, text: string): number {
  const duration = parseDuration(text);
  if (duration && duration <= LONGEST) return duration;
  if (duration) throw wrong(flag, `must be at most 24d, not ${quoted(text)}`);
  throw wrong(flag, `must be a duration such as 500ms, 5s or 10m, not ${quoted(text)}`);
}

/** The whole number above 0 that a flag says. @throws SseError `invalid-config` */
export function countIn(flag: string, text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw wrong(flag, `must be a whole number of 1 or more, not ${quoted(text)}`);
}

/** Collects the values of a flag that may repeat, for commander. */
export function several(entry: string, entries: readonly string[] = []): readonly string[] {
  return [...entries, entry];
}
