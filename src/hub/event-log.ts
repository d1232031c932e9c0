import type { EventDraft } from '../event/event.ts';

/** An event with its place in the log. */
export interface LogEntry extends EventDraft {
  /** `<epoch>-<sequence>`, and `.` and the publisher's own id if there is one; never changes and is never given twice. */
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
  /** What `follow`'s listener answered for it: for how many of the clients attached at that instant it is. */
  readonly matched: number;
}

/** Hears of an entry, and answers for how many clients it is. */
export type Listener = (entry: LogEntry) => number | Promise<number>;

/** Hands entries to a listener, in order and without a pause; settles with what became of them. */
export function tell(entries: readonly LogEntry[], listener: Listener): Promise<readonly Appended[]> {
  const heard = entries.map((entry) => [entry.id, listener(entry)] as const);
  return Promise.all(heard.map(async ([id, matched]) => ({ id, matched: await matched })));
}

/** The id of an entry. */
export function idOf(epoch: string, sequence: number, { ownId }: EventDraft): string {
  return ownId === undefined ? `${epoch}-${sequence}` : `${epoch}-${sequence}.${ownId}`;
}

/** The key that a publisher gave a request, to be kept with what it appends. */
export interface Keyed {
  readonly key: string;
  /** Of the request. */
  readonly digest: string;
  /** Keys whose receipts are not needed any more. */
  readonly forgotten: readonly string[];
}

/** What was answered to a request with a key. */
export interface Receipt {
  readonly key: string;
  readonly digest: string;
  /** When it was appended, in ms since 1970. */
  readonly time: number;
  /** In the order of the request. */
  readonly answers: readonly Appended[];
}

/** What a hub asks back of a log. */
export interface Recall {
  /** Every receipt that is kept, oldest first. Left out, they are not looked for. */
  receipt?(receipt: Receipt): void;
  /** The newest entry of each `supersedes` key and audience, in order; of very many the newest ones. */
  latest(entry: LogEntry): void;
}

/** A run of entries as they were appended. */
export interface Page {
  /** In order. Missing are those that are damaged. */
  readonly entries: readonly LogEntry[];
  /** The sequence at which the next page begins. */
  readonly next: number;
}

/**
 * The port to the one ordered log that every event goes through, whatever keeps it.
 *
 * - `append` must give its drafts the next sequences, keep all of them or none as safely as the log promises, and only
 *   then hand them to the listener. It settles after the listener answered, which may take it a while; the next entries
 *   must not wait for that. If it fails, no sequence is used up and
 *   nobody was told. With a key, the receipt must be kept in the same step as the entries, and for as long as nobody
 *   says that it is forgotten. It fails with `conflict` for an own id that the log still has.
 * - `follow` must be called once, before the first append. The listener gets every entry appended from then on,
 *   by whichever node, once and in order.
 * - `read` must give entries from a sequence on in bounded pages, and may leave out what is damaged, which it reports.
 * - `recall` must give what is kept: before the first append all of it, and newest values again after a redaction.
 * - `redact` must put an entry that says nothing and is for nobody in the place of each that is named and kept, as safely
 *   as `append` keeps one, and never give the former again, nor recall it. Their sequences stay taken, their own ids don't;
 *   what it doesn't keep it must pass over.
 * - `close` must settle when everything accepted is safe. Appending afterwards fails.
 */
export interface EventLog {
  /** What an append survives: this process, or also its end. */
  readonly durability: 'memory' | 'disk';
  /** Whether appends can succeed: a log whose disk failed takes none until the disk is well. */
  readonly writable: boolean;
  /** Oldest first; the last one is this opening's. Never empty. */
  readonly epochs: readonly Epoch[];
  /** The sequence of the newest entry, 0 before the first. */
  readonly head: number;
  /** The oldest sequence that `read` can give; `head + 1` if there is none. */
  readonly oldest: number;
  append(drafts: readonly EventDraft[], keyed?: Keyed): Promise<readonly Appended[]>;
  follow(listener: Listener): void;
  read(from: number): Promise<Page>;
  /** The first sequence whose entry is not older than a time in ms since 1970; `head + 1` if there is none. */
  since(time: number): Promise<number>;
  recall(to: Recall): Promise<void>;
  /** @param sequences in order */
  redact(sequences: readonly number[]): Promise<void>;
  close(): Promise<void>;
}
