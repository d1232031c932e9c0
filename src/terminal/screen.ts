import { Writable } from 'node:stream';
import { escapeLog } from './escape.ts';
import type { Paint } from './paint.ts';
import { cutToWidth, textWidth } from './width.ts';

/** Where a screen is shown: a `tty.WriteStream`, or what stands in for one in a test. */
export type ScreenOutput = Writable & {
  readonly columns?: number;
  readonly rows?: number;
};

/** While a prompt has the screen, at most this many lines wait for it; of more the oldest are dropped and counted. */
export const HELD_LINES = 1000;
/** A log line without an end is shown in pieces of this many characters. */
const PARTIAL = 64 * 1024;

const CLEAR_LINE = '\r\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const SHOW_CURSOR = '\u001b[?25h';
const CLEAR_ALL = '\u001b[H\u001b[2J';
// Most terminals have a second screen, which leaves the first one as it was, its lines and its cursor (xterm's private mode 1049).
const TO_OTHER = '\u001b[?1049h\u001b[?25l';
const FROM_OTHER = '\u001b[?1049l\u001b[?25h';

/**
 * The one writer of the terminal. Below the lines that were written stands a status line, and each write is one piece:
 * take the status line away, write whole lines, put it back. So whatever comes when, no line is torn.
 * No scroll regions: they are lost at a resize, and break scrolling back.
 */
export class Screen {
  /** For a log: takes text in any pieces, shows whole lines, lets no escape sequence but colours through. Never waits. */
  readonly log: Writable;
  readonly #output: ScreenOutput;
  readonly #paint: Paint;
  #partial = '';
  #status = '';
  /** What stands on the last row, as it was drawn, without looks. */
  #drawn = '';
  #visible = false;
  #held: string[] | undefined;
  /** Whether the terminal shows its other screen. */
  #other = false;
  #dropped = 0;
  #closed = false;
  #broken = false;

  constructor(output: ScreenOutput, paint: Paint) {
    this.#output = output;
    this.#paint = paint;
    // A terminal that is gone must not take the server with it.
    output.on('error', () => {
      this.#broken = true;
    });
    output.on('resize', this.#resized);
    this.log = new Writable({
      decodeStrings: false,
      write: (chunk: string | Uint8Array, _encoding, done) => {
        this.#take(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'));
        done();
      },
    });
  }

  get columns(): number {
    // Some terminals say 0 when they do not know.
    return this.#output.columns || 80;
  }

  get rows(): number {
    return this.#output.rows || 24;
  }

  /** Writes lines of our own; looks are kept, so what others wrote must have been escaped. */
  print(text: string): void {
    this.#write(text.split('\n'));
  }

  /** Sets the text of the status line, without looks; it is cut to the width. Nothing is written if nothing changed. */
  setStatus(text: string): void {
    if (text === this.#status) return;
    this.#status = text;
    this.#redraw();
  }

  /** Whether the status line is shown; not, before this was called. */
  showStatus(visible: boolean): void {
    if (visible === this.#visible) return;
    this.#visible = visible;
    this.#redraw();
  }

  /** Gives the screen to a prompt: the status line goes, lines wait. The prompt writes with `writeRaw` until `release`. */
  hold(): void {
    if (this.#held || this.#closed) return;
    this.#put(this.#erased());
    this.#held = [];
  }

  /** As `hold`, but for whoever draws the whole screen: it gets the terminal's other one, and hides the cursor. */
  holdWhole(): void {
    if (this.#held || this.#closed) return;
    this.hold();
    this.#other = true;
    this.#put(TO_OTHER);
  }

  /** Takes the screen back; unless it was held whole, the cursor must be at the start of a line. What waited is written now. */
  release(): void {
    const held = this.#held;
    if (!held) return;
    this.#held = undefined;
    if (this.#other) this.#put(FROM_OTHER);
    this.#other = false;
    if (this.#dropped > 0) held.unshift(this.#paint('dim', `… ${this.#dropped} lines not shown`));
    this.#dropped = 0;
    this.#write(held);
  }

  /** What stands on the screen is not ours any more: others had it (a shell, after a stop). */
  forget(): void {
    this.#drawn = '';
  }

  /** For the prompt that holds the screen. */
  writeRaw(text: string): void {
    this.#put(text);
  }

  /** Empties what is seen; lines that have scrolled away stay. */
  clear(): void {
    if (this.#held || this.#closed) return;
    this.#drawn = '';
    this.#put(CLEAR_ALL + this.#statusLine());
  }

  /** Leaves the terminal as a shell wants it: nothing pending, no status line, cursor visible. Later lines are still written. */
  close(): void {
    if (this.#closed) return;
    this.release();
    if (this.#partial !== '') this.#take('\n');
    this.#put(this.#erased() + SHOW_CURSOR);
    this.#closed = true;
    this.#visible = false;
    this.#output.off('resize', this.#resized);
  }

  #take(chunk: string): void {
    const lines = (this.#partial + chunk).split('\n');
    this.#partial = lines.pop() ?? '';
    if (this.#partial.length > PARTIAL) {
      lines.push(this.#partial);
      this.#partial = '';
    }
    if (lines.length > 0) this.#write(lines.map(escapeLog));
  }

  #write(lines: readonly string[]): void {
    if (this.#held) return this.#keep(this.#held, lines);
    if (lines.length > 0) this.#put(`${this.#erased()}${lines.join('\n')}\n${this.#statusLine()}`);
    else this.#redraw();
  }

  #keep(held: string[], lines: readonly string[]): void {
    for (const line of lines) held.push(line);
    const excess = held.length - HELD_LINES;
    if (excess <= 0) return;
    held.splice(0, excess);
    this.#dropped += excess;
  }

  #redraw(): void {
    if (this.#held || this.#closed) return;
    this.#put(this.#erased() + this.#statusLine());
  }

  /** What takes the status line away; nothing if there is none. */
  #erased(): string {
    if (this.#drawn === '') return '';
    this.#drawn = '';
    return CLEAR_LINE;
  }

  #statusLine(): string {
    if (!this.#visible || this.#closed) return '';
    // One column stays free: in the last one terminals differ on where the cursor is.
    this.#drawn = cutToWidth(this.#status, this.columns - 1);
    return this.#drawn === '' ? '' : this.#paint('dim', this.#drawn);
  }

  /** Most terminals wrap what is there anew, so a status line that has become too wide stands on several rows by now. */
  readonly #resized = (): void => {
    const rows = Math.ceil(textWidth(this.#drawn) / this.columns);
    if (rows > 1 && !this.#held) {
      this.#drawn = '';
      this.#put(`\r\u001b[${rows - 1}A${CLEAR_BELOW}`);
    }
    this.#redraw();
  };

  #put(text: string): void {
    if (text !== '' && !this.#broken) this.#output.write(text);
  }
}
