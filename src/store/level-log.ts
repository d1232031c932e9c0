import { existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { SseError } from '../errors.ts';
import type { EventDraft } from '../event/event.ts';
import {
  type Appended,
  type Epoch,
  type EventLog,
  idOf,
  type Keyed,
  type Listener,
  type LogEntry,
  type Page,
  type Recall,
  tell,
} from '../hub/event-log.ts';
import type { RevocationKeeper } from '../identity/revocations.ts';
import { takeGroup, type Waiting, withoutConflicts } from './group.ts';
import { marksOf, putMarks, putReceipt, recall, type Write } from './marks.ts';
import { decodeRecord, encodeRecord, isMarked, KEY_LENGTH, keyOf, sequenceOf, timeOf } from './record.ts';
import { revocationKeeper } from './revocations.ts';
import { damagedTables } from './tables.ts';
import { type Found, Times } from './times.ts';
import { tombstones } from './tombstone.ts';

/** What is kept on disk; the first bound that is reached counts, and the newest entry always stays. */
export interface Retention {
  readonly events: number;
  /** In ms. */
  readonly age: number;
  /** Of records. */
  readonly bytes: number;
}

export interface LevelLogOptions {
  /** Made with mode 0700 if it is not there. */
  readonly directory: string;
  /** Random and new. */
  readonly epoch: string;
  readonly retention: Retention;
  /** Wall clock, ms since 1970. */
  readonly now?: () => number;
  /** Hears of damage and failures, once each: sentences for the operator. */
  readonly warn: (message: string, error?: unknown) => void;
}

/** What an opening finds. */
interface Stock {
  readonly epochs: readonly Epoch[];
  readonly oldest: number;
  readonly head: number;
  readonly bytes: number;
}

type Database = ClassicLevel<Buffer, Buffer>;

/** A page of `read` ends with the entry that reaches one of these. */
const PAGE = { events: 256, bytes: 512 * 1024 };
/** So many entries are dropped in one step of retention, so that it never holds back publishing for long. */
const STEP = 256;

const FIRST = keyOf(0);
const END = Buffer.from('f');

/** An epoch's key sorts by the first sequence it issues; several openings that issued nothing share one, and the newest counts. */
function epochKey(first: number): Buffer {
  const key = keyOf(first);
  key[0] = 'x'.charCodeAt(0);
  return key;
}

/**
 * A log on disk (LevelDB). An append settles after the data is synced, and nobody is told of an event before that.
 * Appends that wait while one batch is being synced go together into the next.
 */
export class LevelLog implements EventLog {
  readonly durability = 'disk';
  readonly epochs: readonly Epoch[];
  readonly #db: Database;
  readonly #options: LevelLogOptions;
  readonly #now: () => number;
  readonly #times = new Times((sequences, end) => this.#look(sequences, end));
  #oldest: number;
  #head: number;
  #bytes: number;
  #listener: Listener = () => 0;
  readonly #waiting: Waiting[] = [];
  /** Whether somebody looks after those who wait. */
  #busy = false;
  #committing: Promise<void> | undefined;
  #trimming: Promise<void> | undefined;
  /** Until then, the oldest entry is not too old. */
  #freshUntil = 0;
  #failure: SseError | undefined;
  #closed = false;
  /** Keeps what was revoked. */
  readonly revocations: RevocationKeeper;
  /** Damaged sequences that were reported. */
  readonly #reported = new Set<number>();

  private constructor(
    db: Database,
    options: LevelLogOptions,
    found: { epochs: readonly Epoch[]; oldest: number; head: number; bytes: number },
  ) {
    this.#db = db;
    this.#options = options;
    this.revocations = revocationKeeper(db, options.warn);
    this.#now = options.now ?? Date.now;
    this.epochs = found.epochs;
    this.#oldest = found.oldest;
    this.#head = found.head;
    this.#bytes = found.bytes;
  }

  /**
   * Opens the store, or begins a new one. One that does not open is repaired; if that doesn't help, it is set aside
   * under another name and a new one begun.
   * @throws SseError `store-in-use` if another process has it, `start-failed` if the directory can't be used
   */
  static async open(options: LevelLogOptions): Promise<LevelLog> {
    const { directory, warn } = options;
    makeDirectory(directory);
    try {
      checkTables(options);
      return await LevelLog.#attempt(options);
    } catch (error) {
      if (error instanceof SseError) throw error;
      warn(`the store in ${directory} does not open (${reasonOf(error)}); it is being repaired`);
    }
    try {
      await ClassicLevel.repair(directory);
      return await LevelLog.#attempt(options);
    } catch (error) {
      if (error instanceof SseError) throw error;
      const aside = `${directory}.damaged-${new Date((options.now ?? Date.now)()).toISOString().replaceAll(':', '-')}`;
      warn(`the store in ${directory} cannot be repaired (${reasonOf(error)}); it is kept as ${aside}, and a new one is begun`);
      renameSync(directory, aside);
      makeDirectory(directory);
      return LevelLog.#attempt(options);
    }
  }

  static async #attempt(options: LevelLogOptions): Promise<LevelLog> {
    const db: Database = new ClassicLevel(options.directory, {
      keyEncoding: 'buffer',
      valueEncoding: 'buffer',
      // Without it, tables can be checked before they are opened (`tables.ts`).
      compression: false,
    });
    try {
      await db.open();
      return new LevelLog(db, options, await takeStock(db, options.epoch));
    } catch (error) {
      await db.close();
      const { code } = (error as { cause?: { code?: string } }).cause ?? {};
      if (code === 'LEVEL_LOCKED')
        throw new SseError('store-in-use', `--store: ${options.directory} is in use by another process`);
      throw error;
    }
  }

  get writable(): boolean {
    return this.#failure === undefined && !this.#closed;
  }

  get head(): number {
    return this.#head;
  }

  get oldest(): number {
    return this.#oldest;
  }

  follow(listener: Listener): void {
    this.#listener = listener;
  }

  append(drafts: readonly EventDraft[], keyed?: Keyed): Promise<readonly Appended[]> {
    if (this.#closed) return Promise.reject(new SseError('stopping', 'the server is stopping; nothing was published'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ drafts, keyed, resolve, reject });
      if (this.#busy) return;
      this.#busy = true;
      this.#committing = this.#commit();
    });
  }

  async read(from: number): Promise<Page> {
    const start = Math.max(from, this.#oldest);
    // What is appended while this reads is the next page's.
    const end = Math.min(this.#head + 1, start + PAGE.events);
    const records = await this.#records(start, end);
    const entries = records.flatMap(([sequence, record]) => decodeRecord(sequence, record) ?? []);
    const full = records.reduce((bytes, [, record]) => bytes + record.length, 0) >= PAGE.bytes;
    const next = full ? (records.at(-1)?.[0] ?? start) + 1 : Math.max(end, from + 1);
    this.#report(entries, start, next);
    return { entries, next };
  }

  since(time: number): Promise<number> {
    return this.#times.since(time, this.#oldest, this.#head + 1);
  }

  async redact(sequences: readonly number[]): Promise<void> {
    // One of both at a time: retention must not drop a key that is just being written anew, for then it would stay.
    while (this.#trimming) await this.#trimming;
    const redacting = this.#redact(sequences).finally(() => {
      this.#trimming = undefined;
      this.trim();
    });
    // Its failure is the caller's to hear; whoever waits only wants the end.
    this.#trimming = redacting.catch(() => {});
    await redacting;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#committing;
    await this.#trimming;
    await this.#db.close();
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
    const { name } = this.epochs.at(-1) as Epoch;
    const time = this.#now();
    const group = await withoutConflicts(this.#db, waiting, this.#oldest);
    let head = this.#head;
    const appends = group.map((each) => {
      const entries = each.drafts.map((draft): LogEntry => {
        const sequence = ++head;
        return { ...draft, id: idOf(name, sequence, draft), sequence, time };
      });
      return { ...each, entries };
    });
    const all = appends.flatMap(({ entries }) => entries);
    const records = all.map((entry) => ({ type: 'put' as const, key: keyOf(entry.sequence), value: encodeRecord(entry) }));
    if (records.length === 0) return;
    try {
      if (this.#failure) throw this.#failure;
      // Should the process end before anybody is told, nobody was: until then, that is the answer.
      const receipts = appends.flatMap(({ keyed, entries }) =>
        keyed
          ? putReceipt(
              keyed,
              time,
              entries.map(({ id }) => ({ id, matched: 0 })),
            )
          : [],
      );
      // Put one by one: as a list, the library would copy each with the options, at half the cost of an append.
      const batch = this.#db.batch();
      for (const write of [...records, ...all.flatMap(putMarks), ...receipts])
        if (write.type === 'put') batch.put(write.key, write.value);
        else batch.del(write.key);
      await batch.write({ sync: true });
      for (const { value } of records) this.#bytes += value.length;
    } catch (error) {
      const failure = this.#fail(error);
      for (const { reject } of group) reject(failure);
      return;
    }
    this.#head = head;
    const told = appends.map(({ entries, keyed, resolve }) => {
      const answers = tell(entries, this.#listener);
      resolve(answers);
      return { keyed, answers };
    });
    const answered: Write[] = [];
    for (const { keyed, answers } of told) if (keyed) answered.push(...putReceipt(keyed, time, await answers));
    // Not synced: without it a repeated request still gets its ids and sends nothing.
    if (answered.length > 0) await this.#db.batch(answered).catch((error: unknown) => this.#fail(error));
    this.trim();
  }

  async recall(to: Recall): Promise<void> {
    try {
      await recall(this.#db, to);
    } catch (error) {
      // What is lost leads to one event too many, where the store was damaged; it is no reason not to start.
      this.#options.warn('keys of requests and of newest values could not all be read from the store', error);
    }
  }

  /** After a write or a sync failed, nobody knows what the disk holds; nothing is acknowledged until a new opening has looked. */
  #fail(error: unknown): SseError {
    if (this.#failure) return this.#failure;
    this.#failure = new SseError(
      'store-failed',
      `the store cannot be written (${reasonOf(error)}); nothing is published until the server is restarted`,
    );
    this.#options.warn(this.#failure.message, error);
    return this.#failure;
  }

  /** Settles when nothing is over the bounds any more. */
  async trimmed(): Promise<void> {
    await this.#trimming;
  }

  /** Drops what is over the bounds, in small steps beside publishing. */
  trim(): void {
    const { events, bytes } = this.#options.retention;
    if (this.#head - this.#oldest < events && this.#bytes <= bytes && this.#now() <= this.#freshUntil) return;
    this.#trimming ??= this.#trim()
      .catch((error: unknown) => this.#options.warn('old events could not be dropped from the store', error))
      .finally(() => {
        this.#trimming = undefined;
      });
  }

  async #trim(): Promise<void> {
    const { events, age, bytes } = this.#options.retention;
    while (!this.#closed && !this.#failure && this.#oldest < this.#head) {
      const over = this.#head - this.#oldest + 1 - events;
      const old = this.#now() - age;
      const keys: Buffer[] = [];
      const marks: Buffer[] = [];
      let freed = 0;
      const until = keyOf(Math.min(this.#oldest + STEP, this.#head));
      for await (const [key, value] of this.#db.iterator({ gte: keyOf(this.#oldest), lt: until })) {
        const time = value.length >= 11 ? value.readUIntBE(5, 6) : 0;
        if (keys.length >= over && this.#bytes - freed <= bytes && time >= old) {
          this.#freshUntil = time + age;
          break;
        }
        keys.push(key);
        const marked = isMarked(value) ? decodeRecord(sequenceOf(key), value) : undefined;
        if (marked) marks.push(...marksOf(marked));
        freed += value.length;
      }
      const last = keys.at(-1);
      if (!last) return;
      // Positions move first: nobody begins to read what is about to go.
      this.#oldest = sequenceOf(last) + 1;
      this.#bytes = Math.max(0, this.#bytes - freed);
      await this.#db.batch([...keys, ...marks].map((key) => ({ type: 'del' as const, key })));
    }
  }

  async #redact(sequences: readonly number[]): Promise<void> {
    const range = [keyOf(sequences[0] ?? 0), keyOf((sequences.at(-1) ?? 0) + 1)] as const;
    // What is overwritten leaves the files when tables are merged, and only if it stood in one: therefore before and after.
    await this.#compact(...range);
    for (let i = 0; i < sequences.length; i += STEP) {
      if (this.#closed) throw new SseError('stopping', 'the server is stopping; not everything was deleted');
      if (this.#failure) throw this.#failure;
      await this.#overwrite(sequences.slice(i, i + STEP).filter((sequence) => sequence >= this.#oldest));
    }
    await this.#compact(...range);
  }

  async #overwrite(sequences: readonly number[]): Promise<void> {
    const { writes, freed } = await tombstones(this.#db, sequences);
    try {
      await this.#db.batch([...writes], { sync: true });
    } catch (error) {
      throw this.#fail(error);
    }
    this.#bytes = Math.max(0, this.#bytes - freed);
  }

  async #compact(from: Buffer, to: Buffer): Promise<void> {
    if (this.#closed) return;
    try {
      await this.#db.compactRange(from, to);
    } catch (error) {
      this.#options.warn('deleted events may still stand in the files of the store, where nothing reads them', error);
    }
  }

  /** The records of a run of sequences that can be read, up to the one that fills a page. */
  async #records(start: number, end: number): Promise<[sequence: number, record: Buffer][]> {
    const range = { gte: keyOf(start), lt: keyOf(end) };
    try {
      return await this.#run(range, end - start);
    } catch {
      // A block of a file is damaged, and the iterator ends at it: one by one, the others can still be had.
      const found: [number, Buffer][] = [];
      let bytes = 0;
      for (let sequence = start; sequence < end && bytes < PAGE.bytes; sequence++) {
        const record = await this.#db.get(keyOf(sequence)).catch(() => undefined);
        if (!record) continue;
        found.push([sequence, record]);
        bytes += record.length;
      }
      return found;
    }
  }

  /** All in one go: each trip to the library costs more than the records it brings. */
  async #run(range: { gte: Buffer; lt: Buffer }, limit: number): Promise<[sequence: number, record: Buffer][]> {
    // LevelDB counts keys as well; the page counts records only, and must never be ended here before it is full.
    const iterator = this.#db.iterator({ ...range, highWaterMarkBytes: PAGE.bytes + limit * KEY_LENGTH });
    try {
      const records = await iterator.nextv(limit);
      return records.map(([key, record]) => [sequenceOf(key), record]);
    } finally {
      await iterator.close();
    }
  }

  /** Finds entries for their time; for one that is missing, the next before `end`. */
  async #look(sequences: readonly number[], end: number): Promise<readonly (Found | undefined)[]> {
    const records = await this.#db.getMany(sequences.map(keyOf)).catch(() => []);
    const found: (Found | undefined)[] = [];
    for (const [index, sequence] of sequences.entries()) {
      const record = records[index];
      found.push(record ? foundIn(sequence, record) : await this.#next(sequence, end));
    }
    return found;
  }

  async #next(from: number, end: number): Promise<Found | undefined> {
    const [next] = await this.#run({ gte: keyOf(from), lt: keyOf(end) }, 1).catch(() => []);
    return next && foundIn(...next);
  }

  /** Tells once of each run of entries that ought to be there and is not as it was written. */
  #report(entries: readonly LogEntry[], start: number, next: number): void {
    if (entries.length === next - start) return;
    const good = new Set(entries.map(({ sequence }) => sequence));
    const damaged: number[] = [];
    for (let sequence = start; sequence < next; sequence++)
      if (!good.has(sequence) && sequence >= this.#oldest && !this.#reported.has(sequence)) damaged.push(sequence);
    if (damaged.length === 0) return;
    for (const sequence of damaged) this.#reported.add(sequence);
    this.#options.warn(`the store is damaged: ${damaged.length} events from ${damaged[0]} to ${damaged.at(-1)} are lost`);
  }
}

function foundIn(sequence: number, record: Buffer): Found | undefined {
  const time = timeOf(sequence, record);
  return time === undefined ? undefined : { sequence, time };
}

/** What a store holds; begins the new epoch in it. */
async function takeStock(db: Database, name: string): Promise<Stock> {
  const [first] = await db.keys({ gte: FIRST, lt: END, limit: 1 }).all();
  const [last] = await db.keys({ gte: FIRST, lt: END, limit: 1, reverse: true }).all();
  const known: Epoch[] = [];
  for await (const [key, value] of db.iterator({ gte: epochKey(0), lt: Buffer.from('y') }))
    known.push({ name: value.toString('latin1'), first: sequenceOf(key) });
  // A tail that is gone does not give its sequences back: an epoch that began there has issued them.
  const head = Math.max(last ? sequenceOf(last) : 0, (known.at(-1)?.first ?? 1) - 1);
  const epoch = { name, first: head + 1 };
  await db.batch([{ type: 'put', key: epochKey(epoch.first), value: Buffer.from(name, 'latin1') }], { sync: true });
  // Two openings at one place: the former has issued nothing.
  const epochs = [...known.filter((before) => before.first < epoch.first), epoch];
  return { epochs, oldest: first ? sequenceOf(first) : head + 1, head, bytes: await db.approximateSize(FIRST, END) };
}

/** Looks at the table files, and throws what leads to a repair if some had to be set aside. A store that is in use is left alone. */
function checkTables({ directory }: LevelLogOptions): void {
  if (isLocked(directory)) return; // Opening it says so.
  const damaged = damagedTables(directory);
  if (damaged.length === 0 || isLocked(directory)) return;
  for (const name of damaged) renameSync(join(directory, name), join(directory, `${name}.damaged`));
  throw new Error(`damaged, and set aside: ${damaged.join(', ')}`);
}

/** Whether a process has the store open, as far as the system says (Linux does). */
function isLocked(directory: string): boolean {
  const lock = statSync(join(directory, 'LOCK'), { throwIfNoEntry: false });
  if (!lock || !existsSync('/proc/locks')) return false;
  return readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .some((line) => line.includes(`:${lock.ino} `));
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new SseError('start-failed', `--store: ${directory} cannot be made: ${(error as Error).message}`);
  }
}

function reasonOf(error: unknown): string {
  return (error as { cause?: Error }).cause?.message ?? (error as Error).message;
}
