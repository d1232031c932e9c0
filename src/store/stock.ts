import type { Epoch } from '../hub/event-log.ts';
import type { Database, Stock } from './open-store.ts';
import { keyOf, sequenceOf, timeOf } from './record.ts';

const FIRST = keyOf(0);
const END = Buffer.from('f');

/**
 * What a store holds; begins the new epoch in it.
 * @param name of the new epoch
 * @param reached how far the log had got at least
 */
export async function takeStock(db: Database, name: string, reached: number): Promise<Stock> {
  const [first] = await db.keys({ gte: FIRST, lt: END, limit: 1 }).all();
  const last = await newest(db);
  const known: Epoch[] = [];
  for await (const [key, value] of db.iterator({ gte: epochKey(0), lt: Buffer.from('y') }))
    known.push({ name: value.toString('latin1'), first: sequenceOf(key) });
  // A tail that is gone does not give its sequences back: an epoch that began there has issued them.
  const head = Math.max(last, (known.at(-1)?.first ?? 1) - 1, reached);
  const epoch = { name, first: head + 1 };
  await db.batch([{ type: 'put', key: epochKey(epoch.first), value: Buffer.from(name, 'latin1') }], { sync: true });
  // Two openings at one place: the former has issued nothing.
  const epochs = [...known.filter((before) => before.first < epoch.first), epoch];
  const oldest = first ? sequenceOf(first) : head + 1;
  // Not from the beginning: what was dropped still takes room there, and for it newer entries would have to go.
  const bytes = await db.approximateSize(keyOf(oldest), END);
  return { epochs, oldest, head, last, bytes };
}

/** The sequence of the newest entry that is as it was written, 0 if none is: the key of another may say anything. */
async function newest(db: Database): Promise<number> {
  for await (const [key, record] of db.iterator({ gte: FIRST, lt: END, reverse: true })) {
    const sequence = sequenceOf(key);
    if (timeOf(sequence, record) !== undefined) return sequence;
  }
  return 0;
}

/** An epoch's key sorts by the first sequence it issues; several openings that issued nothing share one, and the newest counts. */
function epochKey(first: number): Buffer {
  const key = keyOf(first);
  key[0] = 'x'.charCodeAt(0);
  return key;
}
