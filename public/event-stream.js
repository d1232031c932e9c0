/**
 * The event stream format, read as WHATWG HTML 9.2.5 "Parsing an event stream" and 9.2.6 "Interpreting an event
 * stream" say, whatever the borders of the chunks: in the middle of a character, or between CR and LF.
 */

/**
 * One dispatched event.
 * @typedef {object} StreamEvent
 * @property {string} type `message` unless the stream names another.
 * @property {string} data The lines of data, joined by LF. May be empty.
 * @property {string} id The last id that the stream set, in this event or before it.
 */

// "If the field value consists of only ASCII digits".
const DIGITS = /^[0-9]+$/;

export class EventStreamParser {
  // UTF-8 decode: one leading BOM is dropped, what is invalid becomes U+FFFD, a character may span chunks.
  #decoder = new TextDecoder();
  /** The beginning of a line whose end has not come yet. */
  #rest = '';
  /** A line has ended with CR: an LF that comes next belongs to that line end. */
  #afterCarriageReturn = false;
  #data = '';
  #type = '';
  #idBuffer;
  #lastEventId;
  #onEvent;
  #onRetry;

  /**
   * @param {object} parts
   * @param {(event: StreamEvent) => void} parts.onEvent
   * @param {(milliseconds: number) => void} [parts.onRetry] May be given any number of digits' worth; bound it before use.
   * @param {string} [parts.lastEventId] What the stream before this one ended with. Browsers carry it over too.
   */
  constructor({ onEvent, onRetry = () => {}, lastEventId = '' }) {
    this.#onEvent = onEvent;
    this.#onRetry = onRetry;
    this.#idBuffer = lastEventId;
    this.#lastEventId = lastEventId;
  }

  /** What to say as `Last-Event-ID`. It moves at the blank line that ends a block, also if the block had no data. */
  get lastEventId() {
    return this.#lastEventId;
  }

  /**
   * Reads on. An event that the end of the stream cuts off is never dispatched, so there is nothing to call at the end.
   * @param {Uint8Array} bytes
   */
  push(bytes) {
    let text = this.#decoder.decode(bytes, { stream: true });
    if (text === '') return;
    if (this.#afterCarriageReturn && text.startsWith('\n')) text = text.slice(1);
    this.#afterCarriageReturn = text === '' ? false : text.endsWith('\r');

    // The rest is not searched again: a line that comes in many chunks costs its length, once.
    let start = 0;
    for (const { index, 0: end } of text.matchAll(/\r\n|\n|\r/g)) {
      const line = this.#rest + text.slice(start, index);
      this.#rest = '';
      start = index + end.length;
      this.#line(line);
    }
    this.#rest += text.slice(start);
  }

  /** @param {string} line */
  #line(line) {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return; // a comment
    if (colon === -1) return this.#field(line, '');
    this.#field(line.slice(0, colon), line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1));
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  #field(name, value) {
    if (name === 'data') this.#data += `${value}\n`;
    else if (name === 'event') this.#type = value;
    else if (name === 'id') this.#idBuffer = value.includes('\0') ? this.#idBuffer : value;
    else if (name === 'retry' && DIGITS.test(value)) this.#onRetry(Number(value));
  }

  #dispatch() {
    const data = this.#data;
    const type = this.#type;
    this.#data = '';
    this.#type = '';
    this.#lastEventId = this.#idBuffer;
    if (data !== '') this.#onEvent({ type: type || 'message', data: data.slice(0, -1), id: this.#lastEventId });
  }
}
