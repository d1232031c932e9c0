import type { Client } from '../event/identity.ts';
import type { CloseReason } from './activity.ts';
import type { Stall } from './stall.ts';
import type { Subscriber } from './subscriber.ts';
import type { Term } from './term.ts';
import { Alarm } from './timer-wheel.ts';

/**
 * Where a cursor stands.
 * - `live`: at the head; it gets the next pass. Nothing about its position is stored.
 * - `ready`: behind or beside the head and writable; it reads on from the history.
 * - `blocked`: full; nothing is written until it drains.
 * - `reading`: behind the history; it waits for a page from the log, or until more of the past may be sent.
 * - `gone`: no longer the hub's.
 */
export type Place = 'live' | 'ready' | 'blocked' | 'reading' | 'gone';

/** What a cursor asks of its hub. */
interface Owner {
  drained(cursor: Cursor): void;
  renew(cursor: Cursor, client: Client, expiresAt?: number): void;
  end(cursor: Cursor, reason: CloseReason): void;
  detach(cursor: Cursor, reason: CloseReason, vanished?: boolean): void;
}

/** Looks on at what a client is sent. */
interface Tap {
  write(bytes: Uint8Array): void;
  /** The stream has ended. */
  end(): void;
}

/** A client in the hub: a position in the log, and counters. There is no queue. */
export class Cursor {
  /** Who it is; another one after a renewal. */
  client: Client;
  readonly subscriber: Subscriber;
  place: Place = 'ready';
  /**
   * Unless live: the sequence of the first entry that is for it and that it hasn't been sent; while it catches up,
   * of the first entry to look at. 0: nothing up to where the hub has got is for it.
   */
  next: number;
  /** The sequence in the last id it was sent. */
  sent: number;
  /** The head when it attached: entries above are live, others a replay. */
  readonly attachedAt: number;
  /** How many entries it had missed when it attached: those between where it goes on and the head then. */
  readonly missed: number;
  /** While it is full: up to here it has taken everything that is for it. */
  flushed = 0;
  /** In the order in which cursors attached. */
  readonly serial: number;
  /** Whether it ends where the replay does. */
  readonly pastOnly: boolean;
  /** The time of the beat after which something was last written to it. */
  wroteAt: number;
  /** While it is blocked: how its peer does. */
  stall: Stall | undefined;
  /** When it is to be looked at next: for a sign of life, its term, or whether it stalls. */
  readonly alarm: Alarm<Cursor> = new Alarm<Cursor>(this);
  /** When it ends, and why. */
  readonly term: Term;
  /** When it attached, in ms since 1970. */
  readonly since: number;
  /** Broadcast events it was sent. */
  events = 0;
  /** Bytes it was sent. */
  bytes = 0;
  /** Those who look on, if anybody does. */
  taps: Set<Tap> | undefined;
  readonly #owner: Owner;

  constructor(
    owner: Owner,
    start: Pick<
      Cursor,
      'client' | 'subscriber' | 'serial' | 'next' | 'sent' | 'attachedAt' | 'pastOnly' | 'wroteAt' | 'term' | 'since'
    >,
  ) {
    this.#owner = owner;
    this.client = start.client;
    this.subscriber = start.subscriber;
    this.serial = start.serial;
    this.next = start.next;
    this.sent = start.sent;
    this.attachedAt = start.attachedAt;
    this.missed = start.attachedAt + 1 - start.next;
    this.pastOnly = start.pastOnly;
    this.wroteAt = start.wroteAt;
    this.term = start.term;
    this.since = start.since;
  }

  /** The subscriber has room again: everything written to it has left this process. */
  drained(): void {
    this.#owner.drained(this);
  }

  /** Shows somebody all that is written from now on. @returns what ends that */
  tap(tap: Tap): () => void {
    this.taps ??= new Set();
    this.taps.add(tap);
    return () => {
      this.taps?.delete(tap);
      if (this.taps?.size === 0) this.taps = undefined;
    };
  }

  /** The client has shown who it is anew. @param expiresAt when that ends, in ms since 1970; undefined is never */
  renew(client: Client, expiresAt?: number): void {
    this.#owner.renew(this, client, expiresAt);
  }

  /** Says goodbye to the client and ends its stream. */
  end(reason: CloseReason): void {
    this.#owner.end(this, reason);
  }

  /** The stream has ended by itself; nothing is written any more. */
  detach(reason: CloseReason = 'left'): void {
    this.#owner.detach(this, reason);
  }

  /** Its peer answers no more, and never said that it goes. It has left all the same. */
  vanish(): void {
    this.#owner.detach(this, 'left', true);
  }
}
