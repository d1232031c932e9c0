import { admits } from '../event/audience.ts';
import { encodeControl } from '../event/encode.ts';
import type { CloseReason, Observe } from './activity.ts';
import { CHUNK, type Chunk, chunkOf } from './batch.ts';
import type { Cursor } from './cursor.ts';
import type { EventLog } from './event-log.ts';
import type { History, HistoryEntry } from './history.ts';
import type { LastValues } from './last-values.ts';
import type { Meter } from './meter.ts';
import { Past } from './past.ts';
import type { ReplayPace } from './replay-pace.ts';
import { type Gap, positionId } from './resume.ts';
import type { Standing } from './standing.ts';

/** Where entries of the past are read: the history, or a page of the log. */
interface Source {
  /** The sequence after its last entry. */
  readonly next: number;
  at(sequence: number): HistoryEntry | undefined;
}

/** What goes into one write. */
interface Found {
  readonly entries: readonly HistoryEntry[];
  /** Of these, those that are older than the stream. */
  readonly replayed: number;
  /** Where to go on. */
  readonly next: number;
}

export interface CatchUpParts {
  readonly standing: Standing;
  readonly log: EventLog;
  readonly history: History;
  readonly lastValues: LastValues;
  readonly now: () => number;
  readonly observe: Observe;
  readonly meter: Meter;
  readonly pace: ReplayPace;
  /** The oldest entry that can be replayed, from the history or from the log. */
  readonly oldest: () => number;
  readonly end: (cursor: Cursor, reason: CloseReason) => void;
  /** There is something to do. */
  readonly schedule: () => void;
}

/** So many chunks are kept for others who return from about the same place. */
const CHUNKS = 64;

/** Brings clients that are behind to the head, whether they come back or were full: from the history, and before that from the log. */
export class CatchUp {
  readonly #parts: CatchUpParts;
  readonly #past: Past;
  /** What was last put together, by first and next sequence: those that return together share it. */
  readonly #chunks = new Map<string, Chunk>();

  /** Of those that are `reading`: who waits for no page, but for the pace. In turn. */
  readonly #held = new Set<Cursor>();

  /** Changes when what was taken from the past before must not be sent any more. */
  #version = 0;

  constructor(parts: CatchUpParts) {
    this.#parts = parts;
    this.#past = new Past(parts.log, { loaded: () => this.#resume(), failed: (error) => this.#endReading(error) });
  }

