import { createInterface, type Interface, type Key } from 'node:readline';
import type { Readable } from 'node:stream';

interface LineFieldParts {
  /** A keyboard of its own, see `PromptInput`: readline would suspend and cook the real one. */
  readonly input: Readable;
  readonly changed: () => void;
  /** Enter. The text stays in the field, which goes on until it is closed. */
  readonly submitted: (text: string) => void;
  /** Ctrl-C or Escape. */
  readonly cancelled: () => void;
}

/** A line that is being typed, with all that readline can edit. Draws nothing: whoever has it looks at `text` and `cursor`. */
export class LineField {
  readonly #parts: LineFieldParts;
  readonly #keys: Interface;

  constructor(parts: LineFieldParts) {
    this.#parts = parts;
    this.#keys = createInterface({ input: parts.input, terminal: true, prompt: '', tabSize: 2, escapeCodeTimeout: 50 });
    this.#keys.on('line', (text) => {
      // readline has emptied its line by now; it is needed again either to show it or to correct it.
      this.#keys.write(text);
      parts.submitted(text);
    });
    // readline's own answer to Ctrl-C is to close, and to Ctrl-Z to suspend one process out of several.
    this.#keys.on('SIGINT', () => {});
    this.#keys.on('SIGTSTP', () => {});
    parts.input.on('keypress', this.#pressed);
  }

  get text(): string {
    return this.#keys.line;
  }

  /** In UTF-16 units. */
  get cursor(): number {
    return this.#keys.cursor;
  }

  /** Takes no keys until `resume`; what is typed meanwhile waits. */
  pause(): void {
    this.#keys.pause();
  }

  resume(): void {
    this.#keys.resume();
  }

  close(): void {
    this.#parts.input.off('keypress', this.#pressed);
    this.#keys.close();
  }

  readonly #pressed = (_text: string | undefined, key: Key): void => {
    if (key.name === 'escape' || (key.ctrl && key.name === 'c')) this.#parts.cancelled();
    else if (key.name !== 'return' && key.name !== 'enter') this.#parts.changed();
  };
}
