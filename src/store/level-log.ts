import type { EventDraft } from '../event/event.ts';
import type { Appended, Epoch, EventLog, Keyed, Listener, Page, Recall } from '../hub/event-log.ts';
import type { RevocationKeeper } from '../identity/revocations.ts';
import { Commits } from './commits.ts';
import { recall } from './marks.ts';
import type { OpenStore } from './open-store.ts';
import { openStore, type Place } from './opening.ts';
import { Pages } from './pages.ts';
import { Recovery } from './recovery.ts';
import { redact } from './redaction.ts';
import { Dropping, type Retention } from './retention.ts';
import { revocationKeeper } from './revocations.ts';
import { writeWitness } from './witness.ts';

export interface LevelLogOptions extends Place {
  readonly retention: Retention;
  /** A clock that only goes forward, in ms. */
  readonly elapsed?: () => number;
  /** Hears that an append is on disk, so many ms after it was asked for. Default: nobody. */
  readonly synced?: (after: number) => void;
}

/**
 * A log on disk (LevelDB). An append settles after the data is synced, and nobody is told of an event before that.
 * Entries are written in groups (`commits.ts`), read in pages (`pages.ts`), and leave by retention or redaction, of which
 * one is at work at a time.
 */
export class LevelLog implements EventLog {
  readonly durability = 'disk';
  readonly epochs: readonly Epoch[];
  /** Keeps what was revoked. */
  readonly revocations: RevocationKeeper;
  readonly #store: OpenStore;
  readonly #directory: string;
  readonly #commits: Commits;
  readonly #pages: Pages;
  readonly #dropping: Dropping;
  readonly #recovery: Recovery;
  /** Retention or redaction, while one of them is at work. */
  #trimming: Promise<void> | undefined;

  private constructor(store: OpenStore, options: LevelLogOptions) {
    const { directory, now = Date.now, elapsed = () => performance.now(), synced = () => {}, retention } = options;
    this.#store = store;
    this.#directory = directory;
    this.epochs = store.epochs;
    this.revocations = revocationKeeper(store);
    this.#commits = new Commits(store, { now, elapsed, grown: () => this.trim(), synced });
    this.#pages = new Pages(store);
    this.#dropping = new Dropping(store, retention, now);
    this.#recovery = new Recovery(store, directory, async () => {
      await this.#commits.settled();
      while (this.#trimming) await this.#trimming;
    });
  }

  /**
   * Opens the store, or begins a new one; see `openStore`.
   * @throws SseError `store-in-use` if another process has it, `start-failed` if the directory can't be used
   */
  static async open(options: LevelLogOptions): Promise<LevelLog> {
    return new LevelLog(await openStore(options), options);
  }

  get writable(): boolean {
    return this.#store.failure === undefined && !this.#store.closed;
  }

  get head(): number {
    return this.#store.head;
  }

  get oldest(): number {
    return this.#store.oldest;
  }

  /** What is kept: entries, and the bytes of their records, about. */
  get size(): { readonly events: number; readonly bytes: number } {
    const { head, oldest, bytes } = this.#store;
    return { events: head - oldest + 1, bytes };
  }

  follow(listener: Listener): void {
    this.#commits.listener = listener;
  }

  append(drafts: readonly EventDraft[], keyed?: Keyed): Promise<readonly Appended[]> {
    return this.#commits.append(drafts, keyed);
  }

  read(from: number): Promise<Page> {
    return this.#pages.read(from);
  }

  since(time: number): Promise<number> {
    return this.#pages.since(time);
  }

  async recall(to: Recall): Promise<void> {
    try {
      await this.#store.read(() => recall(this.#store.db, to));
    } catch (error) {
      // What is lost leads to one event too many, where the store was damaged; it is no reason not to start.
      this.#store.warn('keys of requests and of newest values could not all be read from the store', error);
    }
  }

  async redact(sequences: readonly number[]): Promise<void> {
    // One of both at a time: retention must not drop a key that is just being written anew, for then it would stay.
    while (this.#trimming) await this.#trimming;
    const redacting = redact(this.#store, sequences).finally(() => {
      this.#trimming = undefined;
      this.trim();
    });
    // Its failure is the caller's to hear; whoever waits only wants the end.
    this.#trimming = redacting.catch(() => {});
    await redacting;
  }

  /** Drops what is over the bounds, beside publishing. */
  trim(): void {
    if (!this.#dropping.due) return;
    this.#trimming ??= this.#dropping
      .run()
      .catch((error: unknown) => this.#store.warn('old events could not be dropped from the store', error))
      .finally(() => {
        this.#trimming = undefined;
      });
  }

  /** Settles when nothing is over the bounds any more. */
  async trimmed(): Promise<void> {
    await this.#trimming;
  }

  async close(): Promise<void> {
    if (this.#store.closed) return;
    this.#store.closed = true;
    await this.#recovery.stop();
    await this.#commits.settled();
    await this.#trimming;
    try {
      writeWitness(this.#directory, this.#store.head);
    } catch (error) {
      // The one that was written at the opening still holds.
      this.#store.warn('how far the log has got could not be noted beside the store', error);
    }
    await this.#store.db.close();
  }
}
