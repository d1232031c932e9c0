/** `<sse-clients>`: who is connected, with a filter that counts while it is typed, and what can be done with each. */

import { sentence } from '../sentence.js';
import { ask, Refusal } from './api.js';
import { FoundClients } from './found-clients.js';
import { paint } from './frame.js';
import { Mirror, nameOf } from './mirror.js';
import { age, whole } from './numbers.js';
import { VirtualGrid } from './virtual-grid.js';
import { showWrong } from './wrong.js';

/** @typedef {import('./mirror.js').Client} Client */

/** Between the last key and the question, in ms: a person who types is not asked about each letter. */
const PAUSE = 120;
/** While clients come, the server is asked again at most this often, in ms. */
const AGAIN = 1_000;

export class ClientsElement extends HTMLElement {
  #mirror = new Mirror();
  /** What the filter has, while there is one and it is right. @type {FoundClients | undefined} */
  #found;
  /** @type {VirtualGrid<Client>} */
  #grid = /** @type {any} */ (undefined);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #asking;
  /** @type {AbortController | undefined} */
  #question;

  connectedCallback() {
    this.#grid = new VirtualGrid({
      root: this.#the('clients-grid'),
      label: 'Clients',
      empty: 'Nobody is here.',
      keyOf: ({ client }) => client,
      columns: [
        { title: 'Who', className: 'who', fill: fillWho },
        { title: 'Profile', fill: (cell, { profile }) => fillText(cell, profile) },
        { title: 'Topics', fill: (cell, { topics }) => fillText(cell, topics.join(', ')) },
        { title: 'Address', className: 'address code', fill: (cell, { ip }) => fillText(cell, ip) },
        { title: 'For', fill: (cell, { since }) => fillText(cell, age(Date.now() - Date.parse(since))) },
      ],
      actions: [
        { text: 'Tap', name: (client) => `Tap ${nameOf(client)}`, act: (client) => this.#tell('tap', client) },
        { text: 'Kick', name: (client) => `Kick ${nameOf(client)}`, act: (client) => this.#kick(client) },
        {
          text: 'Kick for good',
          name: (client) => `Kick for good: ${nameOf(client)}`,
          act: (client) => this.#kickForGood(client),
        },
      ],
      onNearEnd: () => this.#loadMore(),
    });
    this.#input.addEventListener('input', () => this.#ask(PAUSE));
    this.#the('send-to-these').addEventListener('click', () => this.#tell('send-to', this.#input.value.trim()));
    // Ages.
    setInterval(() => this.#grid.refresh(), 5_000);
  }

  /** What the feed tells. @param {string} type @param {any} told */
  take(type, told) {
    if (!this.#mirror.take(type, told)) return;
    if (type === 'left') this.#found?.drop(told.client);
    else if (this.#found) this.#ask(AGAIN);
    paint(this.#draw);
  }

  lost() {
    this.#mirror.lost();
  }

  get #input() {
    return /** @type {HTMLInputElement} */ (this.#the('clients-filter'));
  }

  /** @param {string} id */
  #the(id) {
    return /** @type {HTMLElement} */ (this.querySelector(`#${id}`));
  }

  #draw = () => {
    const found = this.#found;
    const total = whole(this.#mirror.size);
    this.#the('clients-count').textContent = found ? `${whole(found.matched)} of ${total}` : total;
    this.#grid.show(found ? found.list : this.#mirror.list);
  };

  /** @param {number} pause In ms. A question that is waited with already is not put off. */
  #ask(pause) {
    if (pause === AGAIN && this.#asking !== undefined) return;
    clearTimeout(this.#asking);
    this.#asking = setTimeout(() => void this.#look(), pause);
  }

  async #look() {
    this.#question?.abort();
    this.#question = new AbortController();
    const { signal } = this.#question;
    const filter = this.#input.value.trim();
    const wrong = this.#the('clients-wrong');
    try {
      const found = filter === '' ? undefined : this.#found?.filter === filter ? this.#found : new FoundClients(filter);
      await found?.look(signal);
      const isNew = found?.filter !== this.#found?.filter;
      this.#found = found;
      showWrong(wrong);
      if (found && isNew) this.#the('clients-said').textContent = `${whole(found.matched)} of ${whole(found.total)} clients`;
    } catch (error) {
      if (signal.aborted) return;
      // The list stays as it was; what is typed is no filter yet.
      showWrong(wrong, error);
    }
    this.#asking = undefined;
    const isWrong = wrong.childElementCount > 0;
    this.#input.setAttribute('aria-invalid', String(isWrong));
    this.#the('send-to-these').hidden = isWrong || filter === '';
    paint(this.#draw);
  }

  async #loadMore() {
    const found = this.#found;
    try {
      if ((await found?.more()) && found === this.#found) paint(this.#draw);
    } catch (error) {
      showWrong(this.#the('clients-wrong'), error);
    }
  }

  /** @param {Client} client */
  #kick(client) {
    return this.#order(sentence`Kicked ${nameOf(client)}; it comes back if it is one that does`, () =>
      ask('DELETE', `clients/${client.client}`),
    );
  }

  /** @param {Client} client */
  #kickForGood(client) {
    const body = { filter: `client.id == "${client.client}"`, forever: true };
    return this.#order(sentence`Kicked ${nameOf(client)}, and asked it not to come back`, () =>
      ask('POST', 'clients/disconnect', { body }),
    );
  }

  /** @param {readonly (string | Node)[]} done @param {() => Promise<unknown>} order */
  async #order(done, order) {
    const place = this.#the('clients-done');
    try {
      await order();
      place.replaceChildren(...done);
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

/** @param {HTMLElement} cell @param {Client} client */
function fillWho(cell, client) {
  const name = document.createElement('bdi');
  name.textContent = nameOf(client);
  const id = document.createElement('span');
  id.className = 'code quiet';
  id.textContent = client.client;
  cell.replaceChildren(name, ' ', id);
}

/** @param {HTMLElement} cell @param {string} text */
function fillText(cell, text) {
  if (cell.textContent !== text) cell.textContent = text;
}
