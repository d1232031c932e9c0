import { stripVTControlCharacters } from 'node:util';

/**
 * How wide text is on a terminal, by the rules that most of them follow: a grapheme is one column, two if it is East
 * Asian wide (UAX #11) or an emoji, none if nothing of it is seen.
 */

const WIDE =
  /[\u1100-\u115F\u2329\u232A\u2E80-\u303E\u3041-\u4DBF\u4E00-\uA4CF\uA960-\uA97C\uAC00-\uD7A3\uF900-\uFAFF\uFE10-\uFE19\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{16FE0}-\u{18DFF}\u{1B000}-\u{1B2FF}\u{1F200}-\u{1F265}\u{20000}-\u{3FFFD}]/u;
// With U+FE0F also those that are text by themselves (a heart, a digit's keycap).
const EMOJI = /\p{Emoji_Presentation}|\p{Emoji}\uFE0F/u;
const UNSEEN = /^[\p{M}\p{Cf}\p{Cc}\p{Zl}\p{Zp}]+$/u;
const ASCII = /^[\u0020-\u007E]*$/;

// Made at first use: it costs some ms, and most lines are ASCII.
let segmenter: Intl.Segmenter | undefined;

/** What a reader takes for one character, and its columns. */
export interface Cell {
  readonly text: string;
  /** Where it begins in the text, in UTF-16 units. */
  readonly index: number;
  readonly width: number;
}

/** Text cut into cells. No escape sequences may be in it. */
export function cells(text: string): Cell[] {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  return Array.from(segmenter.segment(text), ({ segment, index }) => ({ text: segment, index, width: cellWidth(segment) }));
}

/** Columns that a text takes; escape sequences take none. */
export function textWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  return cells(stripVTControlCharacters(text)).reduce((width, cell) => width + cell.width, 0);
}

/** Text that takes at most `columns`, with `…` at its end if something was cut off. No escape sequences may be in it. */
export function cutToWidth(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  if (columns < 1) return '';
  let cut = '';
  let width = 1;
  for (const cell of cells(text)) {
    if (width + cell.width > columns) break;
    cut += cell.text;
    width += cell.width;
  }
  return `${cut}…`;
}

/** Text filled with spaces up to `columns`. */
export function padToWidth(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - textWidth(text)));
}

function cellWidth(grapheme: string): number {
  if (UNSEEN.test(grapheme)) return 0;
  return EMOJI.test(grapheme) || WIDE.test(grapheme) ? 2 : 1;
}
