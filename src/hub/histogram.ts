/** How durations spread, since the start. */
export interface Distribution {
  /** Upper bounds of the buckets, in seconds, ascending; what is longer is only in `count`. */
  readonly bounds: readonly number[];
  /** How many were not longer than each bound. */
  readonly cumulative: readonly number[];
  readonly count: number;
  /** In seconds. */
  readonly sum: number;
}

/** From what an idle server needs to what nobody would wait for, about 2.5 × each, in seconds. The same for all, so that they compare. */
const BOUNDS: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

/** Counts durations in fixed buckets: an observation is a short walk and three additions, and makes nothing. */
export class Histogram {
  readonly #counts = new Float64Array(BOUNDS.length + 1);
  #sum = 0;

  /** @param ms how long it took @param times how often */
  observe(ms: number, times = 1): void {
    const seconds = ms / 1000;
    let bucket = 0;
    while (bucket < BOUNDS.length && seconds > (BOUNDS[bucket] as number)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] as number) + times;
    this.#sum += seconds * times;
  }

  /** @param instantly so many more that took no time to speak of, which somebody else counts */
  distribution(instantly = 0): Distribution {
    let count = instantly;
    const cumulative = Array.from(this.#counts, (each) => {
      count += each;
      return count;
    });
    return { bounds: BOUNDS, cumulative: cumulative.slice(0, BOUNDS.length), count, sum: this.#sum };
  }
}
