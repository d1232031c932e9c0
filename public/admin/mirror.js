/** Who is connected, followed: what `GET /admin/events` tells makes a mirror of the server's own list. */

/**
 * A client as the server tells of it.
 * @typedef {{ client: string, ip: string, id: string, login: string, name: string, mail: string, profile: string,
 *   roles: string[], topics: string[], authenticated: boolean, since: string }} Client
 */

export class Mirror {
  /** In the order in which they came. @type {Map<string, Client>} */
  #clients = new Map();
  /** What a snapshot has told so far; it counts when it is whole. @type {Map<string, Client> | undefined} */
  #next;
  /** @type {readonly Client[] | undefined} */
  #list;

  /** The same list until something changes. @returns {readonly Client[]} */
  get list() {
    this.#list ??= [...this.#clients.values()];
    return this.#list;
  }

  get size() {
    return this.#clients.size;
  }

  /**
   * Takes in an event of the feed.
   * @param {string} type
   * @param {any} told
   * @returns {boolean} Whether the list has changed.
   */
  take(type, told) {
    if (type === 'snapshot') {
      this.#next ??= new Map();
      for (const client of told.clients) this.#next.set(client.client, client);
      return false;
    }
    if (type === 'ready') {
      this.#clients = this.#next ?? new Map();
      this.#next = undefined;
    } else if (type === 'joined' || type === 'renewed') {
      const since = this.#clients.get(told.client)?.since ?? new Date().toISOString();
      this.#clients.set(told.client, { ...told, since });
    } else if (type === 'left') {
      this.#clients.delete(told.client);
    } else {
      return false;
    }
    this.#list = undefined;
    return true;
  }

  /** The stream has broken off: what comes next is a snapshot of its own. */
  lost() {
    this.#next = undefined;
  }
}

/** How a client is called. @param {Pick<Client, 'login' | 'name' | 'id'>} client */
export const nameOf = ({ login, name, id }) => login || name || id || 'anonymous';
