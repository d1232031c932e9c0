import type { ClientRoll } from './client-roll.ts';
import type { Control, Found } from './control.ts';
import { escapeText } from './escape.ts';
import { mistakeIn } from './filter-prompt.ts';
import { Latest } from './latest.ts';

interface ClientSearchParts {
  readonly control: Control;
  readonly roll: ClientRoll;
  /** A filter was looked at: the roll is narrowed by it, or stays as it was and this is why. */
  readonly judged: (mistake: string | undefined) => void;
}

interface Question {
  readonly filter: string;
  readonly accepted: () => void;
}

type Answer = { readonly found: Found | undefined } | { readonly mistake: string };

/** Narrows the roll by what is being typed. */
export class ClientSearch {
  readonly #parts: ClientSearchParts;
  readonly #questions: Latest<Question, Answer>;
  /** By which the roll is narrowed now; empty: everyone. */
  filter = '';

  constructor(parts: ClientSearchParts) {
    this.#parts = parts;
    this.#questions = new Latest(
      ({ filter }) => this.#find(filter),
      (answer, question) => this.#take(answer, question),
    );
  }

  /** @param accepted called if it is a filter, once the roll is narrowed by it */
  ask(text: string, accepted: () => void = () => {}): void {
    this.#questions.ask({ filter: text.trim(), accepted });
  }

  async #find(filter: string): Promise<Answer> {
    if (filter === '') return { found: undefined };
    this.#parts.roll.searching();
    try {
      return { found: await this.#parts.control.find(filter) };
    } catch (error) {
      return { mistake: escapeText(mistakeIn(error).detail, 400) };
    }
  }

  #take(answer: Answer, { filter, accepted }: Question): void {
    const { roll, judged } = this.#parts;
    if ('mistake' in answer) return judged(answer.mistake);
    this.filter = filter;
    roll.narrow(answer.found);
    judged(undefined);
    accepted();
  }
}
