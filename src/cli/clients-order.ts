import type { AdminAccess } from './admin-client.ts';

/** `clients ls`. */
export interface ListOrder extends AdminAccess {
  readonly what: 'ls';
  /** CEL; undefined is everyone. */
  readonly filter: string | undefined;
  /** At most so many. Infinity is all. */
  readonly limit: number;
  /** A line of JSON for each, for people too. */
  readonly json: boolean;
}

/** `clients show`. */
export interface ShowOrder extends AdminAccess {
  readonly what: 'show';
  readonly id: string;
  readonly json: boolean;
}

/** `clients kick`. */
export interface KickOrder extends AdminAccess {
  readonly what: 'kick';
  /** One client, or all that CEL selects. */
  readonly whom: { readonly id: string } | { readonly filter: string };
  /** What they are told of why. */
  readonly reason: string | undefined;
  /** Whether they are asked not to come back. */
  readonly forever: boolean;
}

/** What a `clients` command asks for. */
export type ClientsOrder = ListOrder | ShowOrder | KickOrder;
