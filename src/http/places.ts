import { SseError } from '../errors.ts';
import type { Identity } from '../event/identity.ts';
import type { Limits } from './limits.ts';
import { networkOf } from './network.ts';

/** A client's place, from the moment that its stream is being opened. */
export class Place {
  readonly #release: () => void;
  readonly #claim: (identity: Identity) => (() => void) | undefined;
  #disown: (() => void) | undefined;
  #isFree = false;

  constructor(release: () => void, claim: (identity: Identity) => (() => void) | undefined) {
    this.#release = release;
    this.#claim = claim;
  }

  /** It is known now whose it is. @throws SseError `identity-limit` */
  claim(identity: Identity): void {
    if (!this.#isFree) this.#disown = this.#claim(identity);
  }

  /** Somebody else may have it. Once is enough, more does no harm. */
  release(): void {
    if (this.#isFree) return;
    this.#isFree = true;
    this.#release();
    this.#disown?.();
  }
}

/** Who takes how many places. At a limit a newcomer is refused, and nobody who is in is touched. */
export class Places {
  readonly #limits: Limits;
  readonly #byNetwork = new Map<string, number>();
  readonly #byIdentity = new Map<string, number>();
  /** Of those whose stream is open, by the id of the client. */
  readonly #open = new Map<string, Place>();
  #taken = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /**
   * Takes a place. To be called before anything is waited for, so that of many who come at once no more get in than may.
   * @throws SseError `at-capacity`, `address-limit`
   */
  take(ip: string): Place {
    const { maxClients } = this.#limits;
    if (this.#taken >= maxClients)
      throw new SseError('at-capacity', `all ${maxClients} places are taken; see --max-clients and ulimit -n`);
    const network = networkOf(ip);
    const most = this.#limits.placesFor(ip);
    if (most > 0 && (this.#byNetwork.get(network) ?? 0) >= most)
      throw new SseError(
        'address-limit',
        `your address has ${most} streams, and may not have more; see --max-clients-per-address`,
      );
    this.#taken++;
    const leave = network === '' ? undefined : enter(this.#byNetwork, network);
    return new Place(
      () => {
        this.#taken--;
        leave?.();
      },
      (identity) => this.#claim(identity),
    );
  }

  /** The stream of a client is open: its place is freed when the client leaves. */
  opened(client: string, place: Place): void {
    this.#open.set(client, place);
  }

  /** A client has left. */
  left(client: string): void {
    this.#open.get(client)?.release();
    this.#open.delete(client);
  }

  /** What is taken, and how many the busiest have. */
  get use(): {
    readonly taken: number;
    readonly opening: number;
    readonly mostOfAddress: number;
    readonly mostOfIdentity: number;
  } {
    return {
      taken: this.#taken,
      opening: this.#taken - this.#open.size,
      mostOfAddress: largest(this.#byNetwork),
      mostOfIdentity: largest(this.#byIdentity),
    };
  }

  #claim(identity: Identity): (() => void) | undefined {
    const person = personOf(identity);
    if (person === undefined) return undefined;
    const most = this.#limits.values.maxClientsPerIdentity;
    if (most > 0 && (this.#byIdentity.get(person) ?? 0) >= most)
      throw new SseError('identity-limit', `you have ${most} streams, and may not have more; see --max-clients-per-identity`);
    return enter(this.#byIdentity, person);
  }
}

/** Only what a credential proves: anonymous clients are not one person, and by its own word a client could be anybody, and keep others out. */
function personOf({ authenticated, id, login }: Identity): string | undefined {
  if (!authenticated || (id === '' && login === '')) return undefined;
  return id !== '' ? `id ${id}` : `login ${login}`;
}

function enter(counts: Map<string, number>, key: string): () => void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
  return () => {
    const left = (counts.get(key) ?? 0) - 1;
    if (left > 0) counts.set(key, left);
    else counts.delete(key);
  };
}

function largest(counts: ReadonlyMap<string, number>): number {
  let most = 0;
  for (const count of counts.values()) most = Math.max(most, count);
  return most;
}
