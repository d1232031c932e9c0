/** Lines that a person can still follow, per second. */
const LINES = 100;

/** Bounds how many lines a second are written for a person: ten thousand clients that come back at once are one line more. */
export class LineBudget {
  readonly #now: () => number;
  #since = Number.NEGATIVE_INFINITY;
  #taken = 0;
  #skipped = 0;

  /** @param now any clock, in ms */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether one more line may be written now; if not, it is counted. */
  take(): boolean {
    const time = this.#now();
    if (Math.abs(time - this.#since) >= 1000) {
      this.#since = time;
      this.#taken = 0;
    }
    if (this.#taken++ < LINES) return true;
    this.#skipped++;
    return false;
  }

  /** How many were not written since this was last asked. */
  skipped(): number {
    const skipped = this.#skipped;
    this.#skipped = 0;
    return skipped;
  }
}
