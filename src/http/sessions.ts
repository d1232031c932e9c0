import { createHash, randomBytes } from 'node:crypto';

/** How long somebody stays signed in, in ms. */
export const SESSION_AGE: number = 12 * 60 * 60 * 1000;
/** With more, the oldest ends: who has the token can sign in again, and nobody can fill the memory. */
const MAX_SESSIONS = 100;

interface Session {
  readonly end: number;
  /** How to end what it keeps open. */
  readonly held: Set<() => void>;
  timer: NodeJS.Timeout | undefined;
}

/** Those who have shown admin's token in a browser, which keeps a random id in place of it. They end with the process. */
export class Sessions {
  /**
   * By the hash of its id, in the order in which they began: a look-up takes the same time whatever part of a wrong id is
   * right, since nobody can make up ids whose hashes are alike.
   */
  readonly #sessions = new Map<string, Session>();
  readonly #now: () => number;

  /** @param now a clock that only goes forward, in ms */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Begins one. @returns its id */
  open(): string {
    const id = randomBytes(32).toString('base64url');
    for (const [hash, { end }] of this.#sessions)
      if (end <= this.#now() || this.#sessions.size >= MAX_SESSIONS) this.#close(hash);
    this.#sessions.set(hashOf(id), { end: this.#now() + SESSION_AGE, held: new Set(), timer: undefined });
    return id;
  }

  has(id: string): boolean {
    return (this.#sessions.get(hashOf(id))?.end ?? 0) > this.#now();
  }

  /**
   * What is open by a session's word ends with it, however that ends: a request is looked at once, and a stream goes on.
   * @param end called then, once
   * @returns lets go of it
   */
  hold(id: string, end: () => void): () => void {
    const hash = hashOf(id);
    const session = this.#sessions.get(hash);
    if (!session) throw new Error('a session that is not there holds nothing');
    session.held.add(end);
    session.timer ??= setTimeout(() => this.#close(hash), session.end - this.#now()).unref();
    return () => void session.held.delete(end);
  }

  close(id: string): void {
    this.#close(hashOf(id));
  }

  /** Ends all: they stand for a token that is none any more. */
  closeAll(): void {
    for (const hash of this.#sessions.keys()) this.#close(hash);
  }

  #close(hash: string): void {
    const session = this.#sessions.get(hash);
    this.#sessions.delete(hash);
    clearTimeout(session?.timer);
    for (const end of session?.held ?? []) end();
  }
}

function hashOf(id: string): string {
  return createHash('sha256').update(id).digest('base64');
}
