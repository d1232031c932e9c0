import { type Distribution, Histogram } from './histogram.ts';
import type { Meter, Sign } from './meter.ts';

/** What became of a client that asked for a stream and got none: `put-off` was told to come back, `refused` is not to come like that again. */
export type TurnedAway = 'put-off' | 'refused';

/** Numbers since the start that are no activities: how much was written, and how long it took. Kept from the beginning, asked or not. */
export class Measures implements Meter {
  /** Of event stream, in bytes. */
  bytes = 0;
  /** Broadcast events, once for each client that was sent one. */
  deliveries = 0;
  /** Of the deliveries, those of events that are older than the stream. */
  replays = 0;
  /** Times that a client had to wait for the replay rate. */
  holds = 0;
  readonly signs: Record<Sign, number> = { heartbeat: 0, cursor: 0 };
  readonly turnedAway: Record<TurnedAway, number> = { 'put-off': 0, refused: 0 };
  #writes = 0;
  #stalls = 0;
  readonly #drains = new Histogram();
  readonly #spread = new Histogram();
  readonly #appends = new Histogram();

  wrote(bytes: number, events: number): void {
    this.#writes++;
    this.bytes += bytes;
    this.deliveries += events;
  }

  stalled(): void {
    this.#stalls++;
  }

  drained(after: number): void {
    this.#drains.observe(after);
  }

  spread(after: number): void {
    this.#spread.observe(after);
  }

  replayed(events: number): void {
    this.replays += events;
  }

  held(): void {
    this.holds++;
  }

  gaveSign(kind: Sign): void {
    this.signs[kind]++;
  }

  /** A store has synced what it was given so long before. */
  appended(after: number): void {
    this.#appends.observe(after);
  }

  /**
   * From the moment that the log handed an event over — appended, and synced if it is durable — to the end of the pass
   * that wrote it to the last live client it is for. One for each event that reached a live client, not for each client.
   */
  get publishToWrite(): Distribution {
    return this.#spread.distribution();
  }

  /**
   * From each write on a stream to the moment that the kernel had all of it. Nearly every write is taken at once, within
   * the call: those are counted without being timed. Missing are writes of clients that never took them.
   */
  get flush(): Distribution {
    return this.#drains.distribution(this.#writes - this.#stalls);
  }

  /** From an append's beginning to its end on disk, waiting for its group's turn included. Empty without a durable store. */
  get append(): Distribution {
    return this.#appends.distribution();
  }
}
