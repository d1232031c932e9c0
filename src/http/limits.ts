import { isLoopbackAddress } from '../loopback.ts';
import { Rates } from './rates.ts';

/** What is limited while the server runs. 0 is no limit. */
export interface LimitValues {
  /** Streams at a time, those that are being opened included. */
  readonly maxClients: number;
  /** Of these, from one address: an IPv4 address, or the /64 of an IPv6 one. */
  readonly maxClientsPerAddress: number;
  /** Of these, of one person, told by a credential. */
  readonly maxClientsPerIdentity: number;
  /** Streams that one address may ask for, a second; and as many tickets. */
  readonly connectRate: number;
  /** Events that one credential may publish over HTTP, a second. */
  readonly publishRate: number;
  /** Bytes of the past that all clients together are sent, a second. */
  readonly replayRate: number;
}

interface LimitsParts {
  /** Whether clients of this machine may take as many places as they like: with a proxy there, they can be anybody. */
  readonly sparesLoopback: boolean;
  /** Streams that there can be at a time, whatever is wanted. */
  readonly capacity: () => number;
}

/**
 * The limits as they stand. Whoever obeys one asks here each time, so that `values` can be replaced while the server runs;
 * a lower limit evicts nobody, it keeps newcomers out.
 */
export class Limits {
  values: LimitValues;
  /** Streams that each address has asked for of late. */
  readonly streams: Rates = new Rates();
  /** Tickets and renewals. */
  readonly tickets: Rates = new Rates();
  /** Events that each credential has published of late. */
  readonly published: Rates = new Rates();
  readonly #sparesLoopback: boolean;
  readonly #capacity: () => number;

  constructor(values: LimitValues, { sparesLoopback, capacity }: LimitsParts) {
    this.values = values;
    this.#sparesLoopback = sparesLoopback;
    this.#capacity = capacity;
  }

  /** Streams at a time. */
  get maxClients(): number {
    return Math.min(this.values.maxClients, this.#capacity());
  }

  /** How many places an address may take; 0 is no limit. */
  placesFor(ip: string): number {
    // What has no address is a unix socket, or gone.
    if (ip === '' || (this.#sparesLoopback && isLoopbackAddress(ip))) return 0;
    return this.values.maxClientsPerAddress;
  }
}
