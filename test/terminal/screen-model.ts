import { Writable } from 'node:stream';
import { ESC } from '../../src/terminal/escape.ts';

// CSI sequences (ECMA-48), one by one, and the parts of those that are understood.
const TOKEN = new RegExp(`${ESC}\\[[0-?]*[ -/]*[@-~]|[^]`, 'gu');
const SEQUENCE = new RegExp(`^${ESC}\\[(\\??)(\\d*)(?:;\\d+)*([A-Za-z])$`);

/**
 * A small terminal: understands what Screen, the prompts and the list of clients write, and throws at anything else. It keeps lines as
 * they were written and wraps them when it looks, so a resize wraps anew what is there, as most terminals do. One column a character.
 */
export class ScreenModel extends Writable {
  readonly isTTY = true;
  columns: number;
  rows: number;
  raw = '';
  cursorVisible = true;
  #lines: string[] = [''];
  #line = 0;
  #offset = 0;
  /** The last thing done was to write: at the end of a full row the cursor then still hangs on its last column. */
  #wrote = false;

  /** The first screen, while the other one is shown. */
  #first: { readonly lines: string[]; readonly line: number; readonly offset: number } | undefined;

  constructor(columns = 80, rows = 24) {
    super({ decodeStrings: false });
    this.columns = columns;
    this.rows = rows;
  }

  /** Whether the other screen is shown. */
  get isOther(): boolean {
    return this.#first !== undefined;
  }

  /** Every line from the first one on; the last is the one below which nothing was written. */
  get lines(): string[] {
    return this.#lines.map((line) => line.trimEnd());
  }

  resize(columns: number, rows = this.rows): void {
    this.columns = columns;
    this.rows = rows;
    this.emit('resize');
  }

  override _write(chunk: string | Uint8Array, _encoding: string, done: () => void): void {
    const text = String(chunk);
    this.raw += text;
    for (const token of text.match(TOKEN) ?? []) this.#obey(token);
    done();
  }

  #obey(token: string): void {
    const sequence = SEQUENCE.exec(token);
    if (!sequence) return this.#put(token);
    const [, mode, number, command] = sequence;
    const line = this.#lines[this.#line] ?? '';
    if (command === 'm') return;
    if (mode === '?' && number === '25') this.cursorVisible = command === 'h';
    else if (mode === '?' && number === '1049') this.#turn(command === 'h');
    else if (command === 'H') this.#moveTo(Number(number || 1) - 1);
    else if (command === 'J' && number === '2') this.#lines = Array.from({ length: this.#line + 1 }, () => '');
    else if (command === 'K' && number === '2') this.#lines[this.#line] = '';
    else if (command === 'D' || command === 'G') this.#move(0, command === 'G' ? 0 : this.#offset - Number(number));
    else if (command === 'B') this.#move(Number(number), this.#offset);
    else if (command === 'K' && number === '') this.#lines[this.#line] = line.slice(0, this.#offset);
    else if (command === 'J' && number === '') {
      this.#lines[this.#line] = line.slice(0, this.#offset);
      this.#lines.length = this.#line + 1;
    } else if (command === 'A') for (let up = Number(number || 1); up > 0; up--) this.#up();
    else throw new Error(`the model does not know ${JSON.stringify(token)}`);
  }

  #put(character: string): void {
    const wrote = character >= ' ';
    if (character === '\r') this.#offset = this.#row() * this.columns;
    else if (character === '\n') {
      this.#line++;
      this.#offset = 0;
      if (this.#line === this.#lines.length) this.#lines.push('');
    } else if (character < ' ') throw new Error(`a control character reached the terminal: ${JSON.stringify(character)}`);
    else {
      const line = (this.#lines[this.#line] ?? '').padEnd(this.#offset);
      this.#lines[this.#line] = line.slice(0, this.#offset) + character + line.slice(this.#offset + 1);
      this.#offset++;
    }
    this.#wrote = wrote;
  }

  #turn(other: boolean): void {
    if (other === this.isOther) return;
    const before = this.#first ?? { lines: [''], line: 0, offset: 0 };
    this.#first = other ? { lines: this.#lines, line: this.#line, offset: this.#offset } : undefined;
    this.#lines = before.lines;
    this.#line = before.line;
    this.#offset = before.offset;
  }

  /** To the start of a row; of the lines there are as many as are needed. */
  #moveTo(row: number): void {
    while (this.#lines.length <= row) this.#lines.push('');
    this.#line = row;
    this.#offset = 0;
    this.#wrote = false;
  }

  /** Used by prompts only, on lines that are not wrapped. */
  #move(down: number, offset: number): void {
    this.#line = Math.min(this.#lines.length - 1, this.#line + down);
    this.#offset = Math.max(0, offset);
    this.#wrote = false;
  }

  /** The row within a wrapped line. */
  #row(): number {
    return Math.max(0, Math.floor((this.#offset - (this.#wrote ? 1 : 0)) / this.columns));
  }

  #up(): void {
    this.#wrote = false;
    if (this.#offset >= this.columns) this.#offset -= this.columns;
    else if (this.#line > 0) {
      this.#line--;
      const rows = Math.max(1, Math.ceil((this.#lines[this.#line] ?? '').length / this.columns));
      this.#offset = (rows - 1) * this.columns;
    }
  }
}
