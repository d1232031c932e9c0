import { Bucket } from '../hub/bucket.ts';

/** So many who come are remembered; with more, whoever has not come for longest is forgotten. About 3 MB. */
const MOST = 20_000;

/** A rate that holds for each of many by itself, in bounded memory whoever comes. */
export class Rates {
  /** Who has not come for longest is first. */
  readonly #buckets = new Map<string, Bucket>();
  readonly #most: number;

  /** @param most so many are remembered */
  constructor(most: number = MOST) {
    this.#most = most;
  }

  /** How many are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /**
   * Takes an amount for somebody, unless that is too much now: then nothing is taken.
   * @param rate a second; 0 is no limit
   * @param now a clock that only goes forward, in ms
   * @returns 0, or how long until it would not be too much, in ms
   */
  take(who: string, amount: number, rate: number, now: number): number {
    if (rate === 0) return 0;
    const bucket = this.#buckets.get(who) ?? new Bucket(rate, now);
    const wait = bucket.wait(amount, rate, now);
    if (wait === 0) bucket.take(amount);
    this.#buckets.delete(who);
    this.#buckets.set(who, bucket);
    this.#forget(rate, now);
    return wait;
  }

  /** Two for each that comes, so that it shrinks again, and each time costs little. */
  #forget(rate: number, now: number): void {
    let looks = 2;
    for (const [who, bucket] of this.#buckets) {
      if (this.#buckets.size <= this.#most && (looks-- === 0 || !bucket.isFull(rate, now))) return;
      this.#buckets.delete(who);
    }
  }
}
