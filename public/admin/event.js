/** `<sse-event>`: one event, whole, and how far it has got. */

import { prettyJson } from '../pretty.js';
import { sentence } from '../sentence.js';
import { ask, Refusal } from './api.js';
import { nameOf } from './mirror.js';
import { whole } from './numbers.js';
import { PanelElement } from './panel.js';
import { receiptText } from './receipt.js';

/** So many of those who don't have it are named. */
const NAMED = 20;

export class EventElement extends PanelElement {
  #id = '';

  connectedCallback() {
    super.connectedCallback();
    // What scrolls can be scrolled with the keyboard, in every browser.
    this.the('event-data').tabIndex = 0;
    this.the('event-look').addEventListener('click', () => void this.#showReceipt());
  }

  /** @param {string} id */
  async look(id) {
    this.#id = id;
    this.the('event-title').textContent = `Event ${id}`;
    this.the('event-facts').replaceChildren();
    this.the('event-data').textContent = '';
    this.open();
    await Promise.all([this.#showEvent(), this.#showReceipt()]);
  }

  async #showEvent() {
    const data = this.the('event-data');
    try {
      const entry = await ask('GET', `history/${this.#id}`);
      this.showFacts('event-facts', [
        ['Type', entry.event],
        ['Time', new Date(entry.time).toLocaleString('en-GB')],
        ['Filter', entry.filter ?? ''],
        ['Topics', (entry.topics ?? []).join(', ')],
        ['Not to', (entry.except ?? []).join(', ')],
        ['Supersedes', entry.supersedes ?? ''],
        ['Replayed', entry.history === false ? 'never' : entry.ttl ? `for ${entry.ttl}` : ''],
      ]);
      data.textContent = prettyJson(entry.data) ?? entry.data;
    } catch (error) {
      data.textContent = messageOf(error);
    }
  }

  async #showReceipt() {
    const place = this.the('event-receipt');
    const list = this.the('event-missing');
    list.replaceChildren();
    try {
      const { clients, ...receipt } = await ask('GET', `broadcasts/${this.#id}?clients=1`);
      place.textContent = receiptText(receipt);
      const missing = clients.filter(/** @param {any} client */ ({ state }) => state !== 'flushed');
      const lines = missing
        .slice(0, NAMED)
        .map(/** @param {any} client */ (client) => sentence`${nameOf(client)} ${client.client}: ${client.state}`);
      if (missing.length > NAMED) lines.push([`and ${whole(missing.length - NAMED)} more`]);
      list.replaceChildren(
        ...lines.map(
          /** @param {(string | HTMLElement)[]} line */ (line) => {
            const item = document.createElement('li');
            item.append(...line);
            return item;
          },
        ),
      );
    } catch (error) {
      place.textContent = messageOf(error);
    }
  }
}

/** @param {unknown} error */
function messageOf(error) {
  if (error instanceof Refusal) return error.message;
  throw error;
}
