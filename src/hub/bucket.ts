/**
 * A token bucket: so much a second, and a second's worth at once. Who comes while there is anything left may take more than
 * there is; the others wait until that is paid back. So the rate holds on average, whatever size things have.
 */
export class Bucket {
  #left: number;
  #at: number;

  /** @param rate a second @param now a clock that only goes forward, in ms */
  constructor(rate: number, now: number) {
    this.#left = rate;
    this.#at = now;
  }

  /** How long until so much may be taken, in ms; 0 is now. More than a second's worth may be taken when all of that is there. */
  wait(amount: number, rate: number, now: number): number {
    this.#refill(rate, now);
    const missing = Math.min(amount, rate) - this.#left;
    // Sums of fractions are never exact.
    return missing <= 1e-6 ? 0 : Math.ceil((missing / rate) * 1000);
  }

  take(amount: number): void {
    this.#left -= amount;
  }

  /** Whether it is as a new one would be. */
  isFull(rate: number, now: number): boolean {
    this.#refill(rate, now);
    return this.#left >= rate;
  }

  /** The rate may be another one than before. */
  #refill(rate: number, now: number): void {
    this.#left = Math.min(rate, this.#left + ((now - this.#at) / 1000) * rate);
    this.#at = now;
  }
}
