import { type Audience, nobody, sizeOf } from '../event/audience.ts';
import { encodeEvent } from '../event/encode.ts';
import type { ReplayRules } from '../event/event.ts';
import type { LogEntry } from './event-log.ts';

/** What is kept of a log entry: its frame, encoded once and shared by every client and every replay, and who may have it. */
export interface HistoryEntry {
  readonly id: string;
  readonly ownId?: string;
  readonly sequence: number;
  /** When it was appended, in ms since 1970. */
  readonly time: number;
  readonly audience: Audience;
  readonly replay?: ReplayRules;
  /** For how many clients it was, once that is known; of an entry of a former process it isn't. */
  matched?: number;
  readonly bytes: Uint8Array;
  /** What it counts for in memory: its frame and its audience, in bytes. */
  readonly weight: number;
}

/** Encodes an entry. */
export function historyEntry({ id, ownId, sequence, time, audience, replay, event }: LogEntry): HistoryEntry {
  const rare = { ...(ownId !== undefined && { ownId }), ...(replay && { replay }) };
  const bytes = encodeEvent(id, event);
  return { id, sequence, time, audience, ...rare, bytes, weight: bytes.length + sizeOf(audience) };
}

/** The first bound that is reached counts; the newest entry always stays. */
export interface HistoryLimits {
  readonly events: number;
  /** In ms. */
  readonly age: number;
  /** Of encoded frames and their audiences. */
  readonly bytes: number;
}

const NOTHING = new Uint8Array(0);

/** The bounded ring of newest entries that every node keeps in memory. Sequences in it are dense. */
export class History {
  #entries: HistoryEntry[] = [];
  /** Entries before this index were evicted; compacted now and then, so that eviction is O(1). */
  #start = 0;
  #bytes = 0;
  readonly #ownIds = new Set<string>();
  #evicted = false;
  readonly #limits: HistoryLimits;
  /** The sequence after the newest, so that an empty history has a place in the log as well. */
  #next: number;

  constructor(limits: HistoryLimits, next = 1) {
    this.#limits = limits;
    this.#next = next;
  }

  get size(): number {
    return this.#entries.length - this.#start;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The sequence of the oldest entry kept; of the next one to come if there is none. */
  get oldest(): number {
    return this.#next - this.size;
  }

  /** The sequence of the newest entry, kept or not; 0 before the first. */
  get newest(): number {
    return this.#next - 1;
  }

  /** The sequence after the newest. */
  get next(): number {
    return this.#next;
  }

  /** Whether any entry has been evicted yet. */
  get evicted(): boolean {
    return this.#evicted;
  }

  /** Forgets all, and goes on with the entry of this sequence. */
  begin(next: number): void {
    this.#entries = [];
    this.#start = 0;
    this.#bytes = 0;
    this.#ownIds.clear();
    this.#next = next;
  }

  append(entry: LogEntry): HistoryEntry {
    const added = historyEntry(entry);
    this.#entries.push(added);
    this.#bytes += added.weight;
    if (added.ownId !== undefined) this.#ownIds.add(added.ownId);
    this.#next = entry.sequence + 1;
    this.trim(entry.time);
    return added;
  }

  /** Whether an entry with this own id is kept. */
  holds(ownId: string): boolean {
    return this.#ownIds.has(ownId);
  }

  at(sequence: number): HistoryEntry | undefined {
    return this.#entries[this.#start + sequence - this.oldest];
  }

  /** Takes out what an entry says. It stays as one that is for nobody, since sequences are dense. */
  redact(sequence: number): void {
    const entry = this.at(sequence);
    if (!entry) return;
    const { id, ownId, time } = entry;
    if (ownId !== undefined) this.#ownIds.delete(ownId);
    this.#entries[this.#start + sequence - this.oldest] = { id, sequence, time, audience: nobody, bytes: NOTHING, weight: 0 };
    this.#bytes -= entry.weight;
  }

  /** The oldest entry not older than a time; the next one to come if there is none. Times never run backwards far enough to matter here. */
  since(time: number): number {
    let low = this.oldest;
    let high = this.#next;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.at(middle)?.time ?? Infinity) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Evicts what is over the limits. @param now ms since 1970 */
  trim(now: number): void {
    const { events, age, bytes } = this.#limits;
    while (this.size > 1) {
      const oldest = this.#entries[this.#start] as HistoryEntry;
      if (this.size <= events && this.#bytes <= bytes && now - oldest.time <= age) break;
      this.#bytes -= oldest.weight;
      if (oldest.ownId !== undefined) this.#ownIds.delete(oldest.ownId);
      this.#evicted = true;
      (this.#entries as unknown[])[this.#start++] = undefined;
    }
    if (this.#start > 64 && this.#start > this.#entries.length / 2) {
      this.#entries = this.#entries.slice(this.#start);
      this.#start = 0;
    }
  }
}