  /** How many wait for the pace. */
  get held(): number {
    for (const cursor of this.#held) if (cursor.place !== 'reading') this.#held.delete(cursor);
    return this.#held.size;
  }

  /** One chunk for everyone who is behind and writable now; who drains meanwhile has the next turn, after the next pass. Runs between passes only. */
  *run(): Generator<void, void> {
    for (const cursor of [...this.#parts.standing.ready]) {
      if (cursor.place === 'ready') yield* this.#advance(cursor);
      yield;
    }
  }

  /** What was put together for those who came together is not needed any more. */
  rest(): void {
    this.#chunks.clear();
    const { reading, ready } = this.#parts.standing;
    if (reading.size === 0 && ready.size === 0) this.#past.forget();
  }

  /** Entries were redacted: nothing that was made of them before is sent. */
  renew(): void {
    this.#version++;
    this.#chunks.clear();
    this.#past.renew();
  }

  /** Sends a cursor the next chunk that is for it. */
  *#advance(cursor: Cursor): Generator<void, void> {
    const { standing, history, end, schedule } = this.#parts;
    if (cursor.pastOnly && cursor.next > cursor.attachedAt) return end(cursor, 'complete');
    if (cursor.next > standing.at) return standing.settle(cursor);
    if (cursor.next < this.#parts.oldest()) return end(cursor, 'slow'); // Overtaken: publishing was faster than its reading.
    if (cursor.next <= cursor.attachedAt && !this.#parts.pace.isOpen) return this.#hold(cursor);
    const source = cursor.next < history.oldest ? this.#past.page(cursor.next) : history;
    if (!source) return standing.move(cursor, 'reading');
    const until = cursor.pastOnly ? Math.min(standing.at, cursor.attachedAt) : standing.at;
    const version = this.#version;
    const found = yield* this.#collect(cursor, source, Math.min(until + 1, source.next));
    if (cursor.place !== 'ready') return;
    // Redacted while others had their turn: it is looked at anew.
    if (version !== this.#version) return schedule();
    const first = cursor.next;
    // What is missing is told of on its own, before anything newer.
    if (found.next === first) return this.#skip(cursor, source, Math.min(until + 1, source.next));
    cursor.next = found.next;
    if (found.replayed > 0) this.#parts.meter.replayed(found.replayed);
    const chunk = this.#chunkOf(found.entries, first, found.next);
    if (chunk && first <= cursor.attachedAt) this.#parts.pace.spend(chunk.bytes.length);
    if (!chunk || standing.writeChunk(cursor, chunk)) standing.settle(cursor);
    else standing.blockBehind(cursor, first - 1);
  }

  /** What is for a cursor from where it stands, as much as goes into one write; up to the first entry that is missing. */
  *#collect(cursor: Cursor, source: Source, end: number): Generator<void, Found> {
    const { lastValues, now } = this.#parts;
    const first = cursor.next;
    const entries: HistoryEntry[] = [];
    let bytes = 0;
    let replayed = 0;
    let next = first;
    for (; next < end; next++) {
      const entry = source.at(next);
      if (!entry) break;
      const isLive = next > cursor.attachedAt;
      let isFor = admits(entry.audience, cursor.client, isLive);
      if (isFor && !isLive && entry.replay) isFor = !(yield* lastValues.withholds(entry, cursor, now()));
      if (isFor) {
        // Stops at the first entry that is for it and doesn't fit: that is exactly its next one.
        if (bytes > 0 && bytes + entry.bytes.length > CHUNK) break;
        entries.push(entry);
        bytes += entry.bytes.length;
        if (!isLive) replayed++;
      }
      if ((next - first) % 16 === 15) yield;
    }
    return { entries, next, replayed };
  }

  /** Tells a client of entries that are damaged, and goes on behind them. */
  #skip(cursor: Cursor, source: Source, end: number): void {
    const { standing, history, log, observe } = this.#parts;
    // Not damaged, but evicted since it was chosen as the place to read: the next turn looks elsewhere.
    if (source === history && cursor.next < history.oldest) return;
    const first = cursor.next;
    let next = first + 1;
    while (next < end && !source.at(next)) next++;
    const [requested, from] = [positionId(first - 1, log.epochs), positionId(next - 1, log.epochs)];
    const gap: Gap = { requested, from, missed: next - first, reason: 'corrupt' };
    observe({ kind: 'gap', client: cursor.client, requested, reason: gap.reason, missed: gap.missed });
    cursor.next = next;
    cursor.sent = next - 1;
    if (standing.write(cursor, encodeControl(from, 'sse.gap', gap))) standing.settle(cursor);
    else standing.blockBehind(cursor, first - 1);
  }

  /** The past goes no faster than it may: whoever is not at the head yet waits, each for as long as the others. */
  #hold(cursor: Cursor): void {
    const { standing, meter, pace, schedule } = this.#parts;
    standing.move(cursor, 'reading');
    this.#held.add(cursor);
    meter.held();
    pace.whenOpen(() => {
      const held = [...this.#held];
      this.#held.clear();
      for (const each of held) if (each.place === 'reading') standing.move(each, 'ready');
      schedule();
    });
  }

  #resume(): void {
    const { standing, schedule } = this.#parts;
    for (const cursor of [...standing.reading]) if (!this.#held.has(cursor)) standing.move(cursor, 'ready');
    schedule();
  }

  #endReading(error: unknown): void {
    const { standing, observe, end } = this.#parts;
    observe({ kind: 'failed', what: 'reading the past from the store', error });
    for (const cursor of [...standing.reading]) if (!this.#held.has(cursor)) end(cursor, 'error');
  }

  #chunkOf(entries: readonly HistoryEntry[], first: number, next: number): Chunk | undefined {
    if (entries.length < next - first) return chunkOf(entries);
    const key = `${first}-${next}`;
    const known = this.#chunks.get(key);
    if (known) return known;
    const chunk = chunkOf(entries);
    const [eldest] = this.#chunks.size < CHUNKS ? [] : this.#chunks.keys();
    if (eldest !== undefined) this.#chunks.delete(eldest);
    if (chunk) this.#chunks.set(key, chunk);
    return chunk;
  }
}
