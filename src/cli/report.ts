import { printable } from '../config/values.ts';
import type { Issue } from '../errors.ts';

/**
 * Tells mistakes, one on a line: `sse-server: --port: must be …`.
 *
 * @param kind for what is no mistake: `warning`
 */
export function report(issues: readonly Issue[], write: (text: string) => void, kind?: 'warning'): void {
  for (const { pointer, detail, position } of issues) {
    const place = position === undefined ? '' : ` (at column ${position + 1})`;
    write(`sse-server: ${kind ? `${kind}: ` : ''}${printable(`${pointer === '' ? '' : `${pointer}: `}${detail}${place}`)}\n`);
  }
}
