import type { Indexed } from '../event/attributes.ts';
import type { Client } from '../event/identity.ts';
import type { Cursor } from './cursor.ts';
import { Postings } from './postings.ts';

/**
 * Cursors by what is known of their clients. It costs an attached client some 200 bytes, and each of its roles and topics
 * a few dozen. Empty texts are not in it: they are what all clients have of whom nothing is known.
 */
export class Directory {
  readonly #postings: Readonly<Record<Indexed, Postings>> = {
    id: new Postings(),
    login: new Postings(),
    profile: new Postings(),
    roles: new Postings(),
    topics: new Postings(),
    'client.id': new Postings(),
  };

  add(cursor: Cursor): void {
    for (const [attribute, value] of entries(cursor.client)) this.#postings[attribute].add(value, cursor);
  }

  /** The client must be who it was when the cursor was added. */
  delete(cursor: Cursor): void {
    for (const [attribute, value] of entries(cursor.client)) this.#postings[attribute].delete(value, cursor);
  }

  /** Those whose attribute is one of the values, a group for each value. Somebody may be in several. */
  find(attribute: Indexed, values: readonly string[]): readonly ReadonlySet<Cursor>[] {
    return values.map((value) => this.#postings[attribute].of(value));
  }
}

function* entries({ id, login, profile, roles, topics, client }: Client): Generator<readonly [Indexed, string]> {
  yield ['client.id', client.id];
  if (id !== '') yield ['id', id];
  if (login !== '') yield ['login', login];
  if (profile !== '') yield ['profile', profile];
  for (const role of roles) yield ['roles', role];
  for (const topic of topics) yield ['topics', topic];
}
