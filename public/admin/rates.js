/** Rates and percentiles out of counters since the start: two readings make a rate. Pure. */

/**
 * How durations spread: `cumulative` counts those that took at most as long as each of `bounds`, in seconds.
 * @typedef {{ bounds: number[], cumulative: number[], count: number }} Spread
 */

/**
 * A reading of the server's counters. `at` is in ms, of a clock of the server.
 * @typedef {{ at: number, clients: number, slow: number, events: number, deliveries: number, bytes: number, gaps: number,
 *   publishToWrite?: Spread }} Vitals
 */

/**
 * How things stand. Rates are per second, `delay` is in seconds.
 * @typedef {{ clients: number, slow: number, gaps: number, events: number, deliveries: number, bytes: number, delay?: number }} Pace
 */

/** A percentile is of so many readings: of fewer, a single slow event would be it. */
const READINGS = 30;

export class Rates {
  /** The last readings, oldest first. @type {Vitals[]} */
  #readings = [];

  /**
   * Takes in a reading. The first one, and the first of a server that was restarted, has no rate yet.
   * @param {Vitals} vitals
   * @returns {Pace | undefined}
   */
  add(vitals) {
    const before = this.#readings.at(-1);
    if (before && (vitals.at <= before.at || vitals.bytes < before.bytes)) this.#readings = [];
    this.#readings.push(vitals);
    if (this.#readings.length > READINGS) this.#readings.shift();
    if (!before || this.#readings.length === 1) return undefined;
    const seconds = (vitals.at - before.at) / 1_000;
    /** @param {'events' | 'deliveries' | 'bytes'} name */
    const rate = (name) => Math.max(0, vitals[name] - before[name]) / seconds;
    const { clients, slow, gaps, publishToWrite } = vitals;
    return {
      clients,
      slow,
      gaps,
      events: rate('events'),
      deliveries: rate('deliveries'),
      bytes: rate('bytes'),
      delay: publishToWrite && percentile(this.#readings[0]?.publishToWrite, publishToWrite, 0.99),
    };
  }
}

/**
 * The duration that a share of those between two readings did not exceed, in seconds; as exact as the bounds are near to
 * each other. Undefined if there were none; the last bound if it is beyond that.
 * @param {Spread | undefined} from
 * @param {Spread} to
 * @param {number} share Between 0 and 1.
 */
export function percentile(from, to, share) {
  const count = to.count - (from?.count ?? 0);
  if (count <= 0) return undefined;
  const wanted = share * count;
  let below = 0;
  let lower = 0;
  for (const [index, upper] of to.bounds.entries()) {
    const upTo = (to.cumulative[index] ?? 0) - (from?.cumulative[index] ?? 0);
    if (upTo >= wanted) return lower + ((upper - lower) * (wanted - below)) / (upTo - below);
    below = upTo;
    lower = upper;
  }
  return lower;
}
