import { SseError } from '../errors.ts';
import type { EventDraft } from '../event/event.ts';
import { type Appended, type Epoch, idOf, type Keyed, type Listener, type LogEntry, tell } from '../hub/event-log.ts';
import { takeGroup, type Waiting, withoutConflicts } from './group.ts';
import { putMarks, putReceipt, type Write } from './marks.ts';
import type { OpenStore } from './open-store.ts';
import { encodeRecord, keyOf } from './record.ts';

/** What commits need besides the store. */
interface Surroundings {
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
  /** A clock that only goes forward, in ms. */
  readonly elapsed: () => number;
  /** Hears that the store has grown. */
  readonly grown: () => void;
  /** Hears that an append is on disk, so many ms after it was asked for. */
  readonly synced: (after: number) => void;
}

/** An append that is accepted, with the places of its drafts in the log. */
interface Append extends Waiting {
  readonly entries: readonly LogEntry[];
}

/** Appends, in groups: those that wait while one batch is being synced go together into the next. */
export class Commits {
  /** Is handed every entry that is safe, and answers for how many clients it is. */
  listener: Listener = () => 0;
  readonly #store: OpenStore;
  readonly #surroundings: Surroundings;
  readonly #waiting: Waiting[] = [];
  /** Whether somebody looks after those who wait. */
  #busy = false;
  #committing: Promise<void> | undefined;

  constructor(store: OpenStore, surroundings: Surroundings) {
    this.#store = store;
    this.#surroundings = surroundings;
  }

  append(drafts: readonly EventDraft[], keyed?: Keyed): Promise<readonly Appended[]> {
    if (this.#store.closed) return Promise.reject(new SseError('stopping', 'the server is stopping; nothing was published'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ drafts, keyed, since: this.#surroundings.elapsed(), resolve, reject });
      if (this.#busy) return;
      this.#busy = true;
      this.#committing = this.#commit();
    });
  }

  /** Settles when nobody waits any more. */
  async settled(): Promise<void> {
    await this.#committing;
  }

  /** One synced batch after another, until nobody waits. */
  async #commit(): Promise<void> {
    // Everything that was asked for in this turn of the event loop goes together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) await this.#commitGroup(takeGroup(this.#waiting));
    // In the same step as the look at the queue: whoever comes next begins anew.
    this.#busy = false;
  }

  async #commitGroup(waiting: readonly Waiting[]): Promise<void> {
    const store = this.#store;
    const { now, elapsed, synced, grown } = this.#surroundings;
    const time = now();
    if (store.failure) {
      for (const { reject } of waiting) reject(store.failure);
      return;
    }
    const appends = this.#placed(await withoutConflicts(store.db, waiting, store.oldest), time);
    if (appends.length === 0) return;
    try {
      if (store.failure) throw store.failure;
      await this.#write(appends, time);
    } catch (error) {
      // The entries, and what stands beside them: only theirs, since keys of requests and own ids are taken once.
      const unsure = appends.flatMap(({ entries, keyed }) => [
        ...entries.map(({ sequence }) => keyOf(sequence)),
        ...[...entries.flatMap(putMarks), ...(keyed ? putReceipt(keyed, time, []) : [])].map(({ key }) => key),
      ]);
      const failure = store.fail(error, unsure);
      for (const { reject } of appends) reject(failure);
      return;
    }
    const end = elapsed();
    for (const { since } of appends) synced(end - since);
    store.head += appends.reduce((count, { entries }) => count + entries.length, 0);
    const told = appends.map(({ entries, keyed, resolve }) => {
      const answers = tell(entries, this.listener);
      resolve(answers);
      return { keyed, answers };
    });
    const answered: Write[] = [];
    for (const { keyed, answers } of told) if (keyed) answered.push(...putReceipt(keyed, time, await answers));
    // Not synced: without it a repeated request still gets its ids and sends nothing.
    if (answered.length > 0) await store.db.batch(answered).catch((error: unknown) => store.fail(error));
    grown();
  }

  /** Gives the drafts the next sequences. They count once they are written. */
  #placed(group: readonly Waiting[], time: number): readonly Append[] {
    const { name } = this.#store.epochs.at(-1) as Epoch;
    let head = this.#store.head;
    return group.map((each) => {
      const entries = each.drafts.map((draft): LogEntry => {
        const sequence = ++head;
        return { ...draft, id: idOf(name, sequence, draft), sequence, time };
      });
      return { ...each, entries };
    });
  }

  async #write(appends: readonly Append[], time: number): Promise<void> {
    const all = appends.flatMap(({ entries }) => entries);
    const records = all.map((entry) => ({ type: 'put' as const, key: keyOf(entry.sequence), value: encodeRecord(entry) }));
    // Should the process end before anybody is told, nobody was: until then, that is the answer.
    const unheard = (entries: readonly LogEntry[]) => entries.map(({ id }) => ({ id, matched: 0 }));
    const receipts = appends.flatMap(({ keyed, entries }) => (keyed ? putReceipt(keyed, time, unheard(entries)) : []));
    // Put one by one: as a list, the library would copy each with the options, at half the cost of an append.
    const batch = this.#store.db.batch();
    for (const write of [...records, ...all.flatMap(putMarks), ...receipts])
      if (write.type === 'put') batch.put(write.key, write.value);
      else batch.del(write.key);
    await batch.write({ sync: true });
    for (const { value } of records) this.#store.bytes += value.length;
  }
}
