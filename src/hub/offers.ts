import { Batch, CHUNK } from './batch.ts';
import type { Cursor } from './cursor.ts';
import type { HistoryEntry } from './history.ts';

/** Finds the cursors that an entry is for, in steps. */
export type Selection = Generator<void, ReadonlySet<Cursor>>;

interface Waiting {
  readonly entry: HistoryEntry;
  readonly since: number;
  /** Undefined: all of them, or not known yet. */
  chosen?: ReadonlySet<Cursor>;
  /** While it is not known: goes on looking, and then says so. */
  choose?: { readonly selection: Selection; readonly chosen: (count: number) => void };
}

/** Publishers wait while more bytes than this have not begun their way to the clients. */
const GATE = 4 * 1024 * 1024;

/** Entries that wait for the next pass, and whom they are for. */
export class Offers {
  #waiting: Waiting[] = [];
  #bytes = 0;
  #atGate: (() => void)[] = [];
  readonly #elapsed: () => number;

  /** @param elapsed a clock that only goes forward, in ms */
  constructor(elapsed: () => number) {
    this.#elapsed = elapsed;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Whether publishers have to wait. */
  get full(): boolean {
    return this.#bytes > GATE;
  }

  /** Settles when there may be room again. */
  room(): Promise<void> {
    return new Promise((open) => this.#atGate.push(open));
  }

  /** Takes in an entry that is for everyone. */
  add(entry: HistoryEntry): void {
    this.#push({ entry, since: this.#elapsed() });
  }

  /** Takes in one that is for some. @returns how many they are, at once if one step is enough to find them */
  addFor(entry: HistoryEntry, selection: Selection): number | Promise<number> {
    const since = this.#elapsed();
    const step = selection.next();
    if (step.done) {
      this.#push({ entry, since, chosen: step.value });
      return step.value.size;
    }
    return new Promise((chosen) => this.#push({ entry, since, choose: { selection, chosen } }));
  }

  /** Takes out what goes with the next pass, as much as goes into one write. There must be something. */
  *take(): Generator<void, Batch> {
    let bytes = 0;
    let count = 0;
    // More may come in meanwhile, behind those that are here.
    for (const waiting of this.#waiting) {
      if (count > 0 && bytes + waiting.entry.bytes.length > CHUNK) break;
      yield* choose(waiting);
      bytes += waiting.entry.bytes.length;
      count++;
    }
    const batch = new Batch(this.#waiting.splice(0, count));
    this.#bytes -= bytes;
    for (const open of this.#atGate.splice(0)) open();
    return batch;
  }

  #push(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#bytes += waiting.entry.bytes.length;
  }
}

function* choose(waiting: Waiting): Generator<void, void> {
  if (!waiting.choose) return;
  const { selection, chosen } = waiting.choose;
  waiting.chosen = yield* selection;
  delete waiting.choose;
  chosen(waiting.chosen.size);
}
