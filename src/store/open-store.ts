import type { ClassicLevel } from 'classic-level';
import { SseError } from '../errors.ts';
import type { Epoch } from '../hub/event-log.ts';

export type Database = ClassicLevel<Buffer, Buffer>;

/** How LevelDB is opened. Without compression, tables can be checked before they are opened (`tables.ts`). */
export const LEVEL_OPTIONS = { keyEncoding: 'buffer', valueEncoding: 'buffer', compression: false } as const;

/** Hears of damage and failures, once each: sentences for the operator. */
export type Warn = (message: string, error?: unknown) => void;

/** Hears that all is well again: a sentence for the operator. */
export type Recovered = (message: string) => void;

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
  /** Another one after it was opened anew. Closed while that fails. */
  db: Database;
  readonly epochs: readonly Epoch[];
  readonly warn: Warn;
  /** The oldest entry that is kept. It moves before anything is dropped: nobody begins to read what is about to go. */
  oldest: number;
  head: number;
  /** Of records that are kept, about. */
  bytes: number;
  closed = false;
  /** Hears that it has failed. */
  failed: () => void = () => {};
  /** What the last try to open it anew said. */
  reason = '';
  /** Keys of the write that failed: nobody knows whether they are there, and they must not. */
  unsure: readonly Buffer[] = [];
  readonly #recovered: Recovered;
  #failure: SseError | undefined;
  #reading = 0;
  #atRest: (() => void) | undefined;
  #replacing: Promise<unknown> | undefined;

  constructor(db: Database, { epochs, oldest, head, bytes }: Stock, warn: Warn, recovered: Recovered) {
    this.db = db;
    this.epochs = epochs;
    this.oldest = oldest;
    this.head = head;
    this.bytes = bytes;
    this.warn = warn;
    this.#recovered = recovered;
  }

  /** Why nothing is written. */
  get failure(): SseError | undefined {
    return this.#failure;
  }

  /**
   * After a write or a sync failed, nobody knows what the disk holds; nothing is acknowledged until a new opening has looked.
   * @param unsure the keys of that write
   */
  fail(error: unknown, unsure: readonly Buffer[] = []): SseError {
    if (this.#failure) return this.#failure;
    this.#failure = new SseError(
      'store-failed',
      `the store cannot be written (${reasonOf(error)}); events are refused until it can be, which is tried again and again`,
    );
    this.unsure = unsure;
    this.warn(this.#failure.message, error);
    this.failed();
    return this.#failure;
  }

  /** It was opened anew, and can be written. */
  recover(): void {
    this.#failure = undefined;
    this.unsure = [];
    this.reason = '';
    this.#recovered('the store can be written again');
  }

  /** Reads with a database that stays open meanwhile. @throws SseError `store-failed` while there is none */
  async read<T>(work: () => Promise<T>): Promise<T> {
    while (this.#replacing) await this.#replacing.catch(() => {});
    if (this.db.status !== 'open') throw new SseError('store-failed', `the store cannot be read (${this.reason})`);
    this.#reading++;
    try {
      return await work();
    } finally {
      if (--this.#reading === 0) this.#atRest?.();
    }
  }

  /** Puts another database in the place of this one, while nobody reads. */
  async replace(open: () => Promise<Database>): Promise<void> {
    const replace = async () => {
      if (this.#reading > 0)
        await new Promise<void>((resolve) => {
          this.#atRest = resolve;
        });
      this.#atRest = undefined;
      await this.db.close();
      this.db = await open();
    };
    this.#replacing = replace().finally(() => {
      this.#replacing = undefined;
    });
    await this.#replacing;
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
