import type { Audience } from './audience.ts';

/** An event as the WHATWG "Server-sent events" chapter has it, after it was validated. */
export interface ServerSentEvent {
  /** The event type; `message` is the default and stays off the wire. */
  readonly type: string;
  /** The data, lines and all. Clients get its lines joined by LF, whatever separated them here. */
  readonly data: string;
  /** New reconnection time for those who get it, in ms. */
  readonly retry?: number;
}

/** An event before it has an id, with its audience: what a publisher hands over. */
export interface EventDraft {
  readonly event: ServerSentEvent;
  readonly audience: Audience;
}
