/** `<sse-tiles>`: how things stand, in a few numbers. */

import { paint } from './frame.js';
import { delay, rate, size, whole } from './numbers.js';

export class TilesElement extends HTMLElement {
  /** @type {import('./rates.js').Pace | undefined} */
  #pace;

  /** @param {import('./rates.js').Pace} pace */
  show(pace) {
    this.#pace = pace;
    paint(this.#draw);
  }

  /** Between two readings, the number of clients is what the feed says. @param {number} clients */
  count(clients) {
    if (!this.#pace) return;
    this.#pace = { ...this.#pace, clients };
    paint(this.#draw);
  }

  #draw = () => {
    const pace = this.#pace;
    if (!pace) return;
    this.#set('clients', whole(pace.clients));
    this.#set('events', rate(pace.events));
    this.#set('deliveries', rate(pace.deliveries));
    this.#set('bytes', size(pace.bytes));
    this.#set('gaps', whole(pace.gaps));
    this.#set('slow', whole(pace.slow));
    // Only where the server measures it, and something was sent.
    this.#set('delay', pace.delay === undefined ? '–' : delay(pace.delay));
    if (pace.delay !== undefined) /** @type {HTMLElement} */ (this.querySelector('[data-if="delay"]')).hidden = false;
    for (const name of /** @type {const} */ (['gaps', 'slow'])) {
      this.querySelector(`[data-tile="${name}"]`)?.classList.toggle('warn', pace[name] > 0);
    }
  };

  /** @param {string} name @param {string} text */
  #set(name, text) {
    const place = /** @type {HTMLElement} */ (this.querySelector(`[data-tile="${name}"]`));
    if (place.textContent !== text) place.textContent = text;
  }
}
