import { Readable, Writable } from 'node:stream';
import { ESC } from './escape.ts';
import { TYPED_AT_ONCE } from './keyboard.ts';
import type { Screen } from './screen.ts';

const CTRL_D = '\u0004';
const COLORS = new RegExp(`${ESC}\\[(?:[34][0-9]|9[0-7]|10[0-7])m`, 'g');

/**
 * A keyboard for prompts. They get it in place of the real one, which stays with its owner: left alone with a
 * terminal, readline suspends only its own process at Ctrl-Z, and leaves raw mode when it ends.
 */
export class PromptInput extends Readable {
  override _read(): void {}

  /**
   * Takes what was typed. Each line goes by itself: a prompt pauses its input when it ends, so that what was typed
   * ahead waits for the next one. A paste answers one prompt at most, its inner line breaks become spaces.
   */
  feed(text: string): void {
    // On an empty line, Ctrl-D would close readline below a prompt that goes on.
    const keys = text.replaceAll(CTRL_D, '').replace(/\r\n/g, '\r');
    const typed = keys.length > TYPED_AT_ONCE ? keys.replace(/[\r\n]+(?=[^\r\n])/g, ' ') : keys;
    for (const line of typed.match(/[^\r\n]*[\r\n]|[^\r\n]+/g) ?? []) this.push(line);
  }
}

/** The screen as a prompt sees it, while the prompt holds it. */
export class PromptOutput extends Writable {
  readonly #screen: Screen;
  readonly #colors: boolean;

  constructor(screen: Screen, colors: boolean) {
    super({ decodeStrings: false });
    this.#screen = screen;
    this.#colors = colors;
  }

  /** Prompts wrap at this, and draw anew at `resize`. */
  get columns(): number {
    return this.#screen.columns;
  }

  override _write(chunk: string | Uint8Array, _encoding: string, done: () => void): void {
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    this.#screen.writeRaw(this.#colors ? text : text.replace(COLORS, ''));
    done();
  }
}
