/**
 * JSON to look at. Only white space is changed: parsing and printing again would turn 12345678901234567890 into another
 * number and drop the first of two equal keys, and somebody who looks at events wants to see what was sent.
 */

// Longer or deeper than this, the indentation itself becomes the load: 100 000 brackets would indent to gigabytes.
const MAX_LENGTH = 100_000;
const MAX_DEPTH = 40;

/**
 * Indented JSON, or undefined if the text is no JSON object or array (or is too large or too deep to indent).
 * @param {string} text
 * @returns {string | undefined}
 */
export function prettyJson(text) {
  if (text.length > MAX_LENGTH || !/^\s*[{[]/.test(text)) return undefined;
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  return indent(text);
}

/** @param {string} json Valid JSON. */
function indent(json) {
  let out = '';
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const character = /** @type {string} */ (json[at]);
    if (character === '"') {
      const end = stringEnd(json, at);
      out += json.slice(at, end);
      at = end - 1;
    } else if (character === '{' || character === '[') {
      const close = nextToken(json, at + 1);
      if (json[close] === '}' || json[close] === ']') {
        out += character + json[close];
        at = close;
      } else {
        if (++depth > MAX_DEPTH) return undefined;
        out += character + newLine(depth);
      }
    } else if (character === '}' || character === ']') {
      out += newLine(--depth) + character;
    } else if (character === ',') {
      out += character + newLine(depth);
    } else if (character === ':') {
      out += ': ';
    } else if (!isSpace(character)) {
      out += character;
    }
  }
  return out;
}

/** @param {number} depth */
const newLine = (depth) => `\n${'  '.repeat(depth)}`;

/** @param {string | undefined} character */
const isSpace = (character) => character === ' ' || character === '\n' || character === '\r' || character === '\t';

/**
 * @param {string} json
 * @param {number} at
 */
function nextToken(json, at) {
  while (isSpace(json[at])) at++;
  return at;
}

/**
 * The index after the string that begins at `at`.
 * @param {string} json
 * @param {number} at
 */
function stringEnd(json, at) {
  let end = at + 1;
  while (json[end] !== '"') end += json[end] === '\\' ? 2 : 1;
  return end + 1;
}
