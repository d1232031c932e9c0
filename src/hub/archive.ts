import { decodeEvent } from '../event/encode.ts';
import type { EventFilter } from '../event/event-filter.ts';
import type { EventLog, LogEntry, Page } from './event-log.ts';
import type { History } from './history.ts';
import { CURSOR, positionId } from './resume.ts';

/** Which events of the past are meant: all that is given must hold. Times are in ms since 1970. */
export interface Selection {
  /** Not older than this. Default: the oldest there is. */
  readonly since?: number;
  /** Older than this. Default: up to the newest at the moment of asking. */
  readonly until?: number;
  readonly filter?: EventFilter;
}

interface ArchiveParts {
  readonly log: EventLog;
  readonly ring: History;
  /** Entries were redacted: what was made of them before must not be sent any more. */
  readonly redacted: (sequences: readonly number[]) => void | Promise<void>;
}

/** A page from the ring ends with the entry that reaches one of these; bytes are those of its frames. */
const PAGE = { events: 256, bytes: 512 * 1024 };
/** So many entries are redacted in one go: their sequences are held in memory meanwhile. */
const BATCH = 10_000;

/**
 * The past for those who look at it or take something out of it: what the log can give, else what the ring holds. Never
 * more of it than a page in memory. Not part of it, as of no replay: what was redacted, and events whose audience is a
 * function, since nobody can be told any more whom they were for.
 */
export class Archive {
  readonly #log: EventLog;
  readonly #ring: History;
  readonly #redacted: ArchiveParts['redacted'];

  constructor({ log, ring, redacted }: ArchiveParts) {
    this.#log = log;
    this.#ring = ring;
    this.#redacted = redacted;
  }

  /** Selected entries, in order, from a sequence on. What comes in meanwhile is not among them. */
  async *select({ since, until, filter }: Selection, from = 1): AsyncGenerator<LogEntry, void> {
    const { head } = this.#log;
    const end = Math.min(head + 1, until === undefined ? Infinity : await this.#since(until));
    let next = Math.max(from, since === undefined ? 0 : await this.#since(since));
    while (next < end) {
      const page = await this.#read(Math.max(next, this.#oldest));
      for (const entry of page.entries) {
        if (entry.sequence >= end) return;
        if (!entry.audience.match && (!filter || filter.matches(variablesOf(entry)))) yield entry;
      }
      next = page.next;
    }
  }

  /** Takes out what a selection has: it is not replayed any more, and skipping it is no gap. Answers how many they were. */
  async redact(selection: Selection): Promise<number> {
    let count = 0;
    let batch: number[] = [];
    for await (const { sequence } of this.select(selection)) {
      batch.push(sequence);
      if (batch.length < BATCH) continue;
      await this.#redact(batch);
      count += batch.length;
      batch = [];
    }
    if (batch.length > 0) await this.#redact(batch);
    return count + batch.length;
  }

  /** The sequence of an id; undefined if this log never gave it. */
  sequenceOf(id: string): number | undefined {
    const [position = '', , digits] = CURSOR.exec(id) ?? [];
    const sequence = Number(digits);
    const given = sequence <= this.#log.head && position.replace('.', '') === positionId(sequence, this.#log.epochs);
    return given ? sequence : undefined;
  }

  /** The entry of a sequence, if it is part of the past. */
  async at(sequence: number): Promise<LogEntry | undefined> {
    for await (const entry of this.select({}, sequence)) return entry.sequence === sequence ? entry : undefined;
    return undefined;
  }

  /** The sequence from which on there are at most so many entries. */
  fromEnd(count: number): number {
    return Math.max(1, this.#log.head - count + 1);
  }

  async #redact(sequences: readonly number[]): Promise<void> {
    await this.#log.redact(sequences);
    for (const sequence of sequences) this.#ring.redact(sequence);
    await this.#redacted(sequences);
  }

  get #oldest(): number {
    return Math.min(this.#log.oldest, this.#ring.oldest);
  }

  async #read(from: number): Promise<Page> {
    if (from >= this.#log.oldest) return this.#log.read(from);
    // Nothing here waits for a disk: without a pause, a large ring would hold up the event loop.
    await new Promise<void>((resolve) => setImmediate(resolve));
    const ring = this.#ring;
    const end = Math.min(this.#log.oldest, ring.next, from + PAGE.events);
    const entries: LogEntry[] = [];
    let next = from;
    for (let bytes = 0; next < end && bytes < PAGE.bytes; next++) {
      const kept = ring.at(next);
      if (!kept) continue;
      entries.push({ ...kept, event: decodeEvent(kept.bytes) });
      bytes += kept.bytes.length;
    }
    return { entries, next };
  }

  /** The first entry that is not older than a time, in the ring or before it. */
  async #since(time: number): Promise<number> {
    const ring = this.#ring;
    const isAllThereIs = this.#log.oldest >= ring.oldest;
    if (isAllThereIs || (ring.at(ring.oldest)?.time ?? Infinity) < time) return ring.since(time);
    return this.#log.since(time);
  }
}

function variablesOf({ id, event, audience, time }: LogEntry): Parameters<EventFilter['matches']>[0] {
  return { id, event: event.type, data: event.data, topics: audience.topics ?? [], time: new Date(time) };
}
