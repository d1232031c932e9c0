import { padToWidth, textWidth } from './width.ts';

/** Rows as lines whose columns stand below each other. No escape sequences may be in a cell. @param table the header first, if there is one */
export function aligned(table: readonly (readonly string[])[]): string[] {
  const columns = table[0] ?? [];
  // Not Math.max(...), which takes no more than some ten thousand.
  const widths = columns.map((_, column) => table.reduce((width, row) => Math.max(width, textWidth(row[column] ?? '')), 0));
  return table.map((row) =>
    row
      .map((cell, column) => padToWidth(cell, widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
