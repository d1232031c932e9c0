import { styleText } from 'node:util';
import { escapeText } from './escape.ts';
import { type Cell, cells } from './width.ts';

/** The part of a text around the cursor that has room, with the cursor in it, and where in it a place of the text is. */
export function windowOf(
  text: string,
  cursor: number,
  room: number,
): { readonly shown: string; columnOf(index: number): number | undefined } {
  const all: Cell[] = [...cells(text), { text: ' ', index: text.length, width: 1 }];
  const at = all.findIndex((cell) => cell.index + cell.text.length > cursor);
  let first = at;
  let width = all[at]?.width ?? 1;
  for (; first > 0; first--) {
    width += all[first - 1]?.width ?? 0;
    if (width > room) break;
  }
  const columns = new Map<number, number>();
  let shown = '';
  let column = 0;
  for (const [number, cell] of all.entries()) {
    if (number < first) continue;
    if (column + cell.width > room) break;
    columns.set(cell.index, column);
    // A pasted control character would move more than the cursor.
    const safe = escapeText(cell.text, 20) === cell.text ? cell.text : '?'.repeat(cell.width);
    shown += number === at ? styleText('inverse', safe, { validateStream: false }) : safe;
    column += cell.width;
  }
  return { shown, columnOf: (index) => columns.get(index) };
}
