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
  /** The one that keeps its row. */
  #held: string | undefined;
  #heldHasLeft = false;

  /** @param now wall clock, ms since 1970 */
  constructor(clients: readonly ConnectedClient[], now: () => number) {
    for (const { client, since } of clients) this.#all.set(client.client.id, { client, since });
    this.#now = now;
  }

  get size(): number {
    return this.#all.size - Number(this.#heldHasLeft);
  }

  /** How many the filter has. */
  get matched(): number {
    return this.#found?.clients.size ?? this.size;
  }

  /** Those whom the filter has, and the one that is held. */
  get rows(): readonly Enrolled[] {
    // Once for all that happened since: ten thousand that leave together are not taken out of a long list one by one.
    this.#rows ??= [...this.#all.values()].filter(({ client }) => this.#isListed(client.client.id));
    return this.#rows;
  }

  /**
   * From now on this one keeps its row though it leaves, or the filter has it no more, until another is held or the roll is
   * narrowed: the next key is for it, and must not meet whoever would stand in its place.
   */
  hold(id: string | undefined): void {
    if (id === this.#held) return;
    if (this.#heldHasLeft && this.#held !== undefined) this.#all.delete(this.#held);
    this.#held = id;
    this.#heldHasLeft = false;
    this.#rows = undefined;
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
    if (this.#held !== undefined && this.#found?.clients.has(this.#held) === false) this.hold(undefined);
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
    if (id === this.#held) this.#heldHasLeft = true;
    else this.#all.delete(id);
    this.#unseen.delete(id);
    this.#found?.clients.delete(id);
    this.#rows = undefined;
  }

  #isListed(id: string): boolean {
    return id === this.#held || (this.#found?.clients.has(id) ?? true);
  }

  #judge(client: Client): void {
    if (this.#found?.admits(client)) this.#found.clients.add(client.client.id);
    else this.#found?.clients.delete(client.client.id);
  }
}
