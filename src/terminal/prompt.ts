import type { Actions } from './actions.ts';
import type { Compose } from './composer.ts';
import type { Control } from './control.ts';
import type { Occupant } from './occupant.ts';
import type { Paint } from './paint.ts';
import { PromptInput, PromptOutput } from './prompt-streams.ts';
import type { Screen } from './screen.ts';

interface PromptParts {
  readonly control: Control;
  readonly actions: Actions;
  readonly screen: Screen;
  readonly paint: Paint;
  readonly colors: boolean;
  readonly compose: Compose;
  /** What was typed behind the key that opened it. */
  readonly typed: string;
  /** It has given the screen back. */
  readonly over: () => void;
  readonly told: (answer: string) => void;
  readonly failed: (error: unknown) => void;
}

/** Prompts that lead to an event (M, F), while they have the screen. */
export class Prompt implements Occupant {
  readonly #parts: PromptParts;
  readonly #input = new PromptInput();
  readonly #output: PromptOutput;
  readonly #abort = new AbortController();
  #isOver = false;

  constructor(parts: PromptParts) {
    this.#parts = parts;
    this.#output = new PromptOutput(parts.screen, parts.colors);
    parts.screen.hold();
    this.#input.feed(parts.typed);
    void this.#run();
  }

  type(text: string): void {
    this.#input.feed(text);
  }

  resized(): void {
    this.#output.emit('resize');
  }

  refresh(): void {}

  observe(): void {}

  cancel(): void {
    this.#abort.abort();
    this.#finish();
  }

  async #run(): Promise<void> {
    const { control, actions, paint, compose, told, failed } = this.#parts;
    const { signal } = this.#abort;
    try {
      const sent = await compose({ control, actions, input: this.#input, output: this.#output, paint, signal });
      this.#finish();
      if (sent !== undefined) told(paint('cyan', sent));
      else if (!signal.aborted) told(paint('dim', 'nothing sent'));
    } catch (error) {
      this.#finish();
      failed(error);
    }
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#parts.screen.release();
    this.#parts.over();
  }
}
