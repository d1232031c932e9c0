import type { EventDraft } from '../event/event.ts';
import { type Appended, type Epoch, type EventLog, idOf, type Listener, type LogEntry, type Page, tell } from './event-log.ts';

/** A log of one process that keeps nothing itself: the history ring is all the past there is, and a restart forgets it. */
export class MemoryLog implements EventLog {
  readonly durability = 'memory';
  readonly writable = true;
  readonly epochs: readonly Epoch[];
  #head = 0;
  readonly #epoch: string;
  readonly #now: () => number;
  #listener: Listener = () => 0;

  /** @param epoch random, new at each opening @param now wall clock, ms since 1970 */
  constructor({ epoch, now = Date.now }: { epoch: string; now?: () => number }) {
    this.#epoch = epoch;
    this.#now = now;
    this.epochs = [{ name: epoch, first: 1 }];
  }

  get head(): number {
    return this.#head;
  }

  get oldest(): number {
    return this.#head + 1;
  }

  follow(listener: Listener): void {
    this.#listener = listener;
  }

  /** Keeps no receipts, and knows no own ids: both are the hub's, as the history is. */
  async append(drafts: readonly EventDraft[]): Promise<readonly Appended[]> {
    const time = this.#now();
    const entries = drafts.map((draft): LogEntry => {
      const sequence = ++this.#head;
      return { ...draft, id: idOf(this.#epoch, sequence, draft), sequence, time };
    });
    return tell(entries, this.#listener);
  }

  async read(): Promise<Page> {
    return { entries: [], next: this.#head + 1 };
  }

  async since(): Promise<number> {
    return this.#head + 1;
  }

  async recall(): Promise<void> {}

  /** Keeps nothing that could be redacted. */
  async redact(): Promise<void> {}

  async close(): Promise<void> {}
}
