/** An event before it is sent: from the form to what the API takes, and to a line for a shell. Pure. */

/** @typedef {{ event?: string, data: unknown, filter?: string, topics?: string[], except?: string[], supersedes?: string, ttl?: string, history?: false, retry?: number }} Draft */

/**
 * Reads the form. What was left empty is left out.
 * @param {FormData} fields
 * @returns {Draft}
 */
export function draftOf(fields) {
  /** @param {string} name */
  const text = (name) => String(fields.get(name) ?? '').trim();
  /** @param {string} name */
  const list = (name) =>
    text(name)
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean);
  const topics = list('topics');
  const except = list('except');
  return {
    ...(text('event') !== '' && { event: text('event') }),
    // A form has CRLF where the person has pressed Enter.
    data: asValue(String(fields.get('data') ?? '').replaceAll('\r\n', '\n')),
    ...(text('filter') !== '' && { filter: text('filter') }),
    ...(topics.length > 0 && { topics }),
    ...(except.length > 0 && { except }),
    ...(text('supersedes') !== '' && { supersedes: text('supersedes') }),
    ...(text('ttl') !== '' && { ttl: text('ttl') }),
    ...(fields.get('live') !== null && { history: /** @type {const} */ (false) }),
  };
}

/**
 * JSON as the value that it is, which is easier to read in a line for a shell; but only where the server makes the very same text of it.
 * @param {string} text
 */
function asValue(text) {
  if (!/^[{[]/.test(text)) return text;
  try {
    const value = JSON.parse(text);
    return JSON.stringify(value) === text ? value : text;
  } catch {
    return text;
  }
}

/**
 * An event of the past as a draft of the same.
 * @param {Record<string, any>} entry As `GET /admin/history/{id}` has it.
 * @returns {Draft}
 */
export function again({ id: _id, time: _time, size: _size, ...draft }) {
  return /** @type {Draft} */ (draft);
}

/**
 * The line that sends it, for a POSIX shell.
 * @param {Draft} draft
 * @param {{ url: string, hasToken: boolean }} where `url` is that of the broadcast.
 */
export function curlOf(draft, { url, hasToken }) {
  const token = hasToken ? ' -H "Authorization: Bearer $TOKEN"' : '';
  return `curl${token} --json ${quoted(JSON.stringify(draft))} ${/^[\w:/.-]+$/.test(url) ? url : quoted(url)}`;
}

/** @param {string} text */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
