import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32c, masked } from './crc32c.ts';
import { unsnappy } from './snappy.ts';
import { VarintReader } from './varint.ts';

/*
 * LevelDB's library reads table files without looking at their checksums (its journals it does check), and a flipped bit
 * in one can end the whole process. So they are looked at here, before it opens them.
 *
 * A table (leveldb, doc/table_format.md): blocks, each followed by its compression (1 byte) and its masked CRC-32C
 * (4 bytes); the last 48 bytes hold the places of the meta index and of the index, and a magic number. The index has an
 * entry for each data block. The store is written without compression, but a repair packs what it writes.
 */

const FOOTER = 48;
const MAGIC = 0xdb4775248b80fb57n;
const TRAILER = 5;
/** What a block's compression may be. */
const PLAIN = 0;
const SNAPPY = 1;

/** Whether a file of a store is a table, by its name. */
export function isTable(name: string): boolean {
  return /\.(ldb|sst)$/.test(name);
}

/** The names of the table files in a store that are not as they were written. */
export function damagedTables(directory: string): string[] {
  // Whatever else has such a name was not made by LevelDB, and reading it might never end.
  const files = readdirSync(directory, { withFileTypes: true }).filter((entry) => isTable(entry.name));
  return files.filter((entry) => !entry.isFile() || !isWhole(readFileSync(join(directory, entry.name)))).map(({ name }) => name);
}

/** Whether every block of a table is as it was written. */
function isWhole(table: Buffer): boolean {
  try {
    if (table.length < FOOTER || table.readBigUInt64LE(table.length - 8) !== MAGIC) return false;
    const footer = new Reader(table, table.length - FOOTER);
    const metaIndex = footer.handle();
    const index = footer.handle();
    // Nothing reads what fills the footer up, but then nothing is left in a table that could be altered unseen.
    if (table.subarray(footer.position, table.length - 8).some((byte) => byte !== 0)) return false;
    if (!blockIsWhole(table, metaIndex) || !blockIsWhole(table, index)) return false;
    // The meta index has the place of the filter, by which LevelDB knows without looking that a key is not there.
    const handles = [metaIndex, index].flatMap((block) => [...handlesIn(contentOf(table, block))]);
    return handles.every((handle) => blockIsWhole(table, handle));
  } catch (error) {
    // A length that leads out of the file.
    if (error instanceof RangeError) return false;
    throw error;
  }
}

interface Handle {
  readonly offset: number;
  readonly size: number;
}

class Reader extends VarintReader {
  handle(): Handle {
    return { offset: this.varint(), size: this.varint() };
  }
}

function contentOf(table: Buffer, { offset, size }: Handle): Buffer {
  const block = table.subarray(offset, offset + size);
  const compression = table.readUInt8(offset + size);
  if (compression === SNAPPY) return unsnappy(block);
  if (compression === PLAIN) return block;
  throw new RangeError('LevelDB has no other compression');
}

/** The places of blocks: the values of an index, whose entries share prefixes of their keys. */
function* handlesIn(index: Buffer): Generator<Handle> {
  const restarts = index.readUInt32LE(index.length - 4);
  const end = index.length - 4 * (restarts + 1);
  const reader = new Reader(index, 0);
  while (reader.position < end) {
    reader.varint();
    const unshared = reader.varint();
    const length = reader.varint();
    const value = new Reader(index, reader.position + unshared);
    yield value.handle();
    reader.position += unshared + length;
  }
}

function blockIsWhole(table: Buffer, { offset, size }: Handle): boolean {
  const end = offset + size + 1;
  // The type of compression is part of what is checked.
  return offset + size + TRAILER <= table.length && table.readUInt32LE(end) === masked(crc32c(table, offset, end));
}
