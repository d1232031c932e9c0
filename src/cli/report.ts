import type { Issue } from '../errors.ts';
import { escapeText } from '../terminal/escape.ts';

/** What a server says of a mistake may be of any length. In characters. */
const LONGEST = 4000;

/**
 * Tells mistakes, one on a line: `sse-server: --port: must be …`.
 *
 * @param kind for what is no mistake: `warning`
 */
export function report(issues: readonly Issue[], write: (text: string) => void, kind?: 'warning'): void {
  for (const { pointer, detail, position } of issues) {
    const place = position === undefined ? '' : ` (at column ${position + 1})`;
    write(
      `sse-server: ${kind ? `${kind}: ` : ''}${escapeText(`${pointer === '' ? '' : `${pointer}: `}${detail}${place}`, LONGEST)}\n`,
    );
  }
}
