import type { Cursor } from './cursor.ts';
import type { HistoryEntry } from './history.ts';

/** At most this many bytes are put together for one write, so that a client that stalls holds no more. A larger event goes alone. */
export const CHUNK: number = 64 * 1024;

/** An entry that waits for the next pass, with the cursors it was offered to; none named is all of them. */
export interface Offer {
  readonly entry: HistoryEntry;
  readonly chosen?: ReadonlySet<Cursor>;
  /** When it began to wait, on the clock that streams are timed by. */
  readonly since: number;
}

/** Frames for one write. */
export interface Chunk {
  readonly bytes: Uint8Array;
  readonly events: number;
  /** The sequence of its last frame. */
  readonly last: number;
}

/** The entries of one pass over the live clients. What is for everyone is one buffer, shared by all. */
export class Batch {
  readonly last: number;
  /** In order of sequence. */
  readonly offers: readonly Offer[];
  readonly #shared: Chunk | undefined;
  /** Of targeted entries: which of them each chosen cursor gets. */
  readonly #own = new Map<Cursor, Offer[]>();
  /** Chunks of cursors that get targeted entries, by which those are: a group with one filter shares one buffer. */
  readonly #mixed = new Map<string, Chunk>();

  /** @param offers at least one, in order of sequence */
  constructor(offers: readonly Offer[]) {
    this.offers = offers;
    this.last = offers.at(-1)?.entry.sequence ?? 0;
    this.#shared = chunkOf(offers.filter(({ chosen }) => !chosen).map(({ entry }) => entry));
    for (const offer of offers) {
      for (const cursor of offer.chosen ?? []) {
        const own = this.#own.get(cursor);
        if (own) own.push(offer);
        else this.#own.set(cursor, [offer]);
      }
    }
  }

  /** Those among the live that something in this batch is for; all that were chosen if nothing is for everyone. */
  recipients(live: ReadonlySet<Cursor>): Iterable<Cursor> {
    return this.#shared ? live : this.#own.keys();
  }

  chunkFor(cursor: Cursor): Chunk | undefined {
    const own = this.#own.get(cursor);
    if (!own) return this.#shared;
    const key = own.map(({ entry }) => entry.sequence).join();
    let chunk = this.#mixed.get(key);
    if (!chunk) {
      chunk = chunkOf(this.offers.filter((offer) => !offer.chosen || own.includes(offer)).map(({ entry }) => entry)) as Chunk;
      this.#mixed.set(key, chunk);
    }
    return chunk;
  }

  /** The sequence of the first entry that is for this cursor, 0 if none is. */
  firstFor(cursor: Cursor): number {
    return this.offers.find(({ chosen }) => !chosen || chosen.has(cursor))?.entry.sequence ?? 0;
  }
}

/** Puts frames together; a single one is not copied. */
export function chunkOf(entries: readonly HistoryEntry[]): Chunk | undefined {
  const [first] = entries;
  const last = entries.at(-1);
  if (!first || !last) return undefined;
  const bytes = entries.length === 1 ? first.bytes : Buffer.concat(entries.map((entry) => entry.bytes));
  return { bytes, events: entries.length, last: last.sequence };
}
