import { createHash, randomBytes } from 'node:crypto';
import { SseError } from '../errors.ts';
import { badCredential, type Grant } from './grant.ts';

export interface TicketClocks {
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
  /** A clock that only goes forward, in ms. */
  readonly elapsed: () => number;
}

/** A ticket opens its stream within this time, in ms, or never. */
export const OPENS_WITHIN = 30_000;
/** Once its stream has ended, it waits so long for its client to come back, in ms; a credential without end would keep it for ever. */
const RETURNS_WITHIN = 24 * 3_600_000;
/** So many are kept, of some hundred bytes each. */
const MOST = 100_000;

interface Held {
  grant: Grant;
  /** When the credential behind it ends. Times are of the clock that only goes forward. */
  expires: number;
  /** Until when it opens a stream, while none is open with it. */
  opensUntil: number;
  holder: TicketUse | undefined;
}

/** A ticket that opens a stream, or has opened one. It is nobody else's until it is released. */
export interface TicketUse {
  readonly grant: Grant;
  /** Its stream is open. @param leave ends it without a word: its client has come back on another connection */
  opened(leave: () => void): void;
  /** Another credential stands behind it from now on. */
  renew(grant: Grant): void;
  /** Its stream has ended, or was never opened. */
  release(): void;
}

/**
 * Tickets stand for a credential in a URL, since an `EventSource` cannot send headers. It comes back with the same URL, so
 * a ticket opens its stream again and again until the credential ends; but only one at a time, and the first time soon, so
 * that one which is read in a log or a history opens nothing.
 */
export class Tickets {
  readonly #clocks: TicketClocks;
  /** By their hashes: what is looked up takes the same time however much of it is right. */
  readonly #held = new Map<string, Held>();
  #swept = 0;

  constructor(clocks: TicketClocks) {
    this.#clocks = clocks;
  }

  /** @throws SseError `at-capacity` */
  issue(grant: Grant): string {
    this.#sweep();
    if (this.#held.size >= MOST) throw new SseError('at-capacity', 'too many tickets are open; try again later');
    const ticket = randomBytes(32).toString('base64url');
    const { elapsed } = this.#clocks;
    const opensUntil = elapsed() + OPENS_WITHIN;
    this.#held.set(hashOf(ticket), { grant, expires: this.#endOf(grant), opensUntil, holder: undefined });
    return ticket;
  }

  /**
   * Takes a ticket for a stream; it must be released in any case.
   * @param returning whether its client says where its stream has broken off. It may then come before the end of that was
   *   noticed here: the old connection makes way, as it would have to anyway
   * @throws SseError `invalid-credential`
   */
  take(ticket: string, returning: boolean): TicketUse {
    const held = this.#held.get(hashOf(ticket));
    const time = this.#clocks.elapsed();
    if (!held) throw badCredential('ticket');
    if (held.expires <= time) throw badCredential('expired');
    if (!held.holder && held.opensUntil <= time) throw badCredential('ticket');
    const { holder } = held;
    if (holder && !(returning && holder instanceof Use && holder.leave())) throw badCredential('ticket');
    const use = new Use(
      held.grant,
      (grant) => Object.assign(held, { grant, expires: this.#endOf(grant) }),
      () => {
        if (held.holder !== use) return;
        held.holder = undefined;
        // One that has never opened a stream keeps its time.
        if (use.wasOpened) held.opensUntil = this.#clocks.elapsed() + RETURNS_WITHIN;
      },
    );
    held.holder = use;
    return use;
  }

  #endOf({ expiresAt }: Grant): number {
    const { now, elapsed } = this.#clocks;
    return expiresAt === undefined ? Infinity : elapsed() + expiresAt - now();
  }

  /** Forgets those that open nothing any more, whenever there are twice as many as were left the last time. */
  #sweep(): void {
    if (this.#held.size < Math.min(MOST, 2 * this.#swept + 1000)) return;
    const time = this.#clocks.elapsed();
    for (const [hash, { holder, opensUntil, expires }] of this.#held)
      if (!holder && (opensUntil <= time || expires <= time)) this.#held.delete(hash);
    this.#swept = this.#held.size;
  }
}

class Use implements TicketUse {
  grant: Grant;
  wasOpened = false;
  #leave: (() => void) | undefined;
  readonly #renewed: (grant: Grant) => void;
  readonly #released: () => void;

  constructor(grant: Grant, renewed: (grant: Grant) => void, released: () => void) {
    this.grant = grant;
    this.#renewed = renewed;
    this.#released = released;
  }

  opened(leave: () => void): void {
    this.wasOpened = true;
    this.#leave = leave;
  }

  /** Makes way for its client's new connection; false while there is nothing that could. */
  leave(): boolean {
    if (!this.#leave) return false;
    this.#leave();
    this.release();
    return true;
  }

  renew(grant: Grant): void {
    this.grant = grant;
    this.#renewed(grant);
  }

  release(): void {
    this.#leave = undefined;
    this.#released();
  }
}

function hashOf(ticket: string): string {
  return createHash('sha256').update(ticket).digest('base64url');
}
