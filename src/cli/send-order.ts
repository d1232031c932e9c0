import type { AdminAccess } from './admin-client.ts';

/** Where the data of an event comes from: the command line, a file (`-` is stdin), or nowhere said. */
export type DataSource = { readonly text: string } | { readonly file: string } | undefined;

/** What `send` asks for. */
export interface SendOrder extends AdminAccess {
  readonly data: DataSource;
  /** The event's fields as the JSON body has them, but for its data. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** What stands in the request's query: `wait`, `dryRun`. */
  readonly query: Readonly<Record<string, string>>;
  readonly idempotencyKey: string | undefined;
  /** How many times. Infinity is until Ctrl-C. */
  readonly count: number;
  /** From the beginning of one to that of the next, in ms; 0 is as soon as the one before was answered. */
  readonly interval: number;
}
