import { ATTRIBUTES, type Attribute } from '../event/attributes.ts';
import type { Filter } from '../event/filter.ts';
import type { Client } from '../event/identity.ts';

/** What was looked at so far, item by item; where that ends, the answer. */
interface Node {
  readonly next: Map<unknown, Node>;
  answer?: boolean;
}

/** At most so many items are remembered: clients that have hardly anything in common gain nothing by it. */
const LIMIT = 4096;

/** To look up what a client has in common with others takes some time itself; a filter that costs less is asked again. In units of its cost. */
const WORTH = 1000;

/** Of these, hardly two clients have the same. */
const UNIQUE: ReadonlySet<Attribute> = new Set<Attribute>(['client.id', 'client.ip']);

/** A filter that answers the same, and is evaluated once for all clients that are alike to it, where that pays. */
export function memoised(filter: Filter): Filter {
  if (filter.cost < WORTH || filter.uses.some((attribute) => UNIQUE.has(attribute))) return filter;
  const memo = new Memo(filter);
  return { ...filter, matches: (client) => memo.matches(client) };
}

/**
 * The answers of a filter, so that it is evaluated once for all clients that have in common what it reads of them.
 *
 * Attributes are compared item by item and not as one text made of them: that would cost more, and two clients with
 * different roles might be given the same text.
 */
class Memo {
  readonly #filter: Filter;
  readonly #root: Node = { next: new Map() };
  #size = 0;

  constructor(filter: Filter) {
    this.#filter = filter;
  }

  matches(client: Client): boolean {
    if (this.#size > LIMIT) return this.#filter.matches(client);
    let node = this.#root;
    for (const attribute of this.#filter.uses) {
      const value = ATTRIBUTES[attribute](client);
      if (!Array.isArray(value)) node = this.#after(node, value);
      else {
        // With its length before it, no list looks like the beginning of another.
        node = this.#after(node, value.length);
        for (const item of value) node = this.#after(node, item);
      }
    }
    node.answer ??= this.#filter.matches(client);
    return node.answer;
  }

  #after(node: Node, item: unknown): Node {
    const found = node.next.get(item);
    if (found) return found;
    const made: Node = { next: new Map() };
    node.next.set(item, made);
    this.#size++;
    return made;
  }
}
