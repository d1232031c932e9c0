import type { ClassicLevel } from 'classic-level';
import { SseError } from '../errors.ts';
import type { Epoch } from '../hub/event-log.ts';

export type Database = ClassicLevel<Buffer, Buffer>;

/** Hears of damage and failures, once each: sentences for the operator. */
export type Warn = (message: string, error?: unknown) => void;

/** What an opening finds. */
export interface Stock {
  /** The last one is this opening's. */
  readonly epochs: readonly Epoch[];
  readonly oldest: number;
  readonly head: number;
  /** The newest entry that is there; before `head` if the tail of the log is gone. */
  readonly last: number;
  /** Of records. */
  readonly bytes: number;
}

/** An open store as the parts that write, read and drop share it: where the log begins and ends, and whether it can still be trusted. */
export class OpenStore {
  readonly db: Database;
  readonly epochs: readonly Epoch[];
  readonly warn: Warn;
  /** The oldest entry that is kept. It moves before anything is dropped: nobody begins to read what is about to go. */
  oldest: number;
  head: number;
  /** Of records that are kept, about. */
  bytes: number;
  closed = false;
  #failure: SseError | undefined;

  constructor(db: Database, { epochs, oldest, head, bytes }: Stock, warn: Warn) {
    this.db = db;
    this.epochs = epochs;
    this.oldest = oldest;
    this.head = head;
    this.bytes = bytes;
    this.warn = warn;
  }

  /** Why nothing is written any more. */
  get failure(): SseError | undefined {
    return this.#failure;
  }

  /** After a write or a sync failed, nobody knows what the disk holds; nothing is acknowledged until a new opening has looked. */
  fail(error: unknown): SseError {
    if (this.#failure) return this.#failure;
    this.#failure = new SseError(
      'store-failed',
      `the store cannot be written (${reasonOf(error)}); nothing is published until the server is restarted`,
    );
    this.warn(this.#failure.message, error);
    return this.#failure;
  }

  /** Takes away the bytes of what was dropped. */
  free(bytes: number): void {
    // They were estimated at the opening.
    this.bytes = Math.max(0, this.bytes - bytes);
  }
}

/** What LevelDB said is the cause of what the library says. */
export function reasonOf(error: unknown): string {
  return (error as { cause?: Error }).cause?.message ?? (error as Error).message;
}
