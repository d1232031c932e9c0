import type { Loaded } from '../config/load.ts';

/** Where a history is: behind the admin routes of a running server, or in the store of a stopped one. */
export type HistoryPlace = { readonly url: string } | { readonly store: string };

/** What a `history` command asks for. */
export interface HistoryOrder {
  readonly what: 'export' | 'import';
  /** `-` is stdin or stdout. */
  readonly file: string;
  readonly place: HistoryPlace;
  /** Which events are exported, as people write it. */
  readonly selection: { readonly since?: string; readonly until?: string; readonly filter?: string };
  readonly loaded: Loaded;
}
