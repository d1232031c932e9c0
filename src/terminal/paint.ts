import { styleText } from 'node:util';

/** The looks that this program uses. */
export type Look = 'bold' | 'cyan' | 'dim' | 'gray' | 'green' | 'red' | 'yellow';

/** Gives text a look, or leaves it plain where colours are not wanted. */
export type Paint = (look: Look, text: string) => string;

/** @param colors whether the terminal shows colours and its owner wants them (NO_COLOR) */
export function paintWith(colors: boolean): Paint {
  // Not validated against a stream: whether colours are wanted was decided by who called us.
  return colors ? (look, text) => styleText(look, text, { validateStream: false }) : (_look, text) => text;
}
