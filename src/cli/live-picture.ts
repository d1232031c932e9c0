import type { ScreenOutput } from '../terminal/screen.ts';
import { cutToWidth } from '../terminal/width.ts';

/** The alternate screen (xterm's 1049), in which nothing of the shell's is overwritten; and no cursor while it is there. */
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_REST_OF_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/** Lines for a terminal of so many rows. No escape sequences may be in them. */
export type Picture = (rows: number) => readonly string[];

/** A picture that fills the terminal and is drawn anew over itself. From `enter` until `leave` nobody else may write there. */
export class LivePicture {
  readonly #output: ScreenOutput;
  #picture: Picture | undefined;
  #isThere = false;

  constructor(output: ScreenOutput) {
    this.#output = output;
  }

  enter(): void {
    if (this.#isThere) return;
    this.#isThere = true;
    this.#output.write(ENTER);
    this.#output.on('resize', this.#draw);
    this.#draw();
  }

  /** What is to be seen, as soon as it is there. */
  show(picture: Picture): void {
    this.#picture = picture;
    // A terminal that is slow gets the next one.
    if (this.#isThere && !this.#output.writableNeedDrain) this.#draw();
  }

  /** Leaves the terminal as it was. */
  leave(): void {
    if (!this.#isThere) return;
    this.#isThere = false;
    this.#output.off('resize', this.#draw);
    this.#output.write(LEAVE);
  }

  readonly #draw = (): void => {
    // Some terminals say 0 when they do not know.
    const { columns, rows } = { columns: this.#output.columns || 80, rows: this.#output.rows || 24 };
    // One column stays free: in the last one terminals differ on where the cursor is.
    if (!this.#picture) return;
    const lines = this.#picture(rows).map((line) => cutToWidth(line, columns - 1) + CLEAR_REST_OF_LINE);
    this.#output.write(HOME + lines.slice(0, rows).join('\r\n') + CLEAR_BELOW);
  };
}
