import { SseError } from '../errors.ts';
import { didYouMean } from '../nearest.ts';
import { checkEscapes } from './body.ts';
import type { Exchange } from './exchange.ts';

/** The query parameters of a request. @throws SseError `invalid-request` for one that is unknown, which must not be passed over, or given twice */
export function parametersOf({ req, query }: Exchange, known: readonly string[]): ReadonlyMap<string, string> {
  checkEscapes(req.url ?? '', 'the query');
  const fields = new Map<string, string>();
  for (const [field, value] of query) {
    if (!known.includes(field)) throw refuse(`?${field}`, `unknown parameter${didYouMean(field, known)}`);
    if (fields.has(field)) throw refuse(`?${field}`, 'is given twice');
    fields.set(field, value);
  }
  return fields;
}

/** A whole number among them, if it is there. @throws SseError `invalid-request` */
export function numberIn(
  fields: ReadonlyMap<string, string>,
  name: string,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  const text = fields.get(name);
  if (text === undefined) return undefined;
  const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw refuse(
    `?${name}`,
    max === Number.MAX_SAFE_INTEGER ? 'must be what an earlier answer gave' : `must be a whole number from ${min} to ${max}`,
  );
}

function refuse(pointer: string, detail: string): SseError {
  return SseError.of('invalid-request', [{ pointer, detail }]);
}
