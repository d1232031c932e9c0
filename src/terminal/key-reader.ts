import { createInterface, type Interface, type Key } from 'node:readline';
import { PromptInput } from './prompt-streams.ts';

/** Turns what a terminal sends for its keys into names: `up`, `pagedown`, `escape`, `return`, `ctrl-c`; a character is its own name. */
export class KeyReader {
  readonly #input = new PromptInput();
  // Only readline knows what the keys of all terminals send; and a lone Escape from the beginning of another key, by waiting a little.
  readonly #keys: Interface;

  constructor(press: (name: string) => void) {
    this.#keys = createInterface({ input: this.#input, terminal: true, prompt: '', historySize: 0, escapeCodeTimeout: 50 });
    this.#keys.on('SIGINT', () => {});
    this.#keys.on('SIGTSTP', () => {});
    this.#input.on('keypress', (text: string | undefined, key: Key) => {
      // The line that readline believes is being typed.
      this.#keys.write(null, { ctrl: true, name: 'u' });
      press(nameOf(text, key));
    });
  }

  feed(text: string): void {
    this.#input.feed(text);
  }

  close(): void {
    this.#input.removeAllListeners('keypress');
    this.#keys.close();
  }
}

function nameOf(text: string | undefined, { name, ctrl }: Key): string {
  if (ctrl) return `ctrl-${name}`;
  return text !== undefined && /^[^\p{Cc}]$/u.test(text) ? text : (name ?? '');
}
