import type { AdminAccess } from './admin-client.ts';

/** What `top` asks for. */
export interface TopOrder extends AdminAccess {
  /** A line of JSON for each reading, for people too. */
  readonly json: boolean;
  /** It ends after one reading. */
  readonly once: boolean;
}
