/** Whom the person wants to connect as, and the address that asks for it. */

/** @typedef {import('./words.js').Wish} Wish */

/**
 * Reads the form.
 * @param {HTMLFormElement} form
 * @returns {Wish & { start: 'next' | 'last' | 'earliest' }}
 */
export function readWish(form) {
  const fields = new FormData(form);
  /** @param {string} name */
  const value = (name) => String(fields.get(name) ?? '').trim();
  const topics = [
    ...new Set(
      value('topics')
        .split(',')
        .map((topic) => topic.trim()),
    ),
  ].filter(Boolean);
  const start = value('start');
  return {
    profile: value('profile'),
    login: value('login'),
    id: value('id'),
    topics,
    start: start === 'last' || start === 'earliest' ? start : 'next',
  };
}

/**
 * Fills the form from the page's address, so that a link can stand for a client:
 * `/?connect&profile=Administrator&topic=prices`.
 * @param {HTMLFormElement} form
 * @param {URLSearchParams} query
 */
export function fillWish(form, query) {
  for (const [name, value] of [
    ['profile', query.get('profile')],
    ['login', query.get('login')],
    ['id', query.get('id')],
    ['topics', query.getAll('topic').join(', ')],
  ]) {
    const field = form.elements.namedItem(name ?? '');
    if (value && field instanceof HTMLInputElement) field.value = value;
  }
}

/**
 * The event stream that a page's `Link` header names (RFC 8288); undefined if there is none.
 * @param {string} page
 */
export async function linkedStream(page) {
  const answer = await fetch(page, { method: 'HEAD' }).catch(() => undefined);
  return /<([^>]+)>; rel="alternate"; type="text\/event-stream"/.exec(answer?.headers.get('link') ?? '')?.[1];
}

/**
 * Where the stream is: what the page was told, unless its own address names another path on this very server.
 * @param {string} told
 * @param {Location} location
 */
export function streamPath(told, { origin, search }) {
  const asked = new URLSearchParams(search).get('path');
  if (!asked?.startsWith('/') || asked.startsWith('//')) return told;
  // `/\evil.test` and `/<tab>/evil.test` are other hosts, too.
  return URL.canParse(asked, origin) && new URL(asked, origin).origin === origin ? asked : told;
}

/**
 * The stream's address for this wish. What was left empty is left out.
 * @param {string} path
 * @param {Wish & { start: string }} wish
 * @param {string} origin
 * @returns {string} Path and query.
 */
export function streamAddress(path, wish, origin) {
  const url = new URL(path, origin);
  for (const name of /** @type {const} */ (['profile', 'login', 'id'])) {
    if (wish[name] !== '') url.searchParams.set(name, wish[name]);
  }
  for (const topic of wish.topics) url.searchParams.append('topic', topic);
  if (wish.start === 'earliest') url.searchParams.set('since', 'earliest');
  return url.pathname + url.search;
}
