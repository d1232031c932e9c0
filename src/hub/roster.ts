import { type Audience, admits } from '../event/audience.ts';
import type { Cursor } from './cursor.ts';

/** After so many clients, other work may run. */
const STEP = 64;

/** Everyone who is attached, to be found by audience. */
export class Roster {
  readonly #cursors = new Set<Cursor>();
  readonly #failed: (error: unknown) => void;

  /** @param failed an audience function threw; told once for each event */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  add(cursor: Cursor): void {
    this.#cursors.add(cursor);
  }

  delete(cursor: Cursor): void {
    this.#cursors.delete(cursor);
  }

  /**
   * Finds those whom an audience admits. Takes its time where filters have to be evaluated, and lets other work run in
   * between; who attaches meanwhile is not among them.
   * @param head the newest entry that they attached before
   */
  *select(audience: Audience, head: number): Generator<void, Set<Cursor>> {
    const chosen = new Set<Cursor>();
    let failure: { error: unknown } | undefined;
    const onError = (error: unknown): void => {
      failure ??= { error };
    };
    let asked = 0;
    for (const cursor of this.#cursors) {
      if (cursor.attachedAt > head) continue;
      if (admits(audience, cursor.client, true, onError)) chosen.add(cursor);
      if (++asked % STEP === 0) yield;
    }
    if (failure) this.#failed(failure.error);
    return chosen;
  }
}
