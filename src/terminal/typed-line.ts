import { LineField } from './line-field.ts';
import { PromptInput } from './prompt-streams.ts';

interface TypedLineParts {
  readonly label: string;
  readonly changed: (text: string) => void;
  readonly submitted: (text: string) => void;
  readonly cancelled: () => void;
}

/** A line that is typed below the list, with a keyboard of its own. */
export class TypedLine {
  readonly label: string;
  readonly #input = new PromptInput();
  readonly #field: LineField;

  constructor({ label, changed, submitted, cancelled }: TypedLineParts) {
    this.label = label;
    this.#field = new LineField({ input: this.#input, changed: () => changed(this.text), submitted, cancelled });
  }

  get text(): string {
    return this.#field.text;
  }

  get cursor(): number {
    return this.#field.cursor;
  }

  feed(text: string): void {
    this.#input.feed(text);
  }

  close(): void {
    this.#field.close();
  }
}
