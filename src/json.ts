import { SseError } from './errors.ts';

/**
 * Reads JSON that a person wrote. A byte order mark in front is no mistake: editors put it there.
 *
 * @param source the file's name, for messages
 * @throws SseError `invalid-config`
 */
export function parseJson(json: string, source: string): unknown {
  const text = json.replace(/^\uFEFF/, '');
  try {
    return JSON.parse(text);
  } catch {
    throw SseError.of('invalid-config', [{ pointer: source, detail: notJson(text) }]);
  }
}

/**
 * Says that a text is no JSON, and where it ceases to be: line and column, from 1. It quotes nothing, as Node's own messages
 * do: what stands there may be secret, or an event's data, and the sentence goes into the log.
 *
 * @param isLine the text is one of several lines, and whoever reads this knows which
 */
export function notJson(text: string, isLine = false): string {
  const offset = mistakeIn(text);
  const lines = text.slice(0, offset).split('\n');
  const column = `column ${(lines.at(-1)?.length ?? 0) + 1}`;
  const place = isLine ? column : `line ${lines.length}, ${column}`;
  return `is not JSON at ${place}${hint(text, offset)}`;
}

// A string is read piece by piece: as one expression, a long one would be too much for the stack.
const PLAIN = /[ !#-[\]-\uffff]+/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const WORD = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const SPACE = /[ \t\r\n]*/y;

/**
 * Where the first character stands that no JSON text can have after what is before it. Node's own messages name a
 * position in some cases only, and differ between its versions.
 */
function mistakeIn(text: string): number {
  let at = 0;
  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at += found[0].length;
    return found !== null;
  };
  const symbol = (character: string): boolean => {
    skip(SPACE);
    if (text[at] !== character) return false;
    at++;
    return true;
  };

  const string = (): boolean => {
    const start = at;
    if (text[at] === '"') {
      at++;
      while (skip(PLAIN) || skip(ESCAPE));
      if (text[at++] === '"') return true;
    }
    at = start;
    return false;
  };

  /** What closes each list and object that is open. */
  const open: string[] = [];
  for (;;) {
    skip(SPACE);
    if (open.at(-1) === '}' && !(string() && symbol(':'))) return at;
    const closer = symbol('{') ? '}' : symbol('[') ? ']' : undefined;
    if (closer !== undefined && !symbol(closer)) {
      open.push(closer);
      continue;
    }
    if (closer === undefined && !string() && !skip(WORD)) return at;
    // A value is complete, and with it perhaps what it stands in.
    while (open.length > 0 && symbol(open.at(-1) as string)) open.pop();
    if (open.length === 0) skip(SPACE);
    if (open.length === 0 || !symbol(',')) return at;
  }
}

function hint(text: string, offset: number): string {
  const next = text[offset];
  if (next === undefined) return '; it ends too early';
  if (next === '/' || next === '#') return '; JSON has no comments';
  if (next === "'") return '; text stands in double quotes';
  return /[\]}]/.test(next) && /,\s*$/.test(text.slice(0, offset)) ? '; there is a comma too many before it' : '';
}
