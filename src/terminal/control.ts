import type { DraftInput } from '../event/draft.ts';
import type { Client } from '../event/identity.ts';

/** A client as the list of clients shows it. */
export interface ConnectedClient {
  readonly client: Client;
  /** When it connected, ms since 1970. */
  readonly since: number;
  /** Broadcast events it was sent. */
  readonly events: number;
  /** Bytes of event stream it was sent. */
  readonly bytes: number;
}

/** What the keys and the line commands may do to the program. The app fills it; nothing else is reachable from a keyboard. */
export interface Control {
  /**
   * Publishes with source `terminal`; settles when the event is in the log.
   * @throws SseError `invalid-event`, `invalid-filter`, `stopping`
   */
  send(draft: DraftInput): Promise<{ readonly id: string; readonly matched: number }>;
  /**
   * How many of the connected clients a filter selects. Called at every key while one is typed, so it must not wait.
   * @throws SseError `invalid-filter` with position and excerpt
   */
  count(filter: string): { readonly matched: number; readonly total: number };
  clients(): readonly ConnectedClient[];
  /** Clients that are connected now, and events broadcast since the start. Called four times a second: must be cheap. */
  stats(): { readonly clients: number; readonly events: number };
  /** What S and A send, and to whom A sends it. */
  readonly defaults: {
    readonly event: string;
    readonly data: string;
    readonly keyFilter: string;
  };
  /** Asks the program to stop. May be called again, by someone who does not want to wait. `quit` → exit code 0, `interrupt` → 130. */
  stop(how: 'quit' | 'interrupt'): void;
  /** Suspends the process group (Ctrl-Z); the terminal is cooked by then. When it goes on, the app calls `continued()`. */
  suspend(): void;
}
