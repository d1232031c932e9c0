import type { Cursor } from './cursor.ts';

const NONE: ReadonlySet<Cursor> = new Set();

/**
 * The cursors that have a value. Most ids and logins are one client's, and a set costs several times what it holds:
 * whoever is alone with a value stands there without one.
 */
export class Postings {
  readonly #byValue = new Map<string, Cursor | Set<Cursor>>();

  add(value: string, cursor: Cursor): void {
    const found = this.#byValue.get(value);
    if (found instanceof Set) found.add(cursor);
    else if (found !== cursor) this.#byValue.set(value, found ? new Set([found, cursor]) : cursor);
  }

  delete(value: string, cursor: Cursor): void {
    const found = this.#byValue.get(value);
    if (found === cursor || (found instanceof Set && found.delete(cursor) && found.size === 0)) this.#byValue.delete(value);
  }

  /** Those who have a value now; whoever leaves while they are gone through is not met any more. */
  of(value: string): ReadonlySet<Cursor> {
    const found = this.#byValue.get(value);
    if (found === undefined) return NONE;
    return found instanceof Set ? found : new Set([found]);
  }
}
