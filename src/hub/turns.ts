/** A turn of fan-out yields to other work after this many ms. */
const SLICE = 5;
/** Looking at the clock costs less than a step, but not nothing: it is done once in so many. */
const STEPS = 4;

/** Runs work that is written as one generator in slices, so that it never blocks the event loop, however much there is. */
export class Turns {
  readonly #work: () => Generator<void, void>;
  readonly #defer: (turn: () => void) => void;
  #running: Generator<void, void> | undefined;
  #scheduled = false;
  #whenIdle: (() => void)[] = [];

  /**
   * @param work does all that is due, yielding between steps, and ends when nothing is left
   * @param defer runs a function in a later turn of the event loop, after input was read
   */
  constructor(work: () => Generator<void, void>, defer: (turn: () => void) => void) {
    this.#work = work;
    this.#defer = defer;
  }

  /** There is something to do. Everything that asks for it before the next turn is done in that one. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#defer(this.#turn);
  }

  /** Settles when nothing is left to do. */
  async idle(): Promise<void> {
    if (this.#running || this.#scheduled) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    this.#running ??= this.#work();
    const until = performance.now() + SLICE;
    for (let steps = 1; !this.#running.next().done; steps++) {
      if (steps % STEPS === 0 && performance.now() > until) return this.schedule();
    }
    this.#running = undefined;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  };
}

/** Runs work that somebody waits for in slices as well. @param defer as that of `Turns` */
export async function inSlices<T>(work: Generator<void, T>, defer: (turn: () => void) => void): Promise<T> {
  for (let until = performance.now() + SLICE; ; ) {
    const step = work.next();
    if (step.done) return step.value;
    if (performance.now() <= until) continue;
    await new Promise<void>((resume) => defer(resume));
    until = performance.now() + SLICE;
  }
}
