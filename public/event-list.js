/**
 * The list of events: newest last, bounded, one change of the page per frame however many events arrive.
 * Everything that comes from a stream becomes a text node; there is no other way in.
 */

import { prettyJson } from './pretty.js';

const MAX_ROWS = 1_000;
/** Characters of data that all rows hold together. A thousand events of 1 MiB would be a gigabyte. */
const MAX_CHARACTERS = 8_000_000;
/** Characters of one event that are shown until the person asks for all. */
const CLIP = 1_200;
/** So near to the end, in pixels, counts as at the end. */
const NEAR = 32;
const HUES = 6;

const clock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});

/**
 * @typedef {{ kind: 'event', time: Date, type: string, id: string, data: string }
 *   | ({ kind: 'note', time: Date } & import('./words.js').Note)} Entry
 */

export class EventList {
  #list;
  #jump;
  #onChange;
  /** What waits for the next frame. A page in the background gets none: bounded like the list. @type {Entry[]} */
  #pending = [];
  #frame = 0;
  /** Characters per row. @type {Map<Element, number>} */
  #weights = new Map();
  #weight = 0;
  /** Whether the list shows its end and goes along with it. */
  #following = true;
  #unseen = 0;
  #total = 0;

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.list
   * @param {HTMLElement} parts.jump The button that leads back to the end.
   * @param {(counts: { rows: number, shown: number, total: number }) => void} parts.onChange Rows of any kind, events among
   *   them, and events since the last clear().
   */
  constructor({ list, jump, onChange }) {
    this.#list = list;
    this.#jump = jump;
    this.#onChange = onChange;
    // What scrolls can be scrolled with the keyboard, in every browser.
    list.tabIndex = 0;
    list.addEventListener('scroll', () => this.#look(), { passive: true });
    jump.addEventListener('click', () => this.#toEnd());
    new ResizeObserver(() => {
      if (this.#following) list.scrollTop = list.scrollHeight;
    }).observe(list);
  }

  /** @param {Entry} entry */
  add(entry) {
    if (entry.kind === 'event') this.#total++;
    this.#pending.push(entry);
    if (this.#pending.length >= 2 * MAX_ROWS) this.#pending.splice(0, MAX_ROWS);
    this.#frame ||= requestAnimationFrame(() => this.#flush());
  }

  clear() {
    this.#pending = [];
    this.#weights.clear();
    this.#weight = 0;
    this.#total = 0;
    this.#list.replaceChildren();
    this.#look();
    this.#changed();
  }

  #flush() {
    this.#frame = 0;
    const entries = this.#pending.slice(-MAX_ROWS);
    this.#pending = [];
    const rows = document.createDocumentFragment();
    for (const entry of entries) {
      const row = entry.kind === 'event' ? eventRow(entry, () => this.#look()) : noteRow(entry);
      const weight = entry.kind === 'event' ? entry.data.length : 0;
      this.#weights.set(row, weight);
      this.#weight += weight;
      rows.append(row);
    }
    this.#list.append(rows);
    this.#trim();
    if (this.#following) this.#list.scrollTop = this.#list.scrollHeight;
    else this.#unseen += entries.length;
    this.#label();
    this.#changed();
  }

  /** Takes the oldest rows away; the newest always stays. */
  #trim() {
    for (const [row, weight] of this.#weights) {
      if (this.#weights.size <= MAX_ROWS && (this.#weight <= MAX_CHARACTERS || this.#weights.size === 1)) return;
      // The focus must not vanish with the row that had it.
      if (row.contains(document.activeElement)) this.#list.focus({ preventScroll: true });
      row.remove();
      this.#weights.delete(row);
      this.#weight -= weight;
    }
  }

  /** Finds out whether the person looks at the end. */
  #look() {
    const { scrollHeight, scrollTop, clientHeight } = this.#list;
    this.#following = scrollHeight - scrollTop - clientHeight <= NEAR;
    if (this.#following) this.#unseen = 0;
    this.#label();
  }

  #label() {
    this.#jump.textContent = this.#unseen > 0 ? `Jump to latest, ${this.#unseen.toLocaleString('en')} new` : 'Jump to latest';
    if (this.#following && this.#jump === document.activeElement) this.#list.focus({ preventScroll: true });
    this.#jump.hidden = this.#following;
  }

  #toEnd() {
    this.#list.focus({ preventScroll: true });
    this.#list.scrollTop = this.#list.scrollHeight;
    this.#look();
  }

  #changed() {
    const shown = this.#list.querySelectorAll(':scope > .event').length;
    this.#onChange({ rows: this.#weights.size, shown, total: this.#total });
  }
}

/**
 * @param {string} tag
 * @param {string} className
 * @param {string} [text]
 */
function element(tag, className, text = '') {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

/** @param {Date} time */
function timeOf(time) {
  const made = /** @type {HTMLTimeElement} */ (element('time', 'time', clock.format(time)));
  made.dateTime = time.toISOString();
  return made;
}

/**
 * @param {Extract<Entry, { kind: 'event' }>} entry
 * @param {() => void} onResize
 */
function eventRow({ time, type, id, data }, onResize) {
  const row = element('div', 'event');
  const head = element('div', 'head');
  // <bdi>: a type that turns the writing direction must not turn the row around it.
  const name = element('bdi', 'type', type);
  name.dataset.hue = type === 'message' ? 'plain' : String(hue(type));
  head.append(name, timeOf(time), ...(id === '' ? [] : [element('span', 'spoken', 'id'), element('bdi', 'id', id)]));
  row.append(head, ...dataOf(data, onResize));
  return row;
}

/** @param {Extract<Entry, { kind: 'note' }>} entry */
function noteRow({ time, tone, text, detail }) {
  const row = element('div', `note ${tone}`);
  const head = element('div', 'head');
  head.append(element('strong', '', text), timeOf(time));
  row.append(head, ...(detail ? [element('p', 'detail', detail)] : []));
  return row;
}

/**
 * The data, indented where it is JSON, and clipped until the person asks for all of it.
 * @param {string} data
 * @param {() => void} onResize
 */
function dataOf(data, onResize) {
  if (data === '') return [element('p', 'none', 'no data')];
  const text = prettyJson(data) ?? data;
  if (text.length <= CLIP) return [element('pre', 'data', text)];
  // Not between the two halves of a character.
  const clipped = `${text.slice(0, CLIP).replace(/[\uD800-\uDBFF]$/, '')}…`;
  const shown = element('pre', 'data', clipped);
  const more = element('button', 'small more');
  let open = false;
  const label = () => {
    more.textContent = open ? 'Show less' : `Show all ${text.length.toLocaleString('en')} characters`;
    more.setAttribute('aria-expanded', String(open));
  };
  more.addEventListener('click', () => {
    open = !open;
    shown.textContent = open ? text : clipped;
    label();
    onResize();
  });
  label();
  return [shown, more];
}

/** The same colour for the same type, each time. @param {string} type */
function hue(type) {
  let hash = 0;
  for (let at = 0; at < type.length; at++) hash = (hash * 31 + type.charCodeAt(at)) % 65_521;
  return hash % HUES;
}
