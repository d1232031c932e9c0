import type { DraftInput } from '../event/draft.ts';
import type { Client } from '../event/identity.ts';
import type { OptionChange } from '../hub/activity.ts';
import type { Place } from '../hub/cursor.ts';
import type { LogEntry } from '../hub/event-log.ts';
import type { LogLevel } from '../log-levels.ts';

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

/** A client and where it stands. */
export interface ClientStanding extends ConnectedClient {
  readonly state: Place;
  /** The id that it would come back with. */
  readonly lastEventId: string;
  /** How many entries the log has beyond what it has seen. */
  readonly behind: number;
  /** Entries of the past that it came back for. */
  readonly missed: number;
}

/** Whom a filter has. */
export interface Found {
  /** Of those who were connected when it was asked, by the id of their connection. */
  readonly clients: ReadonlySet<string>;
  /** Of those who come or change afterwards. */
  admits(client: Client): boolean;
}

/** What the keys and the line commands may do to the program. The app fills it; nothing else is reachable from a keyboard. */
export interface Control {
  /**
   * Publishes with source `terminal`; settles when the event is in the log.
   * @throws SseError `invalid-event`, `invalid-filter`, `stopping`
   */
  send(draft: DraftInput): Promise<{ readonly id: string; readonly matched: number }>;
  /**
   * Whom of the connected clients a filter selects. Asked while one is typed, so it must let other work run where many are to be looked at.
   * @throws SseError `invalid-filter` with position and excerpt
   */
  find(filter: string): Promise<Found>;
  /** Everyone, in the order in which they came. */
  clients(): readonly ConnectedClient[];
  /** One of them, by the id of its connection. Asked for each row that is drawn: must be cheap. */
  client(id: string): ClientStanding | undefined;
  /** Ends a stream; `forever` asks its client not to come back. False if there is no such client. */
  kick(id: string, how: { readonly forever: boolean }): boolean;
  /** The last events of the past, oldest first; fewer where some were taken out of it. Read while it is walked. */
  events(count: number): AsyncIterable<LogEntry>;
  /** Clients that are connected now, and events broadcast since the start. Called four times a second: must be cheap. */
  stats(): { readonly clients: number; readonly events: number };
  readonly logLevel: { get(): LogLevel; set(level: LogLevel): void };
  /** What S and A send, to whom A sends it, and how often T does, in ms. */
  readonly defaults: {
    readonly event: string;
    readonly data: string;
    readonly keyFilter: string;
    readonly tick: number;
  };
  /** What is wrong with an event's type, by the rules of `send`; undefined if nothing is. */
  typeProblem(type: string): string | undefined;
  /** Reads the pace of a ticker, by the rules of `--tick`. @returns ms @throws SseError `invalid-config` */
  paceOf(text: string): number;
  /** Reads the configuration anew. @returns what has changed, and what needs a restart @throws SseError `invalid-config` with every mistake, `stopping`; the old one stays */
  reload(): Promise<{
    readonly changed: readonly OptionChange[];
    readonly needsRestart: readonly OptionChange[];
    readonly ended: number;
    readonly warnings: readonly string[];
  }>;
  /** Where the server is to be found, for a person: the banner. */
  urls(): string;
  /** Opens the page in the browser of whoever sits here; `opened` is false where there is none. Must not wait for the browser's end. */
  open(): Promise<{ readonly url: string; readonly opened: boolean }>;
  /** Asks the program to stop. May be called again, by someone who does not want to wait. `quit` → exit code 0, `interrupt` → 130. */
  stop(how: 'quit' | 'interrupt'): void;
  /** Suspends the process group (Ctrl-Z); the terminal is cooked by then. When it goes on, the app calls `continued()`. */
  suspend(): void;
}
