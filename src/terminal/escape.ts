/**
 * Text of others (a profile, a path, an event type) on its way to a terminal. A terminal obeys what it is shown:
 * escape sequences move the cursor, retitle the window or answer into our own input, and bidi controls make a line
 * read as something else. So what is not text is made visible, here, and nowhere later.
 */

/** What begins a terminal's escape sequences. */
export const ESC = '\u001b';
// Control characters, both kinds (0x9B alone begins a sequence on some terminals), lone surrogates, line and paragraph
// separators, interlinear annotations, and what is not seen at all: bidi controls (UAX #9), zero-width spaces, fillers, tags.
// Joiners and variation selectors belong to emoji and to the scripts of Asia; where else they stand is looked at below.
const UNSAFE_CLASS = '(?![\\u200C\\u200D\\uFE00-\\uFE0F])[\\p{Cc}\\p{Cs}\\p{Zl}\\p{Zp}\\p{DI}\\uFFF9-\\uFFFB]';
const UNSAFE = new RegExp(UNSAFE_CLASS, 'u');
// Select Graphic Rendition: the one sequence that changes looks and nothing else.
const COLOR_OR_UNSAFE = new RegExp(`${ESC}\\[[0-9;]{0,24}m|${UNSAFE_CLASS}`, 'gu');
// What is drawn onto the character before it, or is not drawn.
const ATTACHED = /[\p{M}\u200C\u200D]/u;
/** A joiner joins nothing in Latin text: there it only makes two names look like one. */
const LATIN = /[\p{ASCII}\u0080-\u024F]$/u;
/** So many of them on one character are writing, as far as any language goes; more are a tower over the lines around. */
const MOST_ATTACHED = 8;

/** How long untrusted text may be by default, in characters. */
const ESCAPED_LENGTH = 80;

/**
 * Untrusted text as one line of plain text: unsafe characters become `\u{1b}` and the like, and what is longer than
 * `limit` characters ends in `…`. An escape is never cut in two, and no more of the input is read than is shown.
 */
export function escapeText(text: string, limit: number = ESCAPED_LENGTH): string {
  let escaped = '';
  let length = 0;
  let attached = 0;
  for (const character of text) {
    attached = ATTACHED.test(character) ? attached + 1 : 0;
    const isSafe =
      attached === 0
        ? !UNSAFE.test(character)
        : attached <= MOST_ATTACHED && !UNSAFE.test(character) && !isLooseJoiner(character, escaped);
    const shown = isSafe ? character : visible(character);
    const size = isSafe ? 1 : shown.length;
    if (length + size > limit) return `${escaped}…`;
    escaped += shown;
    length += size;
  }
  return escaped;
}

function isLooseJoiner(character: string, before: string): boolean {
  return (character === '\u200c' || character === '\u200d') && (before === '' || LATIN.test(before));
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

// A line break can only be the one that ends the line: those in strings are escaped by whoever writes JSON.
const UNSAFE_IN_JSON = new RegExp(`(?!\n)${UNSAFE_CLASS}`, 'gu');

/** A line of JSON as it may reach a terminal: the same value, with what is not text written as JSON can write it. */
export function escapeJson(line: string): string {
  return line.replace(UNSAFE_IN_JSON, (found) =>
    Array.from({ length: found.length }, (_, index) => `\\u${found.charCodeAt(index).toString(16).padStart(4, '0')}`).join(''),
  );
}

function visible(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
