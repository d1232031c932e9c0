import type { Epoch } from '../hub/event-log.ts';
import type { Database, Stock } from './open-store.ts';
import { keyOf, sequenceOf } from './record.ts';

const FIRST = keyOf(0);
const END = Buffer.from('f');

/** What a store holds; begins the new epoch in it. */
export async function takeStock(db: Database, name: string): Promise<Stock> {
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

/** An epoch's key sorts by the first sequence it issues; several openings that issued nothing share one, and the newest counts. */
function epochKey(first: number): Buffer {
  const key = keyOf(first);
  key[0] = 'x'.charCodeAt(0);
  return key;
}
