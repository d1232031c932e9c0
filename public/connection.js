/**
 * An event stream that comes back by itself. It is built on fetch() because an EventSource delivers only the types that
 * it was told beforehand, and says nothing about why it was turned away; a page to look at a stream needs both.
 * In all else it does what an EventSource does: `Last-Event-ID`, `retry:`, 204 ends it for good.
 */

import { EventStreamParser } from './event-stream.js';

/**
 * Why a stream is not there just now.
 * - `unreachable`: no answer. `ended`: it was there and broke off. `full`: 200, and an end before the first event, which is
 *   how a server at its limit sends an event stream away. `unavailable`: 429, 502, 503 or 504.
 * @typedef {{ kind: 'unreachable' | 'ended' | 'full' } | { kind: 'unavailable', status: number }} Absence
 */

/**
 * @typedef {{ name: 'connecting', answered: boolean }
 *   | { name: 'open' }
 *   | { name: 'waiting', why: Absence, until: number }
 *   | { name: 'refused', status: number, title: string, detail: string }
 *   | { name: 'closed', by: 'person' | 'server' }} State `until` is in milliseconds since 1970.
 */

const FIRST_RETRY = 2_000;
// A timer above 2^31 - 1 ms fires at once, and `retry: 0` would make a storm: the server's own bounds.
const SHORTEST_WAIT = 500;
const LONGEST_WAIT = 3_600_000;
/** Failures in a row wait longer each time, up to this, unless the server asked for more. */
const BACKOFF_LIMIT = 15_000;
const PASSING = new Set([429, 502, 503, 504]);

export class Connection {
  #url;
  #onState;
  #onEvent;
  #lastEventId;
  #retry = FIRST_RETRY;
  #failures = 0;
  /** The attempt that counts; an older one that still settles is ignored. @type {AbortController | undefined} */
  #attempt;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {object} parts
   * @param {string} parts.url
   * @param {string} [parts.lastEventId] Where to go on; empty starts with what comes next.
   * @param {(state: State) => void} parts.onState
   * @param {(event: import('./event-stream.js').StreamEvent) => void} parts.onEvent
   */
  constructor({ url, lastEventId = '', onState, onEvent }) {
    this.#url = url;
    this.#lastEventId = lastEventId;
    this.#onState = onState;
    this.#onEvent = onEvent;
  }

  /** Connects; while it waits to come back, at once. */
  async open() {
    this.#stop();
    const attempt = new AbortController();
    this.#attempt = attempt;
    this.#onState({ name: 'connecting', answered: false });
    const outcome = await this.#run(attempt.signal);
    if (this.#attempt !== attempt) return;
    attempt.abort();
    if ('name' in outcome) return this.#onState(outcome);
    this.#failures = outcome.kind === 'ended' ? 0 : this.#failures + 1;
    const wait = this.#wait(outcome);
    this.#timer = setTimeout(() => this.open(), wait);
    this.#onState({ name: 'waiting', why: outcome, until: Date.now() + wait });
  }

  /** Ends it. No event and no state comes after the one that says so. */
  close() {
    this.#stop();
    this.#onState({ name: 'closed', by: 'person' });
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#attempt?.abort();
    this.#attempt = undefined;
  }

  /**
   * One stream from its request to its end.
   * @param {AbortSignal} signal
   * @returns {Promise<Absence & { after?: number } | Extract<State, { name: 'refused' | 'closed' }>>}
   */
  async #run(signal) {
    let heard = false;
    const parser = new EventStreamParser({
      lastEventId: this.#lastEventId,
      onRetry: (milliseconds) => {
        this.#retry = milliseconds;
      },
      onEvent: (event) => {
        if (signal.aborted) return;
        if (!heard) this.#onState({ name: 'open' });
        heard = true;
        this.#onEvent(event);
      },
    });
    /** @type {Response} */
    let response;
    try {
      response = await fetch(this.#url, { headers: this.#headers(), cache: 'no-store', signal });
    } catch {
      return { kind: 'unreachable' };
    }
    if (response.status === 204) return { name: 'closed', by: 'server' };
    if (PASSING.has(response.status)) return { kind: 'unavailable', status: response.status, after: retryAfter(response) };
    const type = response.headers.get('content-type') ?? '';
    if (response.status !== 200 || !response.body || !/^text\/event-stream\s*(;|$)/i.test(type)) return refusal(response, type);

    this.#onState({ name: 'connecting', answered: true });
    const reader = response.body.getReader();
    while (!signal.aborted) {
      const chunk = await reader.read().catch(() => undefined);
      if (!chunk || chunk.done || signal.aborted) break;
      parser.push(chunk.value);
      // After an abort it is somebody else's stream that counts.
      if (!signal.aborted) this.#lastEventId = parser.lastEventId;
    }
    return { kind: heard ? 'ended' : 'full' };
  }

  #headers() {
    const headers = new Headers({ Accept: 'text/event-stream' });
    // A header holds bytes: UTF-8, as EventSource sends it. The ids of our server are plain ASCII.
    const bytes = Array.from(new TextEncoder().encode(this.#lastEventId), (byte) => String.fromCharCode(byte));
    if (bytes.length > 0) headers.set('Last-Event-ID', bytes.join(''));
    return headers;
  }

  /** @param {Absence & { after?: number }} outcome */
  #wait({ kind, after }) {
    const retry = Math.min(Math.max(after ?? this.#retry, SHORTEST_WAIT), LONGEST_WAIT);
    // What a server asks for is what it gets; what nobody answers is asked less and less often.
    if (kind === 'ended' || kind === 'full' || after !== undefined) return retry;
    return Math.min(retry * 1.5 ** (this.#failures - 1), Math.max(retry, BACKOFF_LIMIT));
  }
}

/** `Retry-After` in milliseconds, where it is a number of seconds. @param {Response} response */
function retryAfter(response) {
  const value = response.headers.get('retry-after') ?? '';
  return /^[0-9]+$/.test(value) ? Number(value) * 1_000 : undefined;
}

/**
 * What the server says against it: RFC 9457 where it speaks that, else the status.
 * @param {Response} response
 * @param {string} type
 * @returns {Promise<Extract<State, { name: 'refused' }>>}
 */
async function refusal(response, type) {
  const { status, statusText } = response;
  const refused = {
    name: /** @type {const} */ ('refused'),
    status,
    title: statusText,
    detail: '',
  };
  if (status === 200) {
    response.body?.cancel();
    return {
      ...refused,
      title: 'No event stream',
      detail: `The answer is ${type || 'of no type'}, not text/event-stream.`,
    };
  }
  if (!/^application\/(problem\+)?json\b/i.test(type)) return refused;
  const problem = await response.json().catch(() => undefined);
  if (typeof problem?.title === 'string') refused.title = problem.title;
  if (typeof problem?.detail === 'string') refused.detail = problem.detail;
  return refused;
}
