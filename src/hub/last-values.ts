import { type Audience, admits, nameOf } from '../event/audience.ts';
import type { Client } from '../event/identity.ts';
import type { HistoryEntry } from './history.ts';

/** The newest entries of a key that have one and the same audience. */
interface Latest {
  readonly key: string;
  /** What its audience is called among those of its key. */
  readonly name: string;
  readonly audience: Audience;
  /** In order. Only the last one, unless somebody attached before it is being sent the past. */
  sequences: number[];
}

/** Who asks: a client, and the head when it attached. Entries up to there are a replay for it. */
interface Asking {
  readonly client: Client;
  readonly attachedAt: number;
}

/** At most this many pairs of key and audience are known. What an older one supersedes is replayed: more than need be, never less. */
export const LAST_VALUES_LIMIT = 100_000;
/** A key has at most so many audiences, of which the newest count: each entry of a replay is held against all of them. */
const AUDIENCES = 256;
/** After so many audiences, other work may run. */
const STEP = 64;

/**
 * Which entries a replay leaves out though their audience has the client: those whose publisher said so.
 *
 * An entry with a key is superseded for a client if a newer one of that key, up to the head at which the client
 * attached, is for it too. Newer ones than that come to it live, and don't change what its replay is.
 * - The entry that supersedes may lie anywhere in the log, on a page that is not read yet. Therefore what is known of
 *   keys does not come from where the replay reads: it is kept here, from the time an entry arrives until it leaves the log.
 * - Of entries with the same audience only the newest counts: whoever may have an older one may have it. So a key costs
 *   one number for each audience it is used with, however often its value changes; and for an entry that is superseded
 *   by its own audience, the usual case, no filter is evaluated.
 * - The newest counts even if its `ttl` is over or it is never replayed: the older value is not the last one any more.
 * - Skipping is no loss. The entry that supersedes is above the skipped one, so it is still to come when the client's
 *   cursor passes that, and a stream that breaks in between comes back below it. Only if it is redacted in that moment it
 *   does not come.
 * - A redacted entry supersedes nothing. The newest that is left has to be learnt from where entries are kept; until
 *   then, what was superseded may be replayed: more than need be, never less.
 */
export class LastValues {
  readonly #keys = new Map<string, Map<string, Latest>>();
  /** In order of their newest entry, oldest first; where that was redacted, of what was the newest. */
  readonly #byAge = new Set<Latest>();

  get size(): number {
    return this.#byAge.size;
  }

  /**
   * Takes note of a new entry.
   * @param oldest the oldest entry that can still be replayed
   * @param replaying whether anybody is being sent the past, and may need to know which was the newest before
   */
  add(
    { sequence, audience, replay }: Pick<HistoryEntry, 'sequence' | 'audience' | 'replay'>,
    oldest: number,
    replaying: boolean,
  ): void {
    const key = replay?.supersedes;
    // An audience that is a function is gone after a restart, and with it whom the entry was for: it supersedes nothing.
    if (key === undefined || audience.match) return;
    const latest = this.#latestOf(key, audience);
    const { sequences } = latest;
    if (!replaying) sequences.length = 0;
    // Half of it cannot be replayed any more.
    else if ((sequences[sequences.length >>> 1] ?? oldest) < oldest)
      latest.sequences = sequences.filter((kept) => kept >= oldest);
    latest.sequences.push(sequence);
    this.#byAge.delete(latest);
    this.#byAge.add(latest);
    this.#bound(latest);
    this.#forget(oldest);
  }

  /** Whether a replay leaves an entry out. Evaluates filters, so it lets other work run in between. @param now ms since 1970 */
  *withholds(
    { sequence, time, audience, replay }: Pick<HistoryEntry, 'sequence' | 'time' | 'audience' | 'replay'>,
    { client, attachedAt }: Asking,
    now: number,
  ): Generator<void, boolean> {
    if (!replay) return false;
    const { ttl, history, supersedes } = replay;
    if (history === false || (ttl !== undefined && now - time >= ttl)) return true;
    const audiences = supersedes === undefined ? undefined : this.#keys.get(supersedes);
    if (!audiences) return false;
    const own = audiences.get(nameOf(audience));
    if (own && newestUpTo(own.sequences, attachedAt) > sequence) return true;
    let asked = 0;
    for (const latest of audiences.values()) {
      if (newestUpTo(latest.sequences, attachedAt) <= sequence) continue;
      if (admits(latest.audience, client, false)) return true;
      if (++asked % STEP === 0) yield;
    }
    return false;
  }

  /** Takes note of entries that were redacted. @returns whether of any key the newest is not known now */
  redact(sequences: readonly number[]): boolean {
    const redacted = new Set(sequences);
    let lost = false;
    for (const latest of this.#byAge) {
      if (!latest.sequences.some((sequence) => redacted.has(sequence))) continue;
      latest.sequences = latest.sequences.filter((sequence) => !redacted.has(sequence));
      if (latest.sequences.length > 0) continue;
      this.#delete(latest);
      lost = true;
    }
    return lost;
  }

  /** Takes note of an entry that was there before, unless a newer one is known. */
  learn({ sequence, audience, replay }: Pick<HistoryEntry, 'sequence' | 'audience' | 'replay'>): void {
    const key = replay?.supersedes;
    if (key === undefined || audience.match) return;
    const latest = this.#latestOf(key, audience);
    if ((latest.sequences.at(-1) ?? 0) >= sequence) return;
    latest.sequences = [sequence];
    this.#byAge.delete(latest);
    this.#byAge.add(latest);
  }

  /** Puts an audience behind the others of its key, in the order of their newest entries, and forgets the eldest of too many. */
  #bound({ key, name }: Latest): void {
    const audiences = this.#keys.get(key);
    const latest = audiences?.get(name);
    if (!audiences || !latest) return;
    audiences.delete(name);
    audiences.set(name, latest);
    const [eldest] = audiences.values();
    if (audiences.size > AUDIENCES && eldest) this.#delete(eldest);
  }

  #latestOf(key: string, audience: Audience): Latest {
    const name = nameOf(audience);
    const audiences = this.#keys.get(key) ?? new Map<string, Latest>();
    const latest = audiences.get(name) ?? { key, name, audience, sequences: [] };
    this.#keys.set(key, audiences.set(name, latest));
    return latest;
  }

  #forget(oldest: number): void {
    for (const latest of this.#byAge) {
      if (this.#byAge.size <= LAST_VALUES_LIMIT && (latest.sequences.at(-1) ?? 0) >= oldest) return;
      this.#delete(latest);
    }
  }

  #delete(latest: Latest): void {
    this.#byAge.delete(latest);
    const audiences = this.#keys.get(latest.key);
    audiences?.delete(latest.name);
    if (audiences?.size === 0) this.#keys.delete(latest.key);
  }
}

/** The last number that is not above a limit, 0 if there is none. */
function newestUpTo(sequences: readonly number[], limit: number): number {
  let low = 0;
  let high = sequences.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sequences[middle] as number) <= limit) low = middle + 1;
    else high = middle;
  }
  return sequences[low - 1] ?? 0;
}
