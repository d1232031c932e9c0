import type { EventDraft } from '../event/event.ts';

/** An event with its place in the log. */
export interface LogEntry extends EventDraft {
  /** `<epoch>-<sequence>`; never changes and is never given twice. */
  readonly id: string;
  /** Dense: 1, 2, 3 … for the life of the log. */
  readonly sequence: number;
  /** When it was appended, in ms since 1970. */
  readonly time: number;
}

/** The sequences that one opening of the log issued. Until the next opening, they have no end. */
export interface Epoch {
  /** Random and short; letters and digits only. */
  readonly name: string;
  /** The first sequence it issues. */
  readonly first: number;
}

/** What became of an append. */
export interface Appended {
  readonly id: string;
  /** What `follow`'s listener answered for it: to how many clients it was offered. */
  readonly matched: number;
}

/**
 * The port to the one ordered log that every event goes through, whatever keeps it.
 *
 * - `append` must assign the next sequence, keep the entry as safely as the log promises, and only then hand it to
 *   the listener. It settles after the listener answered. If it fails, no sequence is used up and nobody was told.
 * - `follow` must be called once, before the first append. The listener gets every entry appended from then on,
 *   by whichever node, once and in order.
 * - `close` must settle when everything accepted is safe. Appending afterwards fails.
 */
export interface EventLog {
  /** Oldest first; the last one is this opening's. Never empty. */
  readonly epochs: readonly Epoch[];
  /** The sequence of the newest entry, 0 before the first. */
  readonly head: number;
  append(draft: EventDraft): Promise<Appended>;
  follow(listener: (entry: LogEntry) => number): void;
  close(): Promise<void>;
}
