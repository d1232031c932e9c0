import type { Screen } from './screen.ts';

/** Draws frames on a screen that is held whole. Only rows that changed are written: a list that stands still costs nothing, over a slow line too. */
export class Canvas {
  readonly #screen: Screen;
  #drawn: readonly string[] = [];

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** @param rows each narrower than the screen, no more of them than the screen has */
  draw(rows: readonly string[]): void {
    let text = '';
    for (const [index, row] of rows.entries()) if (row !== this.#drawn[index]) text += `\u001b[${index + 1};1H${row}\u001b[K`;
    if (rows.length < this.#drawn.length) text += `\u001b[${rows.length + 1};1H\u001b[J`;
    this.#drawn = rows;
    if (text !== '') this.#screen.writeRaw(text);
  }

  /** What stands there is not what was drawn, after a resize: the next frame is drawn from nothing. */
  forget(): void {
    this.#drawn = [];
    this.#screen.writeRaw('\u001b[H\u001b[2J');
  }
}
