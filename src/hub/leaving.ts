import type { CloseReason, Observe } from './activity.ts';
import type { Cursor } from './cursor.ts';
import type { Deliveries } from './deliveries.ts';
import type { Epoch } from './event-log.ts';
import { encodeGoodbye, type Goodbye, returnTime } from './goodbye.ts';
import { positionId } from './resume.ts';
import type { Roster } from './roster.ts';
import type { Standing } from './standing.ts';

export interface LeavingParts {
  readonly standing: Standing;
  readonly roster: Roster;
  readonly deliveries: Deliveries;
  readonly epochs: readonly Epoch[];
  readonly observe: Observe;
  /** When clients are told to come back, in ms. */
  readonly retry: () => number;
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
}

/** Between two slices of goodbyes, in ms; no slice is smaller than this. */
const PAUSE = 20;
const SLICE = 250;

/** How cursors leave the hub: with a goodbye, without one, or all of them. */
export class Leaving {
  readonly #parts: LeavingParts;

  constructor(parts: LeavingParts) {
    this.#parts = parts;
  }

  /** Ends a stream, with a goodbye if its client can take one. */
  end(cursor: Cursor, reason: CloseReason, goodbye: Goodbye = {}): void {
    if (cursor.place === 'gone') return;
    // A client that is full would get its goodbye behind what it cannot take; it is told by the gap when it returns.
    if (reason !== 'slow') this.#sayGoodbye(cursor, reason, goodbye);
    this.detach(cursor, reason);
    cursor.subscriber.end(reason);
  }

  /** Forgets a cursor whose stream has ended. @param vanished whether its peer never said so */
  detach(cursor: Cursor, reason: CloseReason, vanished = false): void {
    if (cursor.place === 'gone') return;
    const { standing, roster, deliveries, observe, now } = this.#parts;
    deliveries.leaving(cursor);
    standing.leave(cursor);
    roster.delete(cursor);
    const { client, events, bytes, since } = cursor;
    const duration = Math.max(0, now() - since);
    const end = { reason, duration, ...(vanished && { vanished }) };
    observe({ kind: 'closed', client, clients: standing.size, ...end, events, bytes });
  }

  /** Everybody, each with a time of its own to come back, in slices that take at most half of the given time, in ms. */
  async endAll(drainTime: number): Promise<void> {
    const { standing, retry } = this.#parts;
    const clients = standing.size;
    const slice = Math.max(SLICE, Math.ceil((clients * PAUSE * 2) / Math.max(drainTime, PAUSE)));
    let ended = 0;
    for (const cursor of [...standing.all()]) {
      this.end(cursor, 'shutdown', { retry: returnTime(retry(), clients) });
      if (++ended % slice === 0) await new Promise((resume) => setTimeout(resume, PAUSE));
    }
  }

  /** Everybody at once, after a defect. */
  abandonAll(): void {
    const { standing, retry } = this.#parts;
    const clients = standing.size;
    for (const cursor of [...standing.all()]) this.end(cursor, 'error', { retry: returnTime(retry(), clients) });
  }

  #sayGoodbye(cursor: Cursor, reason: CloseReason, goodbye: Goodbye): void {
    const { standing, epochs } = this.#parts;
    standing.write(cursor, encodeGoodbye(positionId(standing.positionOf(cursor), epochs), reason, goodbye));
  }
}
