import { SseError } from '../errors.ts';
import { badCredential, type Grant } from './grant.ts';

/** What was taken back: every credential of a subject that was issued until then, or a single one. */
export interface Revocation {
  readonly what: 'subject' | 'token' | 'fingerprint';
  readonly value: string;
  /** When, in ms since 1970. */
  readonly time: number;
}

/** Where revocations outlive this process. */
export interface RevocationKeeper {
  keep(revocations: readonly Revocation[]): Promise<void>;
  forget(revocations: readonly Revocation[]): Promise<void>;
  recall(): Promise<readonly Revocation[]>;
}

/** Keeps nothing: a restart forgets what was revoked. */
export const FORGETFUL: RevocationKeeper = {
  keep: async () => {},
  forget: async () => {},
  recall: async () => [],
};

export interface RevocationOptions {
  readonly keeper: RevocationKeeper;
  /** No credential is valid for longer than this after it was issued, in ms; Infinity where there may be some without end. Asked each time. */
  readonly lifetime: () => number;
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
}

/** So many are kept. Only then are those forgotten that no credential can be left for: what says nothing of its issue may be valid for longer. */
const MOST = 100_000;
/** How far another machine's clock may be ahead, in ms: a token that says it was issued a little later may be from before. */
const AHEAD = 5000;

/** Credentials that are no good any more although they say so themselves. */
export class Revocations {
  readonly #options: RevocationOptions;
  readonly #known = new Map<string, Revocation>();

  constructor(options: RevocationOptions) {
    this.#options = options;
  }

  /** Takes in what a former process has kept. To be awaited before the first request. */
  async restore(): Promise<void> {
    for (const revocation of await this.#options.keeper.recall()) this.#known.set(nameOf(revocation), revocation);
    if (this.#known.size > MOST) await this.#forgetOver();
  }

  /** Makes room for more. @throws SseError `at-capacity` if there is none */
  async reserve(what: readonly Omit<Revocation, 'time'>[]): Promise<void> {
    if (!this.#hasRoom(what)) await this.#forgetOver();
    this.#checkRoom(what);
  }

  /**
   * Takes credentials back: they are refused by the time this returns, and kept when what it returns settles.
   * @throws SseError `at-capacity` at once, and nothing was revoked; `store-failed` later, when they are revoked, but not kept
   */
  add(what: readonly Omit<Revocation, 'time'>[]): Promise<void> {
    this.#checkRoom(what);
    const time = this.#options.now();
    const revocations = what.map((each) => ({ ...each, time }));
    for (const revocation of revocations) this.#known.set(nameOf(revocation), revocation);
    return this.#options.keeper.keep(revocations);
  }

  /** What is known already takes no more room when it is revoked again. */
  #hasRoom(what: readonly Omit<Revocation, 'time'>[]): boolean {
    return this.#known.size + what.filter((each) => !this.#known.has(nameOf(each))).length <= MOST;
  }

  #checkRoom(what: readonly Omit<Revocation, 'time'>[]): void {
    if (!this.#hasRoom(what)) throw new SseError('at-capacity', `${MOST} revocations are kept already; nothing was revoked`);
  }

  /** @throws SseError `invalid-credential` for one that was revoked */
  check(grant: Grant): void {
    if (this.#known.size > 0 && this.revokes(grant)) throw badCredential('revoked');
  }

  revokes({ identity, subject, tokenId, fingerprint, issuedAt }: Grant): boolean {
    if (this.#find('token', tokenId) || this.#find('fingerprint', fingerprint)) return true;
    // Both names count, each with its own time: one of them may have been revoked before.
    for (const name of [subject, identity.id]) {
      const all = name === '' ? undefined : this.#find('subject', name);
      if (all && (issuedAt === undefined || issuedAt <= all.time + AHEAD)) return true;
    }
    return false;
  }

  #find(what: Revocation['what'], value: string | undefined): Revocation | undefined {
    return value === undefined ? undefined : this.#known.get(nameOf({ what, value }));
  }

  async #forgetOver(): Promise<void> {
    const { now, lifetime, keeper } = this.#options;
    const longest = lifetime();
    const over = [...this.#known.values()].filter(({ time }) => now() - time > longest);
    for (const revocation of over) this.#known.delete(nameOf(revocation));
    if (over.length > 0) await keeper.forget(over);
  }
}

/** What a revocation is found by. */
function nameOf({ what, value }: Pick<Revocation, 'what' | 'value'>): string {
  return `${what}:${value}`;
}
