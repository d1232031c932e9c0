/**
 * The hub's port to whoever measures it. What happens is told by activities; here is what happens too often for that.
 * `wrote` is called for each write on each stream, so it must cost no more than an addition or two, and make nothing.
 * Durations are in ms.
 */
export interface Meter {
  /** Bytes were put on a client's stream, with so many broadcast events in them; none is a control event or a sign of life. */
  wrote(bytes: number, events: number): void;
  /** The last write left a client's stream full. */
  stalled(): void;
  /** Such a client has taken it all, so long after that write. A client that is closed before never does. */
  drained(after: number): void;
  /** An event has been written to the last of the live clients that it is for, so long after the log handed it over. */
  spread(after: number): void;
  /** So many events were sent that are older than the stream they went to. */
  replayed(events: number): void;
  /** A client has to wait, since the past goes no faster than it may. */
  held(): void;
  /** A client that got nothing else got a sign of life. */
  gaveSign(kind: Sign): void;
}

/** `heartbeat` is a comment, `cursor` an `sse.cursor` event, which carries a position. */
export type Sign = 'heartbeat' | 'cursor';

/** Measures nothing. */
export const UNMEASURED: Meter = {
  wrote() {},
  stalled() {},
  drained() {},
  spread() {},
  replayed() {},
  held() {},
  gaveSign() {},
};
