import type { ListedClient } from './listed-client.ts';

/** A client as it was seen last. */
export interface SeenClient extends ListedClient {
  /** Events a second since it was seen before. Undefined the first time. */
  readonly rate: number | undefined;
}

interface Sight {
  readonly client: SeenClient;
  /** In ms. */
  readonly time: number;
  readonly round: number;
}

/** A page of the list of clients. */
export interface ClientPage {
  readonly clients: readonly ListedClient[];
  /** The cursor of the next one; null after the last. */
  readonly next: string | null;
}

/**
 * Everyone who is connected, looked at in rounds, a page at a time: so that watching ten thousand costs the server no
 * more than watching a thousand. Who was not seen in a whole round is gone.
 */
export class ClientRounds {
  #seen = new Map<string, Sight>();
  #round = 0;
  /** Where the next page begins; null is the beginning. */
  cursor: string | null = null;

  /** @param time by a clock that only goes forward, in ms */
  take({ clients, next }: ClientPage, time: number): void {
    for (const client of clients) {
      const before = this.#seen.get(client.client);
      const rate = before && ((client.events - before.client.events) * 1000) / (time - before.time);
      this.#seen.set(client.client, { client: { ...client, rate }, time, round: this.#round });
    }
    this.cursor = next;
    if (next !== null) return;
    for (const [id, { round }] of this.#seen) if (round < this.#round) this.#seen.delete(id);
    this.#round++;
  }

  /** Those who got most a second, the busiest first. */
  busiest(count: number): SeenClient[] {
    return this.#most(count, ({ rate = 0 }) => rate);
  }

  /** Those who are furthest from the newest event, the furthest first. */
  behind(count: number): SeenClient[] {
    return this.#most(count, ({ behind }) => behind);
  }

  #most(count: number, measure: (client: SeenClient) => number): SeenClient[] {
    const some = [...this.#seen.values()].map(({ client }) => client).filter((client) => measure(client) > 0);
    return some.sort((a, b) => measure(b) - measure(a)).slice(0, count);
  }
}
