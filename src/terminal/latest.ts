/**
 * Asks one question after the other. Of those that come while one is being answered only the last is asked: somebody
 * who types faster than the answers come waits for two of them at most, and the server has no more than one to work on.
 */
export class Latest<Q, A> {
  readonly #answer: (question: Q) => Promise<A>;
  readonly #tell: (answer: A, question: Q) => void;
  #next: { readonly question: Q } | undefined;
  #busy = false;

  /** @param answer must not reject: what is wrong with a question is an answer too */
  constructor(answer: (question: Q) => Promise<A>, tell: (answer: A, question: Q) => void) {
    this.#answer = answer;
    this.#tell = tell;
  }

  ask(question: Q): void {
    this.#next = { question };
    if (!this.#busy) void this.#work();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    while (this.#next) {
      const { question } = this.#next;
      this.#next = undefined;
      this.#tell(await this.#answer(question), question);
    }
    this.#busy = false;
  }
}
