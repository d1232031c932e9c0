import { SseError } from '../errors.ts';
import type { EventDraft } from '../event/event.ts';
import type { Appended, Keyed, Receipt } from './event-log.ts';

/** How long a key is known, in ms. */
const AGE = 24 * 3_600_000;
/** So many answers are kept; the keys of older ones are forgotten earlier. A batch has one for each event. */
const ANSWERS = 100_000;

/** What is known of a key. */
interface Known {
  readonly digest: string;
  readonly time: number;
  readonly size: number;
  /** Rejected if it fails; the key is free by then. */
  readonly answers: Promise<readonly Appended[]>;
  settled: boolean;
}

/** All rules for an idempotency key; undefined when it keeps them. */
export function idempotencyKeyProblem(key: string): string | undefined {
  // As a header field can carry it without being quoted, and short enough to be kept by the hundred thousand.
  return /^[\x21-\x7e]{1,255}$/.test(key) ? undefined : 'has 1 to 255 visible ASCII characters, without spaces';
}

/** What was answered to publishers who named their request, so that they can repeat it without publishing twice. */
export class Receipts {
  /** In the order in which they were published. */
  readonly #known = new Map<string, Known>();
  readonly #now: () => number;
  readonly #limit: number;
  #answers = 0;
  /** Keys that were forgotten here and that the log has not been told of. */
  #forgotten: string[] = [];

  /** @param now ms since 1970 @param limit how many answers are kept */
  constructor(now: () => number, limit: number = ANSWERS) {
    this.#now = now;
    this.#limit = limit;
  }

  /** Takes in what a log has kept of a former opening; oldest first. */
  restore({ key, digest, time, answers }: Receipt): void {
    this.#add(key, { digest, time, size: answers.length, answers: Promise.resolve(answers), settled: true });
  }

  /**
   * Appends under a key, once: the same drafts under the same key again get the first answer, and wait for it if need be.
   * A failed first frees the key, and the next one who waits tries.
   * @throws SseError `conflict` if the key stands for other drafts, and whatever `append` throws
   */
  async once(
    key: string,
    drafts: readonly EventDraft[],
    append: (keyed: Keyed) => Promise<readonly Appended[]>,
  ): Promise<readonly Appended[]> {
    const digest = await digestOf(drafts);
    for (let known = this.#find(key); known; known = this.#find(key)) {
      if (known.digest !== digest)
        throw new SseError('conflict', 'this idempotency key was used for another request; a new request needs a new key');
      try {
        return await known.answers;
      } catch {
        // The key is free by now; unless another who waited has it, this one tries.
      }
    }
    const time = this.#now();
    this.#forget();
    const forgotten = this.#forgotten.splice(0);
    const answers = append({ key, digest, forgotten }).then(
      (appended) => {
        known.settled = true;
        return appended;
      },
      (error: unknown) => {
        this.#delete(key, known);
        this.#forgotten.push(...forgotten);
        throw error;
      },
    );
    const known: Known = { digest, time, size: drafts.length, answers, settled: false };
    this.#add(key, known);
    return answers;
  }

  #find(key: string): Known | undefined {
    const known = this.#known.get(key);
    return known && this.#isOver(known) ? undefined : known;
  }

  #isOver({ settled, time }: Known): boolean {
    return settled && this.#now() - time >= AGE;
  }

  #add(key: string, known: Known): void {
    const before = this.#known.get(key);
    if (before) this.#delete(key, before);
    this.#known.set(key, known);
    this.#answers += known.size;
    this.#forget();
  }

  #delete(key: string, known: Known): void {
    this.#known.delete(key);
    this.#answers -= known.size;
  }

  #forget(): void {
    for (const [key, known] of this.#known) {
      // What is under way must be found by those who repeat it.
      if (!known.settled) return;
      // However large it is, the newest stays.
      const isOneTooMany = this.#answers > this.#limit && this.#known.size > 1;
      if (!isOneTooMany && !this.#isOver(known)) return;
      this.#delete(key, known);
      this.#forgotten.push(key);
    }
  }
}

/** What a request says, in 43 characters: the same for the same events, however they were written. */
async function digestOf(drafts: readonly EventDraft[]): Promise<string> {
  const text = JSON.stringify(
    drafts.map(({ event, audience: { filter, topics, except, match }, ownId, replay }) => [
      [event.type, event.data, event.retry],
      [filter?.source, topics, except, match?.toString()],
      [ownId, replay?.ttl, replay?.history, replay?.supersedes],
    ]),
  );
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(digest))).replace(/=+$/, '');
}
