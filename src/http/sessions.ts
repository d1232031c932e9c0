import { createHash, randomBytes } from 'node:crypto';

/** How long somebody stays signed in, in ms. */
export const SESSION_AGE: number = 12 * 60 * 60 * 1000;
/** With more, the oldest ends: who has the token can sign in again, and nobody can fill the memory. */
const MAX_SESSIONS = 100;

/** Those who have shown admin's token in a browser, which keeps a random id in place of it. They end with the process. */
export class Sessions {
  /**
   * When each ends, by the hash of its id, in the order in which they began: a look-up takes the same time whatever part of
   * a wrong id is right, since nobody can make up ids whose hashes are alike.
   */
  readonly #ends = new Map<string, number>();
  readonly #now: () => number;

  /** @param now a clock that only goes forward, in ms */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Begins one. @returns its id */
  open(): string {
    const id = randomBytes(32).toString('base64url');
    for (const [hash, end] of this.#ends) if (end <= this.#now() || this.#ends.size >= MAX_SESSIONS) this.#ends.delete(hash);
    this.#ends.set(hashOf(id), this.#now() + SESSION_AGE);
    return id;
  }

  has(id: string): boolean {
    return (this.#ends.get(hashOf(id)) ?? 0) > this.#now();
  }

  close(id: string): void {
    this.#ends.delete(hashOf(id));
  }

  /** Ends all: they stand for a token that is none any more. */
  closeAll(): void {
    this.#ends.clear();
  }
}

function hashOf(id: string): string {
  return createHash('sha256').update(id).digest('base64');
}
