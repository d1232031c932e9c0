import { SseError } from '../errors.ts';
import type { EventDraft } from '../event/event.ts';
import type { Appended, Epoch, EventLog, LogEntry } from './event-log.ts';

/** A log of one process that keeps nothing itself: the history ring is all the past there is, and a restart forgets it. */
export class MemoryLog implements EventLog {
  readonly epochs: readonly Epoch[];
  #head = 0;
  #closed = false;
  readonly #epoch: string;
  readonly #now: () => number;
  #listener: (entry: LogEntry) => number = () => 0;

  /** @param epoch random, new at each opening @param now wall clock, ms since 1970 */
  constructor({ epoch, now = Date.now }: { epoch: string; now?: () => number }) {
    this.#epoch = epoch;
    this.#now = now;
    this.epochs = [{ name: epoch, first: 1 }];
  }

  get head(): number {
    return this.#head;
  }

  follow(listener: (entry: LogEntry) => number): void {
    this.#listener = listener;
  }

  async append(draft: EventDraft): Promise<Appended> {
    if (this.#closed) throw new SseError('stopping', 'the server is stopping; nothing was published');
    const sequence = this.#head + 1;
    const id = `${this.#epoch}-${sequence}`;
    this.#head = sequence;
    return { id, matched: this.#listener({ ...draft, id, sequence, time: this.#now() }) };
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}
