/** `<sse-chart data-series data-title>`: one number over the last minutes. */

import { paint } from './frame.js';
import { rate } from './numbers.js';

/** So many readings are drawn, one a second. */
const LENGTH = 300;
const HEIGHT = 100;
const NAMESPACE = 'http://www.w3.org/2000/svg';

export class ChartElement extends HTMLElement {
  /** Oldest first. @type {number[]} */
  #values = [];
  #picture = svg('svg', { viewBox: `0 0 ${LENGTH - 1} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img' });
  #area = svg('path', { class: 'area' });
  #line = svg('path', { class: 'line' });
  #most = document.createElement('span');

  connectedCallback() {
    const title = document.createElement('p');
    title.className = 'chart-title';
    this.#most.className = 'quiet';
    title.append(this.dataset.title ?? '', ' ', this.#most);
    this.#picture.append(this.#area, this.#line);
    this.append(title, this.#picture);
    this.#draw();
  }

  /** @param {number} value */
  add(value) {
    this.#values.push(value);
    if (this.#values.length > LENGTH) this.#values.shift();
    paint(this.#draw);
  }

  #draw = () => {
    const values = this.#values;
    const most = values.reduce((top, value) => Math.max(top, value), 0);
    const top = most === 0 ? 1 : most * 1.08;
    const points = values.map((value, index) => {
      const x = LENGTH - values.length + index;
      return `${x} ${(HEIGHT - (value / top) * HEIGHT).toFixed(1)}`;
    });
    const line = points.length === 0 ? '' : `M${points.join('L')}`;
    this.#line.setAttribute('d', line);
    this.#area.setAttribute('d', line && `${line}V${HEIGHT}H${LENGTH - values.length}Z`);
    this.#most.textContent = values.length === 0 ? '' : `at most ${rate(most)}`;
    const now = values.at(-1);
    const label = now === undefined ? 'nothing yet' : `${rate(now)} now, at most ${rate(most)}`;
    this.#picture.setAttribute('aria-label', `${this.dataset.title}, last 5 minutes: ${label}`);
  };
}

/** @param {string} tag @param {Record<string, string>} attributes */
function svg(tag, attributes) {
  const made = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
