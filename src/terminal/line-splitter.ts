/** The longest line that is taken, in characters. Data of one event may be this long. */
export const LINE_LIMIT: number = 1024 * 1024;

/** Cuts text that comes in pieces into lines, without ever holding more than one line of legal length. */
export class LineSplitter {
  #pieces: string[] = [];
  #length = 0;

  /** The lines that ended in this piece, without CR and LF; undefined stands for one that was too long and is lost. */
  push(text: string): (string | undefined)[] {
    const lines: (string | undefined)[] = [];
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.#keep(text.slice(start, end));
      lines.push(this.#length > LINE_LIMIT ? undefined : this.#pieces.join('').replace(/\r$/, ''));
      this.#pieces = [];
      this.#length = 0;
      start = end + 1;
    }
    this.#keep(text.slice(start));
    return lines;
  }

  #keep(piece: string): void {
    this.#length += piece.length;
    if (this.#length <= LINE_LIMIT) this.#pieces.push(piece);
    else this.#pieces = [];
  }
}
