import type { LogEntry, Page } from '../hub/event-log.ts';
import type { OpenStore } from './open-store.ts';
import { decodeRecord, KEY_LENGTH, keyOf, sequenceOf, timeOf } from './record.ts';
import { type Found, Times } from './times.ts';

/** A page ends with the entry that reaches one of these. */
const PAGE = { events: 256, bytes: 512 * 1024 };

/** Reads a store page by page, and finds places in it. What is damaged is left out, and told. */
export class Pages {
  readonly #store: OpenStore;
  readonly #times = new Times((sequences, end) => this.#look(sequences, end));
  /** Damaged sequences that were told. */
  readonly #told = new Set<number>();

  constructor(store: OpenStore) {
    this.#store = store;
  }

  read(from: number): Promise<Page> {
    return this.#store.read(() => this.#read(from));
  }

  async #read(from: number): Promise<Page> {
    const start = Math.max(from, this.#store.oldest);
    // What is appended while this reads is the next page's.
    const end = Math.min(this.#store.head + 1, start + PAGE.events);
    const records = await this.#records(start, end);
    const entries = records.flatMap(([sequence, record]) => decodeRecord(sequence, record) ?? []);
    const full = records.reduce((bytes, [, record]) => bytes + record.length, 0) >= PAGE.bytes;
    const next = full ? (records.at(-1)?.[0] ?? start) + 1 : Math.max(end, from + 1);
    this.#tell(entries, start, next);
    return { entries, next };
  }

  since(time: number): Promise<number> {
    return this.#store.read(() => this.#times.since(time, this.#store.oldest, this.#store.head + 1));
  }

  /** The records of a run of sequences that can be read, up to the one that fills a page. */
  async #records(start: number, end: number): Promise<[sequence: number, record: Buffer][]> {
    const range = { gte: keyOf(start), lt: keyOf(end) };
    try {
      return await this.#run(range, end - start);
    } catch {
      // A block of a file is damaged, and the iterator ends at it: one by one, the others can still be had.
      const found: [number, Buffer][] = [];
      let bytes = 0;
      for (let sequence = start; sequence < end && bytes < PAGE.bytes; sequence++) {
        const record = await this.#store.db.get(keyOf(sequence)).catch(() => undefined);
        if (!record) continue;
        found.push([sequence, record]);
        bytes += record.length;
      }
      return found;
    }
  }

  /** All in one go: each trip to the library costs more than the records it brings. */
  async #run(range: { gte: Buffer; lt: Buffer }, limit: number): Promise<[sequence: number, record: Buffer][]> {
    // LevelDB counts keys as well; the page counts records only, and must never be ended here before it is full.
    const iterator = this.#store.db.iterator({ ...range, highWaterMarkBytes: PAGE.bytes + limit * KEY_LENGTH });
    try {
      const records = await iterator.nextv(limit);
      return records.map(([key, record]) => [sequenceOf(key), record]);
    } finally {
      await iterator.close();
    }
  }

  /** Finds entries for their time; for one that is missing, the next before `end`. */
  async #look(sequences: readonly number[], end: number): Promise<readonly (Found | undefined)[]> {
    const records = await this.#store.db.getMany(sequences.map(keyOf)).catch(() => []);
    const found: (Found | undefined)[] = [];
    for (const [index, sequence] of sequences.entries()) {
      const record = records[index];
      found.push(record ? foundIn(sequence, record) : await this.#next(sequence, end));
    }
    return found;
  }

  async #next(from: number, end: number): Promise<Found | undefined> {
    const [next] = await this.#run({ gte: keyOf(from), lt: keyOf(end) }, 1).catch(() => []);
    return next && foundIn(...next);
  }

  /** Tells once of each run of entries that ought to be there and is not as it was written. */
  #tell(entries: readonly LogEntry[], start: number, next: number): void {
    if (entries.length === next - start) return;
    const good = new Set(entries.map(({ sequence }) => sequence));
    const damaged: number[] = [];
    for (let sequence = start; sequence < next; sequence++)
      if (!good.has(sequence) && sequence >= this.#store.oldest && !this.#told.has(sequence)) damaged.push(sequence);
    if (damaged.length === 0) return;
    for (const sequence of damaged) this.#told.add(sequence);
    this.#store.warn(`the store is damaged: ${damaged.length} events from ${damaged[0]} to ${damaged.at(-1)} are lost`);
  }
}

function foundIn(sequence: number, record: Buffer): Found | undefined {
  const time = timeOf(sequence, record);
  return time === undefined ? undefined : { sequence, time };
}
