/** Texts and what was made of them, the most recent ones: so many characters of text in all. */
export class Recent<T> {
  readonly #most: number;
  /** The one that was asked for longest ago comes first. */
  readonly #known = new Map<string, T>();
  #size = 0;

  /** @param most characters of all texts together */
  constructor(most: number) {
    this.#most = most;
  }

  /** What was made of a text before, or is made now. What `make` throws is not remembered. */
  get(text: string, make: () => T): T {
    const found = this.#known.get(text);
    if (found !== undefined) {
      this.#known.delete(text);
      this.#known.set(text, found);
      return found;
    }
    const made = make();
    this.#known.set(text, made);
    this.#size += text.length;
    for (const old of this.#known.keys()) {
      if (this.#size <= this.#most) break;
      this.#known.delete(old);
      this.#size -= old.length;
    }
    return made;
  }
}
