/** `<sse-tap>`: what one client is sent, live, and how it stands. */

import { Connection } from '../connection.js';
import { EventList } from '../event-list.js';
import { ask, Refusal } from './api.js';
import { nameOf } from './mirror.js';
import { counted, size } from './numbers.js';
import { PanelElement } from './panel.js';

/** @typedef {import('./mirror.js').Client} Client */

/** How often is asked how the client stands, in ms. */
const PACE = 2_000;

export class TapElement extends PanelElement {
  /** @type {EventList} */
  #list = /** @type {any} */ (undefined);
  /** @type {Connection | undefined} */
  #connection;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #asking;

  connectedCallback() {
    super.connectedCallback();
    this.#list = new EventList({ list: this.the('tap-events'), jump: this.the('tap-latest'), onChange() {} });
  }

  /** @param {Client} client */
  tap(client) {
    this.#end();
    this.#list.clear();
    this.the('tap-title').textContent = `Tap: ${nameOf(client)}`;
    this.the('tap-facts').replaceChildren();
    this.open();
    const connection = new Connection({
      url: `clients/${client.client}/tap`,
      onEvent: ({ type, data, id }) => this.#list.add({ kind: 'event', time: new Date(), type, id, data }),
      onState: (state) => {
        // A tap ends with its client, which comes back as another one.
        if (state.name !== 'waiting' && state.name !== 'refused') return;
        connection.close();
        clearInterval(this.#asking);
        this.#list.add({ kind: 'note', time: new Date(), tone: 'calm', text: 'The client has left' });
      },
    });
    this.#connection = connection;
    void connection.open();
    const look = () => void this.#look(client.client);
    look();
    this.#asking = setInterval(look, PACE);
  }

  close() {
    this.#end();
    super.close();
  }

  #end() {
    clearInterval(this.#asking);
    this.#connection?.close();
  }

  /** @param {string} id */
  async #look(id) {
    try {
      const { client, profile, roles, topics, ip, state, behind, events, bytes, lastEventId } = await ask('GET', `clients/${id}`);
      this.showFacts('tap-facts', [
        ['Client', client],
        ['Profile', profile],
        ['Roles', roles.join(', ')],
        ['Topics', topics.join(', ')],
        ['Address', ip],
        ['State', behind > 0 ? `${state}, ${counted(behind, 'event')} behind` : state],
        ['Sent', `${counted(events, 'event')}, ${size(bytes)}`],
        ['Last id', lastEventId],
      ]);
    } catch (error) {
      // It has left: the list says so.
      if (!(error instanceof Refusal)) throw error;
      clearInterval(this.#asking);
    }
  }
}
