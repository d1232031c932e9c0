/** An entry that was found, and when it was appended, in ms since 1970. */
export interface Found {
  readonly sequence: number;
  readonly time: number;
}

/**
 * Looks entries up, all in one go. Where one is missing, the next before `end` stands for it; undefined if that can't be
 * read either.
 */
export type Look = (sequences: readonly number[], end: number) => Promise<readonly (Found | undefined)[]>;

/** Each look divides what is left by so many: going to the disk costs more than asking it for several entries. */
const WAYS = 16;
/** Marks at least this far apart are remembered: few, and every search passes by them. */
const WIDE = WAYS ** 2;
const MAX_REMEMBERED = 65_536;

/** Finds out where in a log a time is, in O(log n) steps; all but the last two are taken in memory once their marks are known. */
export class Times {
  readonly #look: Look;
  /** By mark. What it holds never changes. */
  readonly #remembered = new Map<number, Found>();

  constructor(look: Look) {
    this.#look = look;
  }

  /** The first sequence from `low` on whose entry is not older than a time; `high` if there is none before. */
  async since(time: number, low: number, high: number): Promise<number> {
    let width = 1;
    while (width * WAYS < high - low) width *= WAYS;
    // Everything before `low` is older, and what is at `high` is not.
    for (; low < high && width >= 1; width /= WAYS) {
      // At multiples of the width, so that they are the same for every search, however the log grows and is trimmed.
      const marks: number[] = [];
      for (let mark = Math.ceil(low / width) * width; mark < high; mark += width) marks.push(mark);
      for (const [index, found] of (await this.#at(marks, high, width)).entries()) {
        if (!found) continue; // Damaged, it says nothing.
        if (found.time < time) low = Math.max(low, found.sequence + 1);
        else {
          high = marks[index] as number;
          break;
        }
      }
    }
    return low;
  }

  async #at(marks: readonly number[], end: number, width: number): Promise<readonly (Found | undefined)[]> {
    if (width < WIDE) return this.#look(marks, end);
    const unknown = marks.filter((mark) => !this.#remembered.has(mark));
    const found = unknown.length > 0 ? await this.#look(unknown, end) : [];
    if (this.#remembered.size > MAX_REMEMBERED) this.#remembered.clear();
    for (const [index, mark] of unknown.entries()) {
      const there = found[index];
      if (there) this.#remembered.set(mark, there);
    }
    return marks.map((mark) => this.#remembered.get(mark));
  }
}
