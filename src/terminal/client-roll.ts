import type { Client } from '../event/identity.ts';
import type { Activity } from '../hub/activity.ts';
import type { ConnectedClient, Found } from './control.ts';

/** A client on the roll. */
export type Enrolled = Pick<ConnectedClient, 'client' | 'since'>;

/**
 * Who is connected, in the order in which they came, kept up by what happens: so a list of ten thousand is asked for once
 * and not at every change. Narrowed by a filter, it holds that against newcomers one by one.
 */
export class ClientRoll {
  readonly #all = new Map<string, Enrolled>();
  readonly #now: () => number;
  /** Those who came or changed while a search runs, which may have missed them. */
  #unseen = new Set<string>();
  #found: { readonly clients: Set<string>; admits(client: Client): boolean } | undefined;
  #rows: readonly Enrolled[] | undefined;

  /** @param now wall clock, ms since 1970 */
  constructor(clients: readonly ConnectedClient[], now: () => number) {
    for (const { client, since } of clients) this.#all.set(client.client.id, { client, since });
    this.#now = now;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Those whom the filter has. */
  get rows(): readonly Enrolled[] {
    // Once for all that happened since: ten thousand that leave together are not taken out of a long list one by one.
    this.#rows ??= [...this.#all.values()].filter(({ client }) => this.#found?.clients.has(client.client.id) ?? true);
    return this.#rows;
  }

  observe(activity: Activity): void {
    if (activity.kind === 'opened' || activity.kind === 'renewed') this.#put(activity.client);
    else if (activity.kind === 'closed') this.#remove(activity.client.client.id);
  }

  /** To be called when a search begins whose result is for `narrow`. */
  searching(): void {
    this.#unseen = new Set();
  }

  /** From now on only those whom a filter has; undefined: everyone. */
  narrow(found: Found | undefined): void {
    this.#found = found && { clients: new Set(found.clients), admits: (client) => found.admits(client) };
    for (const id of this.#unseen) {
      const enrolled = this.#all.get(id);
      if (enrolled) this.#judge(enrolled.client);
    }
    this.#rows = undefined;
  }

  #put(client: Client): void {
    const { id } = client.client;
    this.#all.set(id, { client, since: this.#all.get(id)?.since ?? this.#now() });
    this.#unseen.add(id);
    this.#judge(client);
    this.#rows = undefined;
  }

  #remove(id: string): void {
    this.#all.delete(id);
    this.#unseen.delete(id);
    this.#found?.clients.delete(id);
    this.#rows = undefined;
  }

  #judge(client: Client): void {
    if (this.#found?.admits(client)) this.#found.clients.add(client.client.id);
    else this.#found?.clients.delete(client.client.id);
  }
}
