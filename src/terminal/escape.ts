/**
 * Text of others (a profile, a path, an event type) on its way to a terminal. A terminal obeys what it is shown:
 * escape sequences move the cursor, retitle the window or answer into our own input, and bidi controls make a line
 * read as something else. So what is not text is made visible, here, and nowhere later.
 */

/** What begins a terminal's escape sequences. */
export const ESC = '\u001b';
// Control characters, both kinds (0x9B alone begins a sequence on some terminals), lone surrogates, line and paragraph
// separators, and the bidi controls of UAX #9.
const UNSAFE_CLASS = '[\\p{Cc}\\p{Cs}\\u2028\\u2029\\u061C\\u200E\\u200F\\u202A-\\u202E\\u2066-\\u2069]';
const UNSAFE = new RegExp(UNSAFE_CLASS, 'u');
// Select Graphic Rendition: the one sequence that changes looks and nothing else.
const COLOR_OR_UNSAFE = new RegExp(`${ESC}\\[[0-9;]{0,24}m|${UNSAFE_CLASS}`, 'gu');

/** How long untrusted text may be by default, in characters. */
const ESCAPED_LENGTH = 80;

/**
 * Untrusted text as one line of plain text: unsafe characters become `\u{1b}` and the like, and what is longer than
 * `limit` characters ends in `…`. An escape is never cut in two, and no more of the input is read than is shown.
 */
export function escapeText(text: string, limit: number = ESCAPED_LENGTH): string {
  let escaped = '';
  let length = 0;
  for (const character of text) {
    const shown = UNSAFE.test(character) ? visible(character) : character;
    const size = shown === character ? 1 : shown.length;
    if (length + size > limit) return `${escaped}…`;
    escaped += shown;
    length += size;
  }
  return escaped;
}

/**
 * Log text as it may reach a terminal: line breaks, tabs and colours pass, everything else that is not text is made
 * visible. The last line of defence, behind log lines whose makers (stack traces, messages of packages) know of no terminal.
 */
export function escapeLog(text: string): string {
  return text.replace(COLOR_OR_UNSAFE, (found) =>
    found.length > 1 || found === '\n' || found === '\t' ? found : visible(found),
  );
}

function visible(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
