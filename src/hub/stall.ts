/**
 * The least that a full client must take on average, in bytes a second. Less is no reading but holding on: whoever takes
 * a byte now and then would keep its place for ever, without ever getting to the head. Kestrel asks for as much of its clients.
 */
const LEAST_RATE = 240;
/** The average is looked at after so many stall times: what comes in fits and starts gets its time. */
const GRACE = 4;

/** A client that is full: whether its peer still takes something. It is measured by what the peer took, never by what was written. */
export class Stall {
  /** Since when it is full. */
  readonly since: number;
  readonly #first: number;
  #last: number;
  /** Since when nothing was taken, as far as was looked. */
  #still: number;
  #looked: number;
  /** For how long nobody looked. */
  #slept = 0;

  /** @param taken bytes that its peer has taken, counted from anywhere */
  constructor(time: number, taken: number) {
    this.since = time;
    this.#still = time;
    this.#looked = time;
    this.#first = taken;
    this.#last = taken;
  }

  /**
   * Looks at what was taken since the last look; whatever it is, the stall time begins anew.
   * @param stallTime how long nothing may be taken, in ms
   * @returns whether that lasted too long, or too little came all the time
   */
  isOver(time: number, taken: number, stallTime: number): boolean {
    const passed = time - this.#looked;
    this.#looked = time;
    // It is looked at more often than that: this process was stopped, or too busy to write, and nobody could take anything.
    const slept = passed > stallTime / 2;
    if (slept) this.#slept += passed;
    if (slept || taken !== this.#last) {
      this.#last = taken;
      this.#still = time;
    }
    if (time - this.#still >= stallTime) return true;
    const full = time - this.since - this.#slept;
    return full >= GRACE * stallTime && taken - this.#first < (LEAST_RATE * full) / 1000;
  }
}
