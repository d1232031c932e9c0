/** `<sse-events>`: the events of late, with pause and search, and *send again*. */

import { sentence } from '../sentence.js';
import { ask, Refusal } from './api.js';
import { again } from './draft.js';
import { paint } from './frame.js';
import { counted, whole } from './numbers.js';
import { RecentEvents } from './recent-events.js';
import { VirtualGrid } from './virtual-grid.js';

/** @typedef {import('./recent-events.js').Row} Row */

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

export class EventsElement extends HTMLElement {
  #recent = new RecentEvents((added) => {
    this.#added += added;
    paint(this.#draw);
  });
  /** Rows that came in since the last paint. */
  #added = 0;
  /** What is shown while the list is paused. @type {{ rows: readonly Row[], total: number } | undefined} */
  #paused;
  /** @type {VirtualGrid<Row>} */
  #grid = /** @type {any} */ (undefined);

  connectedCallback() {
    this.#grid = new VirtualGrid({
      root: this.#the('events-grid'),
      label: 'Events, newest first',
      empty: 'No events yet.',
      keyOf: ({ id }) => id,
      columns: [
        { title: 'Time', className: 'code', fill: (cell, { time }) => fillText(cell, clock.format(new Date(time))) },
        { title: 'Type', className: 'type-cell', fill: (cell, { event }) => fillText(cell, event) },
        { title: 'Data', className: 'code data-cell', fill: fillData },
        { title: 'For', fill: (cell, row) => fillText(cell, audienceOf(row)) },
        {
          title: 'Clients',
          className: 'number',
          fill: (cell, row) => fillText(cell, row.matched === undefined ? '–' : whole(row.matched)),
        },
      ],
      actions: [
        { text: 'Look', name: ({ event, id }) => `Look at ${event} ${id}`, act: ({ id }) => this.#tell('look', id) },
        { text: 'Send again', name: ({ event, id }) => `Send again: ${event} ${id}`, act: (row) => void this.#sendAgain(row) },
      ],
    });
    this.#search.addEventListener('input', () => paint(this.#draw));
    this.#the('events-pause').addEventListener('click', () => this.#pause());
  }

  /** What the feed tells. @param {string} type @param {any} told */
  take(type, told) {
    if (type === 'ready') this.#recent.begin();
    else if (type === 'broadcast') this.#recent.add(told);
    else return;
    paint(this.#draw);
  }

  get #search() {
    return /** @type {HTMLInputElement} */ (this.#the('events-search'));
  }

  /** @param {string} id */
  #the(id) {
    return /** @type {HTMLElement} */ (this.querySelector(`#${id}`));
  }

  #draw = () => {
    const { rows, total } = this.#paused ?? this.#recent;
    const wanted = this.#search.value.trim().toLowerCase();
    const found = wanted === '' ? rows : rows.filter((row) => textOf(row).includes(wanted));
    this.#grid.show(found, this.#paused || wanted !== '' ? 0 : this.#added);
    this.#added = 0;
    this.#the('events-count').textContent = this.#count(found.length, rows.length, total);
  };

  /** @param {number} found @param {number} shown @param {number} total */
  #count(found, shown, total) {
    if (this.#paused) return `paused, ${whole(this.#recent.total - total)} new`;
    if (found < shown) return `${whole(found)} of ${whole(shown)}`;
    return this.#recent.skipped > 0 ? `${whole(shown)}, a sample of ${whole(total)}` : whole(shown);
  }

  #pause() {
    const { rows, total } = this.#recent;
    this.#paused = this.#paused ? undefined : { rows, total };
    const button = this.#the('events-pause');
    button.setAttribute('aria-pressed', String(this.#paused !== undefined));
    button.textContent = this.#paused ? 'Go on' : 'Pause';
    paint(this.#draw);
  }

  /** @param {Row} row */
  async #sendAgain({ id, event }) {
    const place = this.#the('events-done');
    try {
      const body = again(await ask('GET', `history/${id}`));
      const sent = await ask('POST', 'broadcast', { body });
      place.replaceChildren(...sentence`Sent ${event} again, to ${counted(sent.matched, 'client')}: ${sent.id}`);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      place.textContent = error.message;
    }
  }

  /** @param {string} what @param {unknown} detail */
  #tell(what, detail) {
    this.dispatchEvent(new CustomEvent(what, { detail, bubbles: true }));
  }
}

/** @param {Row} row */
const textOf = ({ id, event, data = '' }) => `${id}\n${event}\n${data}`.toLowerCase();

/** For whom it was, in a few words. @param {Row} row */
function audienceOf({ filter, topics, except, data }) {
  const parts = [filter, topics && `topics ${topics.join(', ')}`, except && `not ${except.join(', ')}`].filter(Boolean);
  return parts.length > 0 ? parts.join(' · ') : data === undefined ? '' : 'everyone';
}

/** @param {HTMLElement} cell @param {Row} row */
function fillData(cell, { data, size }) {
  fillText(cell, data === undefined ? `${whole(size)} characters, not kept` : data.replace(/\s+/g, ' '));
}

/** @param {HTMLElement} cell @param {string} text */
function fillText(cell, text) {
  if (cell.textContent !== text) cell.textContent = text;
}
