/**
 * A grid of many rows, of which only those in sight are in the page. One of them, or a button in it, is in the tab order;
 * arrow keys lead to the others (WAI-ARIA, "Grid pattern"). A row keeps its element, and with it the focus, as long as
 * its item is there.
 */

import { paint } from './frame.js';

/** The height of a row in pixels; grid.css says the same. */
const ROW = 44;
/** Rows beyond what is in sight, on either side. */
const SPARE = 4;

/**
 * @template T
 * @typedef {{ title: string, className?: string, fill: (cell: HTMLElement, item: T) => void }} Column
 */

/**
 * `name` is for whoever does not see the row.
 * @template T
 * @typedef {{ text: string, name: (item: T) => string, act: (item: T) => void }} Action
 */

/** @template T */
export class VirtualGrid {
  #parts;
  #body = element('div', 'grid-body', 'rowgroup');
  #space = element('div', 'grid-space', 'presentation');
  /** @type {readonly T[]} */
  #items = [];
  /** Rows in the page, by key. @type {Map<string, { row: HTMLElement, item: T, index: number }>} */
  #rows = new Map();
  /** Items that came in before those that were there at the last paint. */
  #before = 0;
  /** What is in the tab order: a row, and in it the button with this number; -1 is the row itself. */
  #active = { key: '', index: 0, button: -1 };

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.root
   * @param {string} parts.label
   * @param {string} parts.empty What stands there while there is no row.
   * @param {readonly Column<T>[]} parts.columns
   * @param {readonly Action<T>[]} parts.actions The first is also what Enter does.
   * @param {(item: T) => string} parts.keyOf
   * @param {() => void} [parts.onNearEnd] The last rows have come in sight.
   */
  constructor(parts) {
    this.#parts = parts;
    parts.root.setAttribute('role', 'grid');
    parts.root.setAttribute('aria-label', parts.label);
    const head = element('div', 'grid-row grid-head', 'row');
    head.setAttribute('aria-rowindex', '1');
    for (const { title, className = '' } of parts.columns) head.append(element('div', className, 'columnheader', title));
    head.append(element('div', 'actions', 'columnheader', 'Actions'));
    const headGroup = element('div', 'grid-top', 'rowgroup');
    headGroup.append(head);
    this.#body.dataset.empty = parts.empty;
    this.#body.append(this.#space);
    parts.root.append(headGroup, this.#body);
    this.#body.addEventListener('scroll', () => paint(this.#draw), { passive: true });
    this.#body.addEventListener('keydown', (event) => this.#onKey(event));
    this.#body.addEventListener('focusin', (event) => this.#onFocus(/** @type {HTMLElement} */ (event.target)));
    new ResizeObserver(() => paint(this.#draw)).observe(this.#body);
    this.show([]);
  }

  /**
   * Shows these. Whoever has scrolled down goes on seeing the same rows.
   * @param {readonly T[]} items
   * @param {number} [before] How many of them came in before the first of those shown until now.
   */
  show(items, before = 0) {
    this.#items = items;
    this.#before += before;
    paint(this.#draw);
  }

  /** Fills the cells anew of what is in sight: time passes, too. */
  refresh() {
    for (const { row, item } of this.#rows.values()) this.#fill(row, item);
  }

  #draw = () => {
    const { root, keyOf, onNearEnd } = this.#parts;
    const items = this.#items;
    root.setAttribute('aria-rowcount', String(items.length + 1));
    this.#body.classList.toggle('is-empty', items.length === 0);
    this.#space.style.height = `${items.length * ROW}px`;
    if (this.#body.scrollTop > 0) this.#body.scrollTop += this.#before * ROW;
    this.#before = 0;
    const { scrollTop, clientHeight } = this.#body;
    const first = Math.max(0, Math.floor(scrollTop / ROW) - SPARE);
    const last = Math.min(items.length, Math.ceil((scrollTop + clientHeight) / ROW) + SPARE);
    const held = this.#hold();
    const shown = [];
    for (let index = first; index < last; index++) shown.push(index);
    // The row that has the focus stays, wherever the person scrolls.
    if (held >= 0 && held < first) shown.unshift(held);
    if (held >= last) shown.push(held);

    const keys = new Set(shown.map((index) => keyOf(/** @type {T} */ (items[index]))));
    const hadFocus = this.#body.contains(document.activeElement);
    for (const [key, { row }] of this.#rows) {
      if (keys.has(key)) continue;
      row.remove();
      this.#rows.delete(key);
    }
    let next = this.#space.firstElementChild;
    for (const index of shown) {
      const row = this.#place(index);
      if (row === next) next = row.nextElementSibling;
      else this.#space.insertBefore(row, next);
    }
    this.#rove();
    if (hadFocus && !this.#body.contains(document.activeElement)) this.#focus();
    if (last > items.length - 2 * SPARE) onNearEnd?.();
  };

  /** Where the row in the tab order is now: with its item, or where that was. */
  #hold() {
    const { keyOf } = this.#parts;
    const items = this.#items;
    const active = this.#active;
    const at = items[active.index];
    if (at === undefined || keyOf(at) !== active.key) {
      const found = active.key === '' ? -1 : items.findIndex((item) => keyOf(item) === active.key);
      active.index = found >= 0 ? found : Math.max(0, Math.min(active.index, items.length - 1));
      const now = items[active.index];
      active.key = now === undefined ? '' : keyOf(now);
    }
    return items.length > 0 ? active.index : -1;
  }

  /** @param {number} index */
  #place(index) {
    const item = /** @type {T} */ (this.#items[index]);
    const key = this.#parts.keyOf(item);
    let shown = this.#rows.get(key);
    if (!shown) {
      shown = { row: this.#make(), item, index: -1 };
      this.#fill(shown.row, item);
      this.#rows.set(key, shown);
    } else if (shown.item !== item) {
      shown.item = item;
      this.#fill(shown.row, item);
    }
    if (shown.index !== index) {
      shown.index = index;
      shown.row.style.transform = `translateY(${index * ROW}px)`;
      shown.row.setAttribute('aria-rowindex', String(index + 2));
      shown.row.dataset.index = String(index);
    }
    return shown.row;
  }

  #make() {
    const { columns, actions } = this.#parts;
    const row = element('div', 'grid-row', 'row');
    row.tabIndex = -1;
    for (const { className = '' } of columns) row.append(element('div', className, 'gridcell'));
    const cell = element('div', 'actions', 'gridcell');
    for (const { text, act } of actions) {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'small';
      button.textContent = text;
      button.tabIndex = -1;
      button.addEventListener('click', () => {
        const item = this.#items[Number(row.dataset.index)];
        if (item !== undefined) act(item);
      });
      cell.append(button);
    }
    row.append(cell);
    return row;
  }

  /** @param {HTMLElement} row @param {T} item */
  #fill(row, item) {
    const { columns, actions } = this.#parts;
    for (const [index, { fill }] of columns.entries()) fill(/** @type {HTMLElement} */ (row.children[index]), item);
    for (const [index, { name }] of actions.entries()) buttonsOf(row)[index]?.setAttribute('aria-label', name(item));
  }

  /** Exactly one thing is in the tab order. Without rows that is the body, so that the focus has somewhere to go. */
  #rove() {
    const isEmpty = this.#items.length === 0;
    this.#body.tabIndex = isEmpty ? 0 : -1;
    if (isEmpty) this.#body.setAttribute('aria-label', this.#parts.empty);
    else this.#body.removeAttribute('aria-label');
    for (const [key, { row }] of this.#rows) {
      const isActive = key === this.#active.key;
      row.tabIndex = isActive && this.#active.button < 0 ? 0 : -1;
      for (const [index, button] of buttonsOf(row).entries())
        button.tabIndex = isActive && this.#active.button === index ? 0 : -1;
    }
  }

  #focus() {
    const row = this.#rows.get(this.#active.key)?.row;
    const target = row && this.#active.button >= 0 ? buttonsOf(row)[this.#active.button] : row;
    (target ?? this.#body).focus({ preventScroll: true });
  }

  /** @param {HTMLElement} target */
  #onFocus(target) {
    const row = /** @type {HTMLElement | null} */ (target.closest('.grid-row'));
    const index = Number(row?.dataset.index);
    const item = row ? this.#items[index] : undefined;
    if (!row || item === undefined) return;
    this.#active = {
      key: this.#parts.keyOf(item),
      index,
      button: buttonsOf(row).indexOf(/** @type {HTMLButtonElement} */ (target)),
    };
    this.#rove();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || this.#items.length === 0) return;
    const active = this.#active;
    const page = Math.max(1, Math.floor(this.#body.clientHeight / ROW) - 1);
    const last = this.#items.length - 1;
    const isRow = active.button < 0;
    if (event.key === 'ArrowDown') this.#moveTo(active.index + 1);
    else if (event.key === 'ArrowUp') this.#moveTo(active.index - 1);
    else if (event.key === 'PageDown') this.#moveTo(active.index + page);
    else if (event.key === 'PageUp') this.#moveTo(active.index - page);
    else if (event.key === 'Home') this.#moveTo(0);
    else if (event.key === 'End') this.#moveTo(last);
    else if (event.key === 'ArrowRight') active.button = Math.min(active.button + 1, this.#parts.actions.length - 1);
    else if (event.key === 'ArrowLeft') active.button = Math.max(active.button - 1, -1);
    else if (event.key === 'Enter' && isRow) this.#parts.actions[0]?.act(/** @type {T} */ (this.#items[active.index]));
    else return;
    event.preventDefault();
    if (event.key === 'Enter') return;
    this.#rove();
    this.#focus();
  }

  /** @param {number} index */
  #moveTo(index) {
    const to = Math.max(0, Math.min(index, this.#items.length - 1));
    this.#active.index = to;
    this.#active.key = this.#parts.keyOf(/** @type {T} */ (this.#items[to]));
    const { scrollTop, clientHeight } = this.#body;
    if (to * ROW < scrollTop) this.#body.scrollTop = to * ROW;
    else if ((to + 1) * ROW > scrollTop + clientHeight) this.#body.scrollTop = (to + 1) * ROW - clientHeight;
    // Now, not in the next frame: the focus goes to a row that has to be there.
    this.#draw();
  }
}

/** @param {HTMLElement} row @returns {HTMLButtonElement[]} */
const buttonsOf = (row) => [...row.querySelectorAll('button')];

/**
 * @param {string} tag
 * @param {string} className
 * @param {string} role
 * @param {string} [text]
 */
function element(tag, className, role, text = '') {
  const made = document.createElement(tag);
  made.className = className;
  made.setAttribute('role', role);
  if (text !== '') made.textContent = text;
  return made;
}
