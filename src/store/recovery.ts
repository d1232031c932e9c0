import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { SseError } from '../errors.ts';
import { type Database, LEVEL_OPTIONS, type OpenStore, reasonOf } from './open-store.ts';
import { keyOf, sequenceOf } from './record.ts';
import { checkRoom } from './unusable.ts';

/** First and longest pause between two tries, in ms. */
const PAUSE = { first: 1000, longest: 15_000 };

/**
 * Makes a store that failed usable again, without a restart, once its disk is well.
 *
 * LevelDB takes no more writes after one of them failed, and nobody knows then what of that one the disk holds. Opening it
 * anew copies its journal into a table that is synced: all that was acknowledged, and perhaps the write that failed. That
 * was refused, and nobody was told of its events; so they are deleted, and their sequences are given to those who come next.
 */
export class Recovery {
  readonly #store: OpenStore;
  readonly #directory: string;
  readonly #atRest: () => Promise<void>;
  #pause = PAUSE.first;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  /** @param atRest settles when nothing is being written */
  constructor(store: OpenStore, directory: string, atRest: () => Promise<void>) {
    this.#store = store;
    this.#directory = directory;
    this.#atRest = atRest;
    store.failed = () => this.#later();
  }

  /** Tries no more; settles when the last try is over. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#running;
  }

  #later(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#try().finally(() => {
        this.#running = undefined;
      });
    }, this.#pause);
    this.#timer.unref();
  }

  async #try(): Promise<void> {
    const store = this.#store;
    await this.#atRest();
    if (store.closed) return;
    try {
      // Where there is no room, the store stays open as it is: what it holds can be read.
      if (store.db.status === 'open') checkRoom(this.#directory, journalsIn(this.#directory));
      await store.replace(() => this.#reopen());
    } catch (error) {
      // Told when it failed; a line for each try would fill the log, which may be on that disk too.
      store.reason = reasonOf(error);
      this.#pause = Math.min(2 * this.#pause, PAUSE.longest);
      if (!(error instanceof Changed)) return this.#later();
      return store.warn(error.message);
    }
    this.#pause = PAUSE.first;
    store.recover();
  }

  async #reopen(): Promise<Database> {
    const store = this.#store;
    const db: Database = new ClassicLevel(this.#directory, LEVEL_OPTIONS);
    await db.open();
    try {
      await this.#check(db);
      // It is also what shows that there can be written again.
      const probe = { type: 'put' as const, key: Buffer.from('p'), value: Buffer.alloc(0) };
      await db.batch([probe, ...store.unsure.map((key) => ({ type: 'del' as const, key }))], { sync: true });
      return db;
    } catch (error) {
      await db.close();
      throw error;
    }
  }

  /** That it is the store that it was, up to what nobody knows of. */
  async #check(db: Database): Promise<void> {
    const { head, oldest, unsure, epochs } = this.#store;
    const range = { gte: keyOf(0), lt: Buffer.from('f'), reverse: true, limit: 1 };
    const [key] = await db.keys(range).all();
    const last = key ? sequenceOf(key) : 0;
    const [epoch] = await db.values({ gte: Buffer.from('x'), lt: Buffer.from('y'), reverse: true, limit: 1 }).all();
    const isWhole = head < oldest || last >= head;
    const isOurs = epoch?.toString('latin1') === epochs.at(-1)?.name;
    if (!isWhole || !isOurs || last > head + unsure.length)
      throw new Changed(
        'store-failed',
        `the store in ${this.#directory} is not what it was before it failed; restart the server`,
      );
  }
}

/** Somebody else had it, or what was safe is gone: that is for an opening with all its care. */
class Changed extends SseError {}

function journalsIn(directory: string): string[] {
  const names = readdirSync(directory).filter((name) => name.endsWith('.log'));
  return names.map((name) => join(directory, name));
}
