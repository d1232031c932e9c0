import { Bucket } from './bucket.ts';

/** Where a clock or a timer is set back and forth, a client must not wait for ever, in ms. */
const LONGEST_WAIT = 1000;

interface PaceParts {
  /** Bytes a second; 0 is no limit. */
  readonly rate: () => number;
  /** A clock that only goes forward, in ms. */
  readonly elapsed: () => number;
}

/**
 * How fast the past is sent, to all clients together: after an outage thousands come back at once, and what they missed must
 * not take the whole line and the whole disk from what happens now.
 */
export class ReplayPace {
  readonly #rate: () => number;
  readonly #elapsed: () => number;
  #bucket: Bucket | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor({ rate, elapsed }: PaceParts) {
    this.#rate = rate;
    this.#elapsed = elapsed;
  }

  /** Whether more of the past may be sent now. */
  get isOpen(): boolean {
    return this.#wait() === 0;
  }

  /** So many bytes of the past were sent; they may be more than there was room for, which those who come next wait for. */
  spend(bytes: number): void {
    this.#bucket?.take(bytes);
  }

  /** Calls back when there may be more, once however often it is asked. */
  whenOpen(resume: () => void): void {
    if (this.#timer) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        resume();
      },
      Math.min(this.#wait(), LONGEST_WAIT),
    );
    this.#timer.unref();
  }

  #wait(): number {
    const [rate, now] = [this.#rate(), this.#elapsed()];
    if (rate === 0) {
      this.#bucket = undefined;
      return 0;
    }
    this.#bucket ??= new Bucket(rate, now);
    return this.#bucket.wait(1, rate, now);
  }
}
