/** Somebody who waits for a turn. */
interface Waiter {
  readonly resume: () => void;
  readonly refuse: () => void;
}

export interface FairTurnsOptions {
  /** So many have their turn at a time. */
  readonly atOnce: number;
  /** So many more may wait. */
  readonly queue: number;
}

/**
 * Turns for what only a few can do at a time. Groups take turns, and within one whoever came first: a group of a thousand keeps nobody
 * else waiting longer than a group of one. Where all places to wait are taken, the largest group gives up its last.
 */
export class FairTurns {
  readonly #options: FairTurnsOptions;
  /** In the order in which they come next. */
  readonly #waiting = new Map<string, Waiter[]>();
  #size = 0;
  #running = 0;

  constructor(options: FairTurnsOptions) {
    this.#options = options;
  }

  /** Settles when it is somebody's turn, with true; or with false, if there is no place to wait. Each turn must be ended. */
  take(group: string): Promise<boolean> {
    if (this.#running < this.#options.atOnce) {
      this.#running++;
      return Promise.resolve(true);
    }
    if (this.#size >= this.#options.queue && !this.#makeRoom(group)) return Promise.resolve(false);
    return new Promise((settle) => {
      const waiter = { resume: () => settle(true), refuse: () => settle(false) };
      const queue = this.#waiting.get(group);
      if (queue) queue.push(waiter);
      else this.#waiting.set(group, [waiter]);
      this.#size++;
    });
  }

  /** Ends a turn: the next one begins. */
  end(): void {
    const [next] = this.#waiting;
    if (!next) {
      this.#running--;
      return;
    }
    const [group, queue] = next;
    const waiter = queue.shift() as Waiter;
    this.#size--;
    // Behind the others.
    this.#waiting.delete(group);
    if (queue.length > 0) this.#waiting.set(group, queue);
    waiter.resume();
  }

  /** @returns whether there is a place for one more of a group, since a larger one has given one up */
  #makeRoom(group: string): boolean {
    let largest: Waiter[] = [];
    for (const queue of this.#waiting.values()) if (queue.length > largest.length) largest = queue;
    if (largest.length <= (this.#waiting.get(group)?.length ?? 0) + 1) return false;
    largest.pop()?.refuse();
    this.#size--;
    return true;
  }
}
