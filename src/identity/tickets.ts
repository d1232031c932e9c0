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
/** So many are kept. */
const MOST = 100_000;
/** And of one person so many: of more, the eldest that carries no stream gives way. */
const MOST_OF_ONE = 32;
/** Those that open nothing any more are looked for at most this often, in ms. */
const SWEEP = 1000;

interface Held {
  grant: Grant;
  /** When the credential behind it ends. Times are of the clock that only goes forward. */
  expires: number;
  /** Until when it opens a stream, while none is open with it. */
  opensUntil: number;
  holder: Use | undefined;
}

/** A stream that was opened with a ticket, as its ticket sees it. */
export interface TicketedStream {
  /** Whether it has sent this id: whoever says so comes back, and is no second client by mistake. It proves nothing, others were sent the same. */
  hasSent(id: string): boolean;
  /** Ends it without a word: its client has come back on another connection. */
  leave(): void;
}

/** A ticket that opens a stream, or has opened one. It is nobody else's until it is released. */
export interface TicketUse {
  readonly grant: Grant;
  /** Its stream is open; the one that it takes the place of, if there is one, leaves. */
  opened(stream: TicketedStream): void;
  /** Another credential stands behind it from now on. */
  renew(grant: Grant): void;
  /** Its stream has ended, or was never opened. */
  release(): void;
}

/**
 * Tickets stand for a credential in a URL, since an `EventSource` cannot send headers. It comes back with the same URL, so
 * a ticket opens its stream again and again until the credential ends; but only one at a time, and the first time soon.
 */
export class Tickets {
  readonly #clocks: TicketClocks;
  /** By their hashes: what is looked up takes the same time however much of it is right. In the order in which they were given. */
  readonly #held = new Map<string, Held>();
  /** The hashes of each person's. */
  readonly #ofPerson = new Map<string, Set<string>>();
  #swept = -Infinity;

  constructor(clocks: TicketClocks) {
    this.#clocks = clocks;
  }

  /** @throws SseError `at-capacity` */
  issue(given: Grant): string {
    const own = this.#ofPerson.get(personOf(given)) ?? new Set<string>();
    const grant = this.#shared(given, own);
    if (own.size >= MOST_OF_ONE) this.#dropEldest(own);
    if (this.#held.size >= MOST) this.#sweep();
    if (this.#held.size >= MOST || own.size >= MOST_OF_ONE)
      throw new SseError('at-capacity', 'too many tickets are open; try again later');
    const ticket = randomBytes(32).toString('base64url');
    const hash = hashOf(ticket);
    const opensUntil = this.#clocks.elapsed() + OPENS_WITHIN;
    this.#held.set(hash, { grant, expires: this.#endOf(grant), opensUntil, holder: undefined });
    this.#ofPerson.set(personOf(grant), own.add(hash));
    return ticket;
  }

  /**
   * Takes a ticket for a stream; it must be released in any case.
   * @param lastEventId where its client says that its stream has broken off. If that is so, it may come before the end was noticed
   *   here: the old connection makes way, as it would have to anyway
   * @throws SseError `invalid-credential`
   */
  take(ticket: string, lastEventId?: string): TicketUse {
    const held = this.#held.get(hashOf(ticket));
    const time = this.#clocks.elapsed();
    if (!held) throw badCredential('ticket');
    if (held.expires <= time) throw badCredential('expired');
    const former = held.holder;
    if (former ? !former.isOf(lastEventId) : held.opensUntil <= time) throw badCredential('ticket');
    const use = new Use(held.grant, former, {
      renewed: (grant) => Object.assign(held, { grant, expires: this.#endOf(grant) }),
      released: () => {
        if (held.holder !== use) return;
        // What it wanted to take the place of is still there.
        held.holder = former?.isOpen && !use.wasOpened ? former : undefined;
        // One that has never opened a stream keeps its time.
        if (use.wasOpened) held.opensUntil = this.#clocks.elapsed() + RETURNS_WITHIN;
      },
    });
    held.holder = use;
    return use;
  }

  #endOf({ expiresAt }: Grant): number {
    const { now, elapsed } = this.#clocks;
    return expiresAt === undefined ? Infinity : elapsed() + expiresAt - now();
  }

  /** What one credential proves is kept once, however many tickets it has. */
  #shared(grant: Grant, own: ReadonlySet<string>): Grant {
    for (const hash of own) {
      const known = this.#held.get(hash)?.grant;
      if (known && known.fingerprint !== undefined && known.fingerprint === grant.fingerprint) return known;
    }
    return grant;
  }

  #dropEldest(own: ReadonlySet<string>): void {
    for (const hash of own) if (!this.#held.get(hash)?.holder) return this.#drop(hash);
  }

  #drop(hash: string): void {
    const held = this.#held.get(hash);
    if (!held) return;
    this.#held.delete(hash);
    const person = personOf(held.grant);
    const own = this.#ofPerson.get(person);
    own?.delete(hash);
    if (own?.size === 0) this.#ofPerson.delete(person);
  }

  /** Forgets those that open nothing any more. */
  #sweep(): void {
    const time = this.#clocks.elapsed();
    if (time - this.#swept < SWEEP) return;
    this.#swept = time;
    for (const [hash, { holder, opensUntil, expires }] of this.#held)
      if (!holder && (opensUntil <= time || expires <= time)) this.#drop(hash);
  }
}

interface Outcome {
  readonly renewed: (grant: Grant) => void;
  readonly released: () => void;
}

class Use implements TicketUse {
  grant: Grant;
  wasOpened = false;
  #former: Use | undefined;
  #stream: TicketedStream | undefined;
  readonly #outcome: Outcome;

  constructor(grant: Grant, former: Use | undefined, outcome: Outcome) {
    this.grant = grant;
    this.#former = former;
    this.#outcome = outcome;
  }

  get isOpen(): boolean {
    return this.#stream !== undefined;
  }

  /** Whether an id is of the stream that is open with it. */
  isOf(lastEventId: string | undefined): boolean {
    return lastEventId !== undefined && this.#stream?.hasSent(lastEventId) === true;
  }

  opened(stream: TicketedStream): void {
    this.wasOpened = true;
    this.#stream = stream;
    this.#former?.makeWay();
    this.#former = undefined;
  }

  makeWay(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.leave();
  }

  renew(grant: Grant): void {
    this.grant = grant;
    this.#outcome.renewed(grant);
  }

  release(): void {
    this.#stream = undefined;
    this.#outcome.released();
  }
}

function personOf({ identity, subject, fingerprint = '' }: Grant): string {
  return JSON.stringify([identity.id, identity.login, subject ?? (identity.id || identity.login ? '' : fingerprint)]);
}

function hashOf(ticket: string): string {
  return createHash('sha256').update(ticket).digest('base64url');
}
