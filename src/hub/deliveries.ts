import { admits } from '../event/audience.ts';
import type { Client } from '../event/identity.ts';
import type { Cursor } from './cursor.ts';
import type { History, HistoryEntry } from './history.ts';
import type { Standing } from './standing.ts';
import { inSlices } from './turns.ts';

/** How far an event has got with those it was for. */
export interface Delivery {
  readonly id: string;
  /** For how many of the clients attached at that instant it was. */
  readonly matched: number;
  /** To whom it was written. */
  readonly written: number;
  /** Of those: handed to the kernel. Nobody can know more than that, short of asking the client. */
  readonly flushed: number;
  /** Connected, and it is not yet written or not yet flushed. */
  readonly behind: number;
  /** Gone before it was flushed. */
  readonly closed: number;
}

export type DeliveryState = 'flushed' | 'written' | 'behind' | 'closed';

const ORDER: readonly DeliveryState[] = ['behind', 'written', 'closed', 'flushed'];

/** One of those an event was for, and how far it has got with it. */
export interface Recipient {
  readonly client: Client;
  readonly state: DeliveryState;
}

/** What is left of a client that is gone. */
interface Gone {
  readonly client: Client;
  readonly attachedAt: number;
  /** The head when it went. */
  readonly head: number;
  readonly flushed: number;
}

interface DeliveriesParts {
  readonly standing: Standing;
  /** Filled as far as it is before the first event. */
  readonly history: History;
  readonly defer: (turn: () => void) => void;
}

/** So many who are gone are remembered. Of more, `closed` still counts all, but some of them had got the event. */
const GONE = 10_000;
/** After so many clients, other work may run. */
const STEP = 64;

/**
 * Receipts for events, computed from positions when somebody asks: nothing is stored for each delivery. An event that a
 * client attached before was for it if its audience has it; whoever has renewed since is judged by who it is now.
 */
export class Deliveries {
  readonly #standing: Standing;
  readonly #history: History;
  readonly #defer: (turn: () => void) => void;
  /** The head at the beginning: for whom an older event was, nobody knows. */
  readonly #first: number;
  /** In the order in which they went. */
  #gone: Gone[] = [];
  #changed: (() => void)[] = [];

  constructor({ standing, history, defer }: DeliveriesParts) {
    this.#standing = standing;
    this.#history = history;
    this.#defer = defer;
    this.#first = history.newest;
  }

  /**
   * How far an event has got; undefined if it is not in the history, or older than this process.
   * @param wait answers within so many ms: earlier when everyone has it
   */
  async of(sequence: number, wait = 0): Promise<Delivery | undefined> {
    const entry = this.#entry(sequence);
    if (!entry) return undefined;
    const over = new Timeout(wait);
    for (;;) {
      const changed = new Promise<void>((resolve) => this.#changed.push(resolve));
      const delivery = await inSlices(this.#count(entry), this.#defer);
      if (delivery.behind === 0 || over.isOver) {
        over.clear();
        return delivery;
      }
      await Promise.race([changed, over.promise]);
    }
  }

  /** Those an event was for, those who don't have it first; undefined as above. */
  async recipients(sequence: number): Promise<readonly Recipient[] | undefined> {
    const entry = this.#entry(sequence);
    return entry && inSlices(this.#sorted(entry), this.#defer);
  }

  /** A client is about to go. */
  leaving(cursor: Cursor): void {
    const { client, attachedAt } = cursor;
    const head = this.#history.newest;
    // No event came while it was there. Of a hundred thousand that only look in, nothing is kept.
    if (attachedAt < head) this.#gone.push({ client, attachedAt, head, flushed: this.#standing.flushedTo(cursor) });
    // What it had of events that left the history is asked by nobody.
    if (this.#gone.length > 2 * GONE) this.#gone = this.#gone.slice(-GONE).filter(({ head }) => head >= this.#history.oldest);
    this.change();
  }

  /** A client has taken something, or is gone. */
  change(): void {
    for (const changed of this.#changed.splice(0)) changed();
  }

  #entry(sequence: number): HistoryEntry | undefined {
    return sequence > this.#first ? this.#history.at(sequence) : undefined;
  }

  *#count(entry: HistoryEntry): Generator<void, Delivery> {
    const count: Record<DeliveryState, number> = { flushed: 0, written: 0, behind: 0, closed: 0 };
    for (const recipient of this.#recipients(entry)) {
      if (recipient) count[recipient.state]++;
      else yield;
    }
    const { id, matched = 0 } = entry;
    const behind = count.written + count.behind;
    return {
      id,
      matched,
      written: count.flushed + count.written,
      flushed: count.flushed,
      behind,
      closed: Math.max(0, matched - count.flushed - behind),
    };
  }

  *#sorted(entry: HistoryEntry): Generator<void, Recipient[]> {
    const all: Recipient[] = [];
    for (const recipient of this.#recipients(entry)) {
      if (recipient) all.push(recipient);
      else yield;
    }
    return all.sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
  }

  /** As far as they are remembered. Now and then undefined, where other work may run. */
  *#recipients({ sequence, audience }: HistoryEntry): Generator<Recipient | undefined, void> {
    let asked = 0;
    for (const cursor of this.#standing.all()) {
      if (cursor.attachedAt < sequence && admits(audience, cursor.client, true)) {
        const isFlushed = this.#standing.flushedTo(cursor) >= sequence;
        const isWritten = this.#standing.positionOf(cursor) >= sequence;
        yield { client: cursor.client, state: isFlushed ? 'flushed' : isWritten ? 'written' : 'behind' };
      }
      if (++asked % STEP === 0) yield;
    }
    for (const { client, attachedAt, head, flushed } of this.#gone) {
      if (attachedAt < sequence && head >= sequence && admits(audience, client, true))
        yield { client, state: flushed >= sequence ? 'flushed' : 'closed' };
      if (++asked % STEP === 0) yield;
    }
  }
}

/** The end of somebody's patience. */
class Timeout {
  isOver: boolean;
  readonly promise: Promise<void>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param time in ms; 0 is over at once */
  constructor(time: number) {
    this.isOver = time === 0;
    this.promise = new Promise((resolve) => {
      const end = () => {
        this.isOver = true;
        resolve();
      };
      if (time > 0) this.#timer = setTimeout(end, time);
    });
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
