import { marksOf } from './marks.ts';
import type { OpenStore } from './open-store.ts';
import { decodeRecord, isMarked, keyOf, sequenceOf } from './record.ts';

/** What is kept on disk; the first bound that is reached counts, and the newest entry always stays. */
export interface Retention {
  readonly events: number;
  /** In ms. */
  readonly age: number;
  /** Of records. */
  readonly bytes: number;
}

/** So many entries are dropped in one step, so that it never holds back publishing for long. */
const STEP = 256;

/** Drops what is over the bounds, in small steps beside publishing. */
export class Dropping {
  readonly #store: OpenStore;
  readonly #retention: Retention;
  readonly #now: () => number;
  /** Until then, the oldest entry is not too old. */
  #freshUntil = 0;
  /** Whether the store's bytes are counted; at the opening they are estimated, and where a repair found entries twice, far too high. */
  #isCounted = false;

  constructor(store: OpenStore, retention: Retention, now: () => number) {
    this.#store = store;
    this.#retention = retention;
    this.#now = now;
  }

  /** Whether something may be over the bounds. */
  get due(): boolean {
    const { head, oldest, bytes } = this.#store;
    return head - oldest >= this.#retention.events || bytes > this.#retention.bytes || this.#now() > this.#freshUntil;
  }

  /** Settles when nothing is over the bounds any more, or nothing can be dropped. */
  async run(): Promise<void> {
    const store = this.#store;
    while (!store.closed && !store.failure && store.oldest < store.head && (await this.#step()));
  }

  /** @returns whether there was something to drop */
  async #step(): Promise<boolean> {
    const store = this.#store;
    const { events, age, bytes } = this.#retention;
    if (!this.#isCounted && store.bytes > bytes) await this.#count();
    const over = store.head - store.oldest + 1 - events;
    const old = this.#now() - age;
    const keys: Buffer[] = [];
    const marks: Buffer[] = [];
    let freed = 0;
    const until = keyOf(Math.min(store.oldest + STEP, store.head));
    for await (const [key, value] of store.db.iterator({ gte: keyOf(store.oldest), lt: until })) {
      const time = value.length >= 11 ? value.readUIntBE(5, 6) : 0;
      if (keys.length >= over && store.bytes - freed <= bytes && time >= old) {
        this.#freshUntil = time + age;
        break;
      }
      keys.push(key);
      const marked = isMarked(value) ? decodeRecord(sequenceOf(key), value) : undefined;
      if (marked) marks.push(...marksOf(marked));
      freed += value.length;
    }
    const last = keys.at(-1);
    if (!last) return false;
    store.oldest = sequenceOf(last) + 1;
    store.free(freed);
    await store.db.batch([...keys, ...marks].map((key) => ({ type: 'del' as const, key })));
    return true;
  }

  /** Counts what is kept, beside publishing: nothing goes for bytes that are not there. */
  async #count(): Promise<void> {
    const store = this.#store;
    const estimate = store.bytes;
    let bytes = 0;
    for await (const value of store.db.values({ gte: keyOf(store.oldest), lte: keyOf(store.head) })) bytes += value.length;
    // What has come meanwhile was counted where it was written.
    store.bytes += bytes - estimate;
    this.#isCounted = true;
  }
}
