import { createHash } from 'node:crypto';
import { nameOf } from '../event/audience.ts';
import type { Appended, Keyed, LogEntry, Recall, Receipt } from '../hub/event-log.ts';
import { LAST_VALUES_LIMIT } from '../hub/last-values.ts';
import type { Database } from './open-store.ts';
import { decodeRecord, keyOf, seal, unseal } from './record.ts';

/*
 * Keys beside the entries, by which own ids and newest values are found without reading the log: `i`, the own id, NUL, and
 * `s`, a digest of the key of `supersedes` and the audience; then the sequence. Since that is part of it, a mark is written
 * with its entry and goes with its entry, and no two writes are ever about the same one. Nothing that was said stands in
 * one: LevelDB writes keys into its manifest as well, where they outlive what was redacted.
 * And receipts of requests, under `r` and the key of the request.
 */

/** A line of a LevelDB batch. */
export type Write =
  | { readonly type: 'put'; readonly key: Buffer; readonly value: Buffer }
  | { readonly type: 'del'; readonly key: Buffer };

const SEQUENCE = 8;
const DIGEST = 16;
const NOTHING = Buffer.alloc(0);
/** So many entries are read at a time, since each may be large. */
const STEP = 64;

/** Keys of what stands beside an entry. */
export function marksOf({ sequence, ownId, audience, replay }: LogEntry): Buffer[] {
  const marks: Buffer[] = [];
  if (ownId !== undefined) marks.push(mark(`i${ownId}\0`, sequence));
  if (replay?.supersedes !== undefined && !audience.match) {
    const value = createHash('sha256').update(`${replay.supersedes}\0${nameOf(audience)}`);
    marks.push(mark('s', sequence, value.digest().subarray(0, DIGEST)));
  }
  return marks;
}

function mark(name: string, sequence: number, digest: Buffer = NOTHING): Buffer {
  const end = Buffer.alloc(SEQUENCE);
  end.writeBigUInt64BE(BigInt(sequence));
  return Buffer.concat([Buffer.from(name), digest, end]);
}

/** Writes what stands beside an entry. */
export function putMarks(entry: LogEntry): Write[] {
  return marksOf(entry).map((key) => ({ type: 'put', key, value: NOTHING }));
}

/** The sequence of the newest entry that had an own id, 0 if none did. */
export async function findOwnId(db: Database, ownId: string): Promise<number> {
  const range = { gte: Buffer.from(`i${ownId}\0`), lt: Buffer.from(`i${ownId}\u0001`) };
  const [newest] = await db.keys({ ...range, reverse: true, limit: 1 }).all();
  return newest ? markedBy(newest) : 0;
}

function markedBy(key: Buffer): number {
  return Number(key.readBigUInt64BE(key.length - SEQUENCE));
}

/** Writes the receipt of a request, and drops those that are forgotten. */
export function putReceipt({ key, digest, forgotten }: Keyed, time: number, answers: readonly Appended[]): Write[] {
  const at = receiptKey(key);
  return [
    ...forgotten.map((each) => ({ type: 'del' as const, key: receiptKey(each) })),
    { type: 'put', key: at, value: seal(at, { time, value: { digest, answers } }) },
  ];
}

function receiptKey(key: string): Buffer {
  return Buffer.from(`r${key}`, 'latin1');
}

/** Reads what a hub asks back. */
export async function recall(db: Database, to: Recall): Promise<void> {
  if (to.receipt) for (const receipt of await receiptsIn(db)) to.receipt(receipt);
  const newest = (await newestValues(db)).slice(-LAST_VALUES_LIMIT);
  for (let i = 0; i < newest.length; i += STEP) {
    const sequences = newest.slice(i, i + STEP);
    // The record itself says what it supersedes: it is checksummed, a mark is not.
    for (const [index, record] of (await db.getMany(sequences.map(keyOf))).entries()) {
      const entry = record && decodeRecord(sequences[index] as number, record);
      if (entry) to.latest(entry);
    }
  }
}

/** Oldest first. */
async function receiptsIn(db: Database): Promise<readonly Receipt[]> {
  const receipts: Receipt[] = [];
  for await (const [at, record] of db.iterator({ gte: Buffer.from('r'), lt: Buffer.from('s') })) {
    const sealed = unseal<Pick<Receipt, 'digest' | 'answers'>>(at, record);
    if (sealed) receipts.push({ key: at.toString('latin1', 1), time: sealed.time, ...sealed.value });
  }
  return receipts.sort((a, b) => a.time - b.time);
}

/** In order: the newest sequence of each key and audience. */
async function newestValues(db: Database): Promise<number[]> {
  const newest: number[] = [];
  let before: Buffer | undefined;
  for await (const key of db.keys({ gte: Buffer.from('s'), lt: Buffer.from('t') })) {
    const name = key.subarray(0, -SEQUENCE);
    if (before?.equals(name)) newest.pop();
    newest.push(markedBy(key));
    before = name;
  }
  return newest.sort((a, b) => a - b);
}
