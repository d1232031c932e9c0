import type { CloseReason } from './activity.ts';

/**
 * How long a stream may last. Counted on a clock that only goes forward: what the wall clock does meanwhile neither
 * extends a stream nor cuts it. Times are ms of that clock, Infinity is never.
 */
export class Term {
  readonly #agesOut: number;
  #expires: number;
  #noticed = false;

  /** @param agesOut when it has lived long enough @param expires when its credential ends */
  constructor(agesOut: number, expires: number) {
    this.#agesOut = agesOut;
    this.#expires = expires;
  }

  /** Why it is over; undefined while it isn't. */
  overAt(time: number): CloseReason | undefined {
    if (time >= this.#expires) return 'expired';
    return time >= this.#agesOut ? 'max-age' : undefined;
  }

  /** When it is to be looked at next: at its notice, `notice` ms before the end, unless that was given, or at its end. */
  nextAt(notice: number): number {
    return Math.min(this.#agesOut, this.#noticed ? this.#expires : this.#expires - notice);
  }

  /** How long its credential still lasts, in ms, when that is to be told: once, no more than `notice` ms before the end. */
  noticeAt(time: number, notice: number): number | undefined {
    if (this.#noticed || time < this.#expires - notice) return undefined;
    this.#noticed = true;
    return this.#expires - time;
  }

  /** It has a new credential. One that ends no later than the former is no news: told again, its client would ask for ever. */
  extend(expires: number): void {
    if (expires > this.#expires) this.#noticed = false;
    this.#expires = expires;
  }
}
