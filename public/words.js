/** What the page says, in one place: about the connection, and for the server's control events. Pure functions. */

/**
 * Whom the person asked to be, and what it wants to hear.
 * @typedef {{ profile: string, login: string, id: string, topics: string[] }} Wish
 */

/**
 * A line in the list that is no event.
 * @typedef {{ tone: 'good' | 'calm' | 'warn' | 'bad', text: string, detail?: string }} Note
 */

/** Why the server ends a stream. */
const GOODBYES = {
  shutdown: 'the server is stopping',
  complete: 'that was all of the past, and no more was asked for',
  slow: 'this page read too slowly',
  kicked: 'an operator ended the stream',
  expired: 'the sign-in has run out',
  revoked: 'the sign-in was withdrawn',
  'max-age': 'the stream has reached its maximum age',
  refused: 'the server does not take this client',
  error: 'something failed in the server',
};

/** Why a stream could not go on where it ended. */
const GAPS = {
  evicted: 'They are no longer in the history of the server. The list goes on with the oldest event that is.',
  epoch: 'The server has begun a new log since then, most likely because it was restarted.',
  unknown: 'The server does not know the id that this page asked it to go on from.',
  corrupt: 'What the server had stored of them is damaged.',
};

/** What a person can do about a refusal. @type {Record<number, string>} */
const ADVICE = {
  401: 'The server wants to know who you are, by a bearer header or a cookie. For this page, set the cookie in the browser’s console: document.cookie = "sse_token=…" (or the name that --auth-cookie gave).',
  404: 'There is no event stream at this path: open this page without ?path=, or with a path that --sse-path gave.',
};

/**
 * The data of a control event; nothing in it is taken for granted.
 * @param {string} data
 * @returns {Record<string, unknown>}
 */
export function controlData(data) {
  try {
    const value = JSON.parse(data);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** @param {unknown} value */
const text = (value) => (typeof value === 'string' ? value : '');

/**
 * An own property of a table, by a name that came from outside.
 * @param {Record<string, string>} table
 * @param {string} name
 */
const lookUp = (table, name) => (Object.hasOwn(table, name) ? table[name] : undefined);

/**
 * `sse.open`: who the server takes this page for.
 * @param {Record<string, unknown>} data
 * @param {Wish} wish
 * @returns {{ status: string, notes: Note[], explanation: string }} The explanation is empty when there is nothing to explain.
 */
export function opened(data, wish) {
  const profile = text(data.profile);
  const signedIn = data.authenticated === true;
  const taken = profile === wish.profile;
  const declared = taken && wish.login + wish.id !== '';
  let status = 'Connected as anonymous';
  // The server does not repeat the login; if it took the profile that we declared, it took the login as well.
  if (profile !== '') status = `Connected as ${profile}${!signedIn && taken && wish.login !== '' ? ` (${wish.login})` : ''}`;
  else if (signedIn) status = 'Connected, signed in';
  else if (declared) status = 'Connected without a profile';
  /** @type {Note[]} */
  const notes = [{ tone: 'good', text: status, detail: topics(wish) }];
  if (taken || wish.profile === '') return { status, notes, explanation: '' };
  const warning = `The profile “${wish.profile}” did not count`;
  notes.push({ tone: 'warn', text: warning });
  return { status, notes, explanation: `${warning}. ${notTaken(signedIn, profile)}` };
}

/** @param {Wish} wish */
const topics = (wish) => (wish.topics.length === 0 ? '' : `Topics asked for: ${wish.topics.join(', ')}`);

/**
 * @param {boolean} signedIn
 * @param {string} profile
 */
function notTaken(signedIn, profile) {
  if (signedIn) return `You are signed in, and the sign-in says who you are: ${profile || 'without a profile'}.`;
  return (
    `For the server you are ${profile || 'anonymous'}. A client may say for itself who it is only while the server listens ` +
    'on its own machine alone and has no sign-in configured.'
  );
}

/**
 * `sse.gap`: some events did not come, and are said not to.
 * @param {Record<string, unknown>} data
 * @returns {Note}
 */
export function missed({ missed: count, reason }) {
  const why = text(reason) || 'no reason given';
  const number = typeof count === 'number' ? count.toLocaleString('en') : undefined;
  const what =
    number === undefined ? 'Events missed, nobody knows how many' : `${number} ${count === 1 ? 'event' : 'events'} missed`;
  return { tone: 'warn', text: `${what}: ${why}`, detail: lookUp(GAPS, why) };
}

/**
 * `sse.bye`: the server ends the stream.
 * @param {Record<string, unknown>} data
 * @returns {Note}
 */
export function goodbye({ reason }) {
  const why = text(reason) || 'no reason given';
  const meaning = lookUp(GOODBYES, why);
  return {
    tone: 'calm',
    text: `The server said goodbye: ${why}; reconnecting…`,
    detail: meaning && `That is, ${meaning}.`,
  };
}

/**
 * `sse.auth`: the sign-in is about to run out.
 * @param {Record<string, unknown>} data
 * @returns {Note}
 */
export function runsOut({ expiresIn }) {
  const when = typeof expiresIn === 'number' ? `in ${expiresIn.toLocaleString('en')} s` : 'soon';
  return { tone: 'warn', text: `The sign-in runs out ${when}`, detail: 'A new one keeps the stream: POST …/renew?client=….' };
}

/**
 * Why there is no stream just now.
 * @param {import('./connection.js').Absence} why
 * @returns {Note}
 */
export function absent(why) {
  if (why.kind === 'full') {
    return {
      tone: 'warn',
      text: 'The server is full; it asked this page to come back later',
      detail: 'It answered 200 and ended the stream at once: that makes an EventSource try again.',
    };
  }
  if (why.kind === 'unavailable') {
    return {
      tone: 'warn',
      text: `The answer was ${why.status}; trying again`,
      detail: 'This page tries again. An EventSource would have given up for good.',
    };
  }
  if (why.kind === 'unreachable') return { tone: 'warn', text: 'The server does not answer; trying again' };
  return { tone: 'warn', text: 'The stream broke off; reconnecting…' };
}

/**
 * The answer was no.
 * @param {{ status: number, title: string, detail: string }} state
 * @returns {{ text: string, explanation: string }}
 */
export function refused({ status, title, detail }) {
  const said = detail === '' || /[.!?]$/.test(detail) ? detail : `${detail}.`;
  const explanation = [said, ADVICE[status]].filter(Boolean).join(' ');
  return { text: `Refused: ${status} ${title}`.trim(), explanation };
}

/**
 * What may be in the way when a connection takes its time.
 * @param {boolean} answered
 */
export function takingLong(answered) {
  return answered
    ? 'The server has answered, but nothing came yet. A proxy between may be holding the stream back.'
    : 'Still no answer. A browser opens at most six connections to one HTTP/1.1 server: other tabs with a stream may be using them.';
}
