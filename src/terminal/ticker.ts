interface TickerParts {
  readonly send: () => Promise<unknown>;
  /** Hears why it stopped by itself. */
  readonly failed: (error: unknown) => void;
}

/** Sends again and again, at a pace. A tick whose event is not yet in the log when the next is due takes its place: none pile up. */
export class Ticker {
  readonly #parts: TickerParts;
  #timer: NodeJS.Timeout | undefined;
  #pace: number | undefined;
  #sending = false;

  constructor(parts: TickerParts) {
    this.#parts = parts;
  }

  /** In ms; undefined while it does not run. */
  get pace(): number | undefined {
    return this.#pace;
  }

  /** Ticks at once, and then at the given pace, whatever it did before. @param pace in ms */
  start(pace: number): void {
    this.stop();
    this.#pace = pace;
    // It does not keep the program alive; only the server does.
    this.#timer = setInterval(() => void this.#tick(), pace).unref();
    void this.#tick();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#pace = undefined;
  }

  async #tick(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    try {
      await this.#parts.send();
    } catch (error) {
      // What failed once fails again, and would be told as often.
      const running = this.#timer !== undefined;
      this.stop();
      if (running) this.#parts.failed(error);
    } finally {
      this.#sending = false;
    }
  }
}
