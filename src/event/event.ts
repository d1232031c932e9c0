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

/** When a replay leaves an event out. To those who are there when it comes, none of it means anything. */
export interface ReplayRules {
  /** From so many ms after it was appended. */
  readonly ttl?: number;
  /** Always. */
  readonly history?: false;
  /** If a newer one of the same key is for the same client. */
  readonly supersedes?: string;
}

/** An event before it has an id, with its audience: what a publisher hands over. */
export interface EventDraft {
  readonly event: ServerSentEvent;
  readonly audience: Audience;
  /** The publisher's own id, the part of the id after the dot: `[A-Za-z0-9_~.-]{1,64}`, unique in the log. */
  readonly ownId?: string;
  /** None is: a replay has it as long as it is kept. */
  readonly replay?: ReplayRules;
}
