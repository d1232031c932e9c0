import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { SseError } from '../errors.ts';
import { tablesInUse } from './manifest.ts';
import { type Database, LEVEL_OPTIONS, OpenStore, type Recovered, reasonOf, type Warn } from './open-store.ts';
import { setAside } from './set-aside.ts';
import { takeStock } from './stock.ts';
import { damagedTables, isTable } from './tables.ts';
import { checkRoom, unusable } from './unusable.ts';
import { BEGINNING, hasWitness, readWitness, WITNESS, WITNESS_DRAFT, writeWitness } from './witness.ts';

/** What is to be opened. */
export interface Place {
  /** Made with mode 0700 if it is not there. */
  readonly directory: string;
  /** Random and new. */
  readonly epoch: string;
  /** Wall clock, ms since 1970. */
  readonly now?: () => number;
  readonly warn: Warn;
  /** Default: nobody hears. */
  readonly recovered?: Recovered;
}

/**
 * Opens a store, or begins a new one. One that is damaged is repaired; if that doesn't help, it is set aside under another
 * name and a new one begun.
 * @throws SseError `store-in-use` if another process has it, `start-failed` if the directory can't be used: then nothing in it is touched
 */
export async function openStore(place: Place): Promise<OpenStore> {
  try {
    return await openOrRepair(place);
  } catch (error) {
    throw unusable(place.directory, error) ?? error;
  }
}

async function openOrRepair(place: Place): Promise<OpenStore> {
  const { directory, warn, now = Date.now } = place;
  makeDirectory(directory);
  claim(directory);
  const damaged = damagedIn(directory);
  try {
    if (damaged.length === 0) return await attempt(place);
    warn(`the store in ${directory} is damaged (${damaged.join(', ')}); it is being repaired`);
  } catch (error) {
    if (error instanceof SseError || unusable(directory, error)) throw error;
    warn(`the store in ${directory} does not open (${reasonOf(error)}); it is being repaired`);
  }
  try {
    await repair(directory, damaged);
    return await attempt(place);
  } catch (error) {
    if (error instanceof SseError || unusable(directory, error)) throw error;
    const aside = setAside(directory, now());
    warn(`the store in ${directory} cannot be repaired (${reasonOf(error)}); it is kept as ${aside}, and a new one is begun`);
    makeDirectory(directory);
    writeWitness(directory, 0);
    return attempt(place);
  }
}

async function attempt({ directory, epoch, warn, recovered = () => {} }: Place): Promise<OpenStore> {
  const db: Database = new ClassicLevel(directory, LEVEL_OPTIONS);
  try {
    await db.open();
    const reached = readWitness(directory);
    const stock = await takeStock(db, epoch, reached);
    if (stock.last < reached) warn(`the store in ${directory} is damaged: events from ${stock.last + 1} to ${reached} are lost`);
    writeWitness(directory, stock.head);
    return new OpenStore(db, stock, warn, recovered);
  } catch (error) {
    await db.close();
    const { code } = (error as { cause?: { code?: string } }).cause ?? {};
    if (code === 'LEVEL_LOCKED') throw new SseError('store-in-use', `--store: ${directory} is in use by another process`);
    throw error;
  }
}

/** The names of tables that LevelDB must not open; one that was left half-written when a process ended it takes away unopened. A store that is in use is left alone: opening it says so. */
function damagedIn(directory: string): readonly string[] {
  if (isLocked(directory)) return [];
  const broken = damagedTables(directory);
  const used = broken.length > 0 ? tablesInUse(directory) : undefined;
  const damaged = used ? broken.filter((name) => used.has(name)) : broken;
  // Somebody may have begun to write in the meantime.
  return isLocked(directory) ? [] : damaged;
}

/** @param damaged names of tables that are kept, but not used */
async function repair(directory: string, damaged: readonly string[]): Promise<void> {
  const journals = readdirSync(directory).filter((name) => name.endsWith('.log'));
  checkRoom(
    directory,
    journals.map((name) => join(directory, name)),
  );
  const used = tablesInUse(directory);
  for (const name of damaged) renameSync(join(directory, name), join(directory, `${name}.damaged`));
  // A repair takes in every table that it finds, and with one that a compaction had done with what was dropped since.
  const left = used ? readdirSync(directory).filter((name) => isTable(name) && !used.has(name)) : [];
  for (const name of left) rmSync(join(directory, name));
  await ClassicLevel.repair(directory);
}

/** Whether a process has the store open, as far as the system says (Linux does). */
function isLocked(directory: string): boolean {
  const lock = statSync(join(directory, 'LOCK'), { throwIfNoEntry: false });
  if (!lock || !existsSync('/proc/locks')) return false;
  return readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .some((line) => line.includes(`:${lock.ino} `));
}

/**
 * Makes an empty folder a store's, before anything else is put there. LevelDB takes away what it does not know, takes in what looks like
 * its own, and a repair does more: none of them may begin among files of somebody else, not even among those of another LevelDB.
 * @throws SseError `start-failed`
 */
function claim(directory: string): void {
  if (hasWitness(directory)) return;
  // A file system of its own has lost+found.
  const names = readdirSync(directory).filter((name) => !name.startsWith('.') && name !== 'lost+found' && name !== WITNESS_DRAFT);
  if (names.length === 0) return writeWitness(directory, 0);
  const lost = names.includes('CURRENT')
    ? `; if it is a store of this server that has lost its ${WITNESS}: echo '${BEGINNING}' > ${join(directory, WITNESS)}`
    : '';
  throw new SseError(
    'start-failed',
    `--store: ${directory} holds other files (${JSON.stringify(names[0])}) and no store of this server; name a directory that is empty, or is not there yet${lost}`,
  );
}

function makeDirectory(directory: string): void {
  // Not by `recursive`: with that, Node says ENOENT whatever the reason is, and in a file system like /proc it never ends.
  const parent = dirname(resolve(directory));
  if (!existsSync(parent)) makeDirectory(parent);
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) mkdirSync(directory, { mode: 0o700 });
}
