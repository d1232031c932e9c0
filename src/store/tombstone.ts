import type { ClassicLevel } from 'classic-level';
import { nobody } from '../event/audience.ts';
import { marksOf, type Write } from './marks.ts';
import { decodeRecord, encodeRecord, keyOf } from './record.ts';

interface Tombstones {
  /** With the deletion of their marks. */
  readonly writes: readonly Write[];
  /** The bytes by which they are smaller than what they replace. */
  readonly freed: number;
}

/**
 * What to write so that records stand in the place of entries that are redacted: id and time are kept, so that sequences stay dense and
 * times can be searched; what was said is not, and neither their own ids nor their keys are found any more. Sequences that have no good record get none: what is damaged can be had by
 * nobody, and that it was there is told as ever.
 */
export async function tombstones(db: ClassicLevel<Buffer, Buffer>, sequences: readonly number[]): Promise<Tombstones> {
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
