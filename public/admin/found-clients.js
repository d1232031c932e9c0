/** The clients that a filter has: the server looks, a page at a time, and this keeps up with those who go. */

import { ask } from './api.js';

/** @typedef {import('./mirror.js').Client} Client */

const PAGE = 200;
/** Of more, the rest is loaded when the person scrolls there. */
const MOST = 1_000;

export class FoundClients {
  filter;
  /** Those loaded so far. @type {readonly Client[]} */
  list = [];
  matched = 0;
  total = 0;
  /** @type {string | null} */
  #next = null;
  #loading = false;

  /** @param {string} filter */
  constructor(filter) {
    this.filter = filter;
  }

  /**
   * Looks again. @param {AbortSignal} signal
   * @throws {import('./api.js').Refusal}
   */
  async look(signal) {
    const limit = Math.min(MOST, Math.max(PAGE, this.list.length));
    const { clients, matched, total, next } = await ask('GET', pathOf({ filter: this.filter, limit }), { signal });
    this.list = clients;
    this.matched = matched;
    this.total = total;
    this.#next = next;
  }

  /** Loads the next page. @returns Whether there was one. */
  async more() {
    if (this.#next === null || this.#loading) return false;
    this.#loading = true;
    try {
      const { clients, next } = await ask('GET', pathOf({ filter: this.filter, limit: PAGE, cursor: this.#next }));
      this.list = [...this.list, ...clients];
      this.#next = next;
      return true;
    } finally {
      this.#loading = false;
    }
  }

  /** A client has gone. @param {string} client */
  drop(client) {
    const list = this.list.filter((each) => each.client !== client);
    if (list.length === this.list.length) return;
    this.list = list;
    this.matched--;
  }
}

/** @param {{ filter: string, limit: number, cursor?: string }} query */
function pathOf({ filter, limit, cursor }) {
  const query = new URLSearchParams({ filter, limit: String(limit), ...(cursor !== undefined && { cursor }) });
  return `clients?${query}`;
}
