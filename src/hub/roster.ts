import { type Audience, admits, isEveryone } from '../event/audience.ts';
import type { Cursor } from './cursor.ts';
import { Directory } from './directory.ts';
import { memoised } from './memo.ts';

/** After so many clients that a filter is evaluated for, or so many that are only counted in, other work may run. */
const STEP = { evaluated: 16, taken: 512 } as const;

/** Those among whom an audience is to be found, and what of it remains to be asked of each. */
interface Candidates {
  readonly groups: readonly ReadonlySet<Cursor>[];
  readonly remaining: Audience;
}

/**
 * Everyone who is attached, to be found by audience.
 *
 * Where an audience fixes an attribute that is indexed, only those are visited who have it. The others are asked one by
 * one; if that is not cheap, once for all who are alike.
 */
export class Roster {
  readonly #cursors = new Set<Cursor>();
  readonly #directory = new Directory();
  readonly #failed: (error: unknown) => void;

  /** @param failed an audience function threw; told once for each event */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  /** While a cursor is here, its client must not change: to do that, take it out before and put it in again after. */
  add(cursor: Cursor): void {
    this.#cursors.add(cursor);
    this.#directory.add(cursor);
  }

  delete(cursor: Cursor): void {
    this.#cursors.delete(cursor);
    this.#directory.delete(cursor);
  }

  /** A cursor by the id of its connection. */
  get(client: string): Cursor | undefined {
    for (const group of this.#directory.find('client.id', [client])) for (const cursor of group) return cursor;
    return undefined;
  }

  /**
   * Finds those whom an audience admits. Takes its time where there are many to look at, and lets other work run in
   * between; who attaches meanwhile is not among them.
   * @param head the newest entry that they attached before
   */
  *select(audience: Audience, head: number): Generator<void, Set<Cursor>> {
    const { groups, remaining } = this.#candidates(audience);
    const excepted = this.#excepted(audience);
    const step = isEveryone(remaining) ? STEP.taken : STEP.evaluated;
    const chosen = new Set<Cursor>();
    let failure: { error: unknown } | undefined;
    const onError = (error: unknown): void => {
      failure ??= { error };
    };
    let visited = 0;
    for (const group of groups) {
      for (const cursor of group) {
        const eligible = cursor.attachedAt <= head && !excepted.has(cursor);
        if (eligible && admits(remaining, cursor.client, true, onError)) chosen.add(cursor);
        if (++visited % step === 0) yield;
      }
    }
    if (failure) this.#failed(failure.error);
    return chosen;
  }

  /** The fewest among whom an audience can be found. */
  #candidates(audience: Audience): Candidates {
    const { filter, topics, match } = audience;
    const besides = (answered?: 'filter' | 'topics'): Audience => ({
      ...(filter && answered !== 'filter' && { filter: memoised(filter) }),
      ...(topics && answered !== 'topics' && { topics }),
      ...(match && { match }),
    });
    let best: Candidates = { groups: [this.#cursors], remaining: besides() };
    let fewest = this.#cursors.size;
    const consider = (groups: Candidates['groups'], answered?: 'filter' | 'topics'): void => {
      const size = groups.reduce((sum, group) => sum + group.size, 0);
      // All else being equal, what answers a question is better than what leaves it.
      if (size > fewest || (size === fewest && !answered)) return;
      best = { groups, remaining: besides(answered) };
      fewest = size;
    };
    const { fixes = [], whole = false } = filter?.fixing ?? {};
    for (const { attribute, values } of fixes)
      consider(this.#directory.find(attribute, values), whole && fixes.length === 1 ? 'filter' : undefined);
    if (topics) consider(this.#directory.find('topics', topics), 'topics');
    return best;
  }

  /** Those whom an audience leaves out by the id of their connection or of their identity. */
  #excepted({ except = [] }: Audience): ReadonlySet<Cursor> {
    const groups =
      except.length === 0 ? [] : [...this.#directory.find('client.id', except), ...this.#directory.find('id', except)];
    return new Set(groups.flatMap((group) => [...group]));
  }
}
