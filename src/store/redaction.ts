import { SseError } from '../errors.ts';
import { nobody } from '../event/audience.ts';
import { marksOf, type Write } from './marks.ts';
import type { Database, OpenStore } from './open-store.ts';
import { decodeRecord, encodeRecord, keyOf } from './record.ts';

/** So many entries are overwritten with one sync. */
const STEP = 256;

/**
 * Puts a tombstone in the place of every entry that is named and kept, and takes what was said out of the files.
 * @param sequences in order
 * @throws SseError `stopping`, `store-failed`; some may be redacted by then
 */
export async function redact(store: OpenStore, sequences: readonly number[]): Promise<void> {
  const range = [keyOf(sequences[0] ?? 0), keyOf((sequences.at(-1) ?? 0) + 1)] as const;
  // What is overwritten leaves the files when tables are merged, and only if it stood in one: therefore before and after.
  await compact(store, ...range);
  for (let i = 0; i < sequences.length; i += STEP) {
    if (store.closed) throw new SseError('stopping', 'the server is stopping; not everything was deleted');
    if (store.failure) throw store.failure;
    const step = sequences.slice(i, i + STEP).filter((sequence) => sequence >= store.oldest);
    await overwrite(store, step);
  }
  await compact(store, ...range);
}

async function overwrite(store: OpenStore, sequences: readonly number[]): Promise<void> {
  const { writes, freed } = await tombstones(store.db, sequences);
  try {
    await store.db.batch([...writes], { sync: true });
  } catch (error) {
    throw store.fail(error);
  }
  store.free(freed);
}

async function compact(store: OpenStore, from: Buffer, to: Buffer): Promise<void> {
  if (store.closed) return;
  try {
    await store.db.compactRange(from, to);
  } catch (error) {
    store.warn('deleted events may still stand in the files of the store, where nothing reads them', error);
  }
}

interface Tombstones {
  /** With the deletion of their marks. */
  readonly writes: readonly Write[];
  /** The bytes by which they are smaller than what they replace. */
  readonly freed: number;
}

/**
 * What to write so that records stand in the place of entries that are redacted: id and time are kept, so that sequences
 * stay dense and times can be searched; what was said is not, and neither their own ids nor their keys are found any more.
 * Sequences that have no good record get none: what is damaged can be had by nobody, and that it was there is told as ever.
 */
async function tombstones(db: Database, sequences: readonly number[]): Promise<Tombstones> {
  const writes: Write[] = [];
  let freed = 0;
  for (const sequence of sequences) {
    const key = keyOf(sequence);
    const before = await db.get(key).catch(() => undefined);
    const entry = before && decodeRecord(sequence, before);
    if (!entry) continue;
    const { id, time } = entry;
    const value = encodeRecord({ id, sequence, time, event: { type: 'message', data: '' }, audience: nobody });
    writes.push({ type: 'put', key, value });
    for (const mark of marksOf(entry)) writes.push({ type: 'del', key: mark });
    freed += before.length - value.length;
  }
  return { writes, freed };
}
