import type { EventLog } from './event-log.ts';
import { type HistoryEntry, historyEntry } from './history.ts';

/** A page of the log, its frames encoded once for all who read it. */
export interface PastPage {
  readonly first: number;
  readonly next: number;
  /** Of its frames. */
  readonly bytes: number;
  /** Undefined for what is damaged. */
  at(sequence: number): HistoryEntry | undefined;
}

/** Pages that are kept for others who return from about the same place, and the bytes of their frames: the first bound counts. */
const KEPT = { pages: 64, bytes: 8 * 1024 * 1024 };
/** Pages that are read at the same time. */
const READERS = 4;

/** What a log can give from before the history: pages, read once for many clients, in bounded memory. */
export class Past {
  readonly #log: EventLog;
  readonly #loaded: () => void;
  readonly #failed: (error: unknown) => void;
  /** Newest last. */
  #pages: PastPage[] = [];
  readonly #reading = new Set<number>();
  /** Changes when what was read before must not be given any more. */
  #version = 0;

  /** @param loaded a page that was missing is there now @param failed it cannot be read */
  constructor(log: EventLog, { loaded, failed }: { loaded: () => void; failed: (error: unknown) => void }) {
    this.#log = log;
    this.#loaded = loaded;
    this.#failed = failed;
  }

  /** The page that holds a sequence; undefined while it is being read, or waits to be: ask again when told. */
  page(sequence: number): PastPage | undefined {
    const found = this.#pages.find(({ first, next }) => first <= sequence && sequence < next);
    if (!found && !this.#reading.has(sequence) && this.#reading.size < READERS) void this.#read(sequence);
    return found;
  }

  /** Nobody has asked for a while. */
  forget(): void {
    if (this.#reading.size === 0) this.#pages = [];
  }

  #keep(page: PastPage): void {
    this.#pages.push(page);
    let bytes = this.#pages.reduce((sum, kept) => sum + kept.bytes, 0);
    while (this.#pages.length > KEPT.pages || (bytes > KEPT.bytes && this.#pages.length > 1))
      bytes -= this.#pages.shift()?.bytes ?? 0;
  }

  /** The log has changed: neither the pages that are here nor those being read are good any more. */
  renew(): void {
    this.#pages = [];
    this.#version++;
  }

  async #read(first: number): Promise<void> {
    this.#reading.add(first);
    const version = this.#version;
    try {
      const { entries, next } = await this.#log.read(first);
      if (version !== this.#version) return await this.#read(first);
      // What retention has dropped meanwhile is missing like what is damaged.
      const frames = new Map(entries.map((entry) => [entry.sequence, historyEntry(entry)]));
      let bytes = 0;
      for (const frame of frames.values()) bytes += frame.bytes.length;
      this.#keep({ first, next: Math.max(next, first + 1), bytes, at: (sequence) => frames.get(sequence) });
      this.#reading.delete(first);
      this.#loaded();
    } catch (error) {
      this.#reading.delete(first);
      this.#failed(error);
    }
  }
}
