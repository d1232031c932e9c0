import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32c, masked } from './crc32c.ts';
import { VarintReader } from './varint.ts';

/*
 * Which tables belong to a store stands in its manifest: a log of changes (leveldb, doc/impl.md), written as journals are
 * (doc/log_format.md): blocks of 32 KiB with pieces of records, each with its masked CRC-32C (4 bytes), its length
 * (2 bytes) and its kind (1 byte). Whoever ends in the midst of a compaction leaves tables that no manifest has, whole or
 * not; LevelDB takes them away when it opens.
 */

const BLOCK = 32 * 1024;
const HEADER = 7;
const FULL = 1;
const FIRST = 2;
const LAST = 4;

/** The names of the tables that a store is made of; undefined if that cannot be said for sure. */
export function tablesInUse(directory: string): ReadonlySet<string> | undefined {
  try {
    const name = readFileSync(join(directory, 'CURRENT'), 'latin1').trimEnd();
    if (!/^MANIFEST-\d+$/.test(name)) return undefined;
    const numbers = new Set<number>();
    for (const record of recordsIn(readFileSync(join(directory, name)))) apply(record, numbers);
    const names = [...numbers].map((number) => nameOf(directory, number));
    return names.every((table) => table !== undefined) ? new Set(names) : undefined;
  } catch (error) {
    // Not as LevelDB writes it, or not there.
    const { code = '' } = error as NodeJS.ErrnoException;
    if (error instanceof RangeError || code === 'ENOENT' || code === 'EISDIR') return undefined;
    throw error;
  }
}

/** Tables of old versions end otherwise. Undefined: it is not there, so the manifest is not one of what is. */
function nameOf(directory: string, number: number): string | undefined {
  const base = String(number).padStart(6, '0');
  return [`${base}.ldb`, `${base}.sst`].find((name) => existsSync(join(directory, name)));
}

/** @throws RangeError if anything is not as it was written, the end included */
function* recordsIn(log: Buffer): Generator<Buffer> {
  let pieces: Buffer[] = [];
  for (let at = 0; at < log.length; ) {
    const left = BLOCK - (at % BLOCK);
    if (left < HEADER) {
      at += left;
      continue;
    }
    const length = log.readUInt16LE(at + 4);
    const kind = log.readUInt8(at + 6);
    const end = at + HEADER + length;
    if (HEADER + length > left || end > log.length || kind < FULL || kind > LAST) throw new RangeError('no record is like that');
    if (log.readUInt32LE(at) !== masked(crc32c(log, at + 6, end))) throw new RangeError('the record was altered');
    if ((kind === FULL || kind === FIRST) !== (pieces.length === 0)) throw new RangeError('a piece is missing');
    pieces.push(log.subarray(at + HEADER, end));
    at = end;
    if (kind !== FULL && kind !== LAST) continue;
    yield Buffer.concat(pieces);
    pieces = [];
  }
  if (pieces.length > 0) throw new RangeError('the last record has no end');
}

/** leveldb, db/version_edit.cc: what each tag is followed by. */
const COMPARATOR = 1;
const NUMBERS: ReadonlySet<number> = new Set([2, 3, 4, 9]);
const COMPACTED_TO = 5;
const DELETED = 6;
const ADDED = 7;

function apply(record: Buffer, tables: Set<number>): void {
  const reader = new VarintReader(record);
  const skip = () => {
    const length = reader.varint();
    reader.position += length;
  };
  while (reader.position < record.length) {
    const tag = reader.varint();
    if (NUMBERS.has(tag)) reader.varint();
    else if (tag === COMPARATOR) skip();
    else {
      if (tag !== COMPACTED_TO && tag !== DELETED && tag !== ADDED) throw new RangeError('there is no such tag');
      reader.varint(); // The level.
      if (tag === COMPACTED_TO) {
        skip();
        continue;
      }
      const number = reader.varint();
      if (tag === DELETED) tables.delete(number);
      else {
        tables.add(number);
        reader.varint(); // Its size; then its smallest and its largest key.
        skip();
        skip();
      }
    }
  }
  if (reader.position !== record.length) throw new RangeError('the record ends too early');
}
