/** Does something at once, and no more than once in so many ms however often it is asked for: the last request is never lost. */
export class Pacer {
  readonly #act: () => void;
  readonly #pause: number;
  #timer: NodeJS.Timeout | undefined;
  #due = false;
  #stopped = false;

  constructor(act: () => void, pause: number) {
    this.#act = act;
    this.#pause = pause;
  }

  ask(): void {
    if (this.#stopped) return;
    this.#due = true;
    if (!this.#timer) this.#go();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #go(): void {
    this.#timer = undefined;
    if (!this.#due) return;
    this.#due = false;
    this.#timer = setTimeout(() => this.#go(), this.#pause).unref();
    this.#act();
  }
}
