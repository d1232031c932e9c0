import { existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { SseError } from '../errors.ts';
import { type Database, OpenStore, reasonOf, type Warn } from './open-store.ts';
import { takeStock } from './stock.ts';
import { damagedTables } from './tables.ts';

/** What is to be opened. */
export interface Place {
  /** Made with mode 0700 if it is not there. */
  readonly directory: string;
  /** Random and new. */
  readonly epoch: string;
  /** Wall clock, ms since 1970. */
  readonly now?: () => number;
  readonly warn: Warn;
}

/**
 * Opens a store, or begins a new one. One that does not open is repaired; if that doesn't help, it is set aside
 * under another name and a new one begun.
 * @throws SseError `store-in-use` if another process has it, `start-failed` if the directory can't be used
 */
export async function openStore(place: Place): Promise<OpenStore> {
  const { directory, warn, now = Date.now } = place;
  makeDirectory(directory);
  try {
    checkTables(directory);
    return await attempt(place);
  } catch (error) {
    if (error instanceof SseError) throw error;
    warn(`the store in ${directory} does not open (${reasonOf(error)}); it is being repaired`);
  }
  try {
    await ClassicLevel.repair(directory);
    return await attempt(place);
  } catch (error) {
    if (error instanceof SseError) throw error;
    const aside = `${directory}.damaged-${new Date(now()).toISOString().replaceAll(':', '-')}`;
    warn(`the store in ${directory} cannot be repaired (${reasonOf(error)}); it is kept as ${aside}, and a new one is begun`);
    renameSync(directory, aside);
    makeDirectory(directory);
    return attempt(place);
  }
}

async function attempt({ directory, epoch, warn }: Place): Promise<OpenStore> {
  const db: Database = new ClassicLevel(directory, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    // Without it, tables can be checked before they are opened (`tables.ts`).
    compression: false,
  });
  try {
    await db.open();
    return new OpenStore(db, await takeStock(db, epoch), warn);
  } catch (error) {
    await db.close();
    const { code } = (error as { cause?: { code?: string } }).cause ?? {};
    if (code === 'LEVEL_LOCKED') throw new SseError('store-in-use', `--store: ${directory} is in use by another process`);
    throw error;
  }
}

/** Looks at the table files, and throws what leads to a repair if some had to be set aside. A store that is in use is left alone. */
function checkTables(directory: string): void {
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
