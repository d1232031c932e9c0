import { crc32 } from 'node:zlib';
import { SseError } from '../errors.ts';
import { type Audience, everyone, nobody } from '../event/audience.ts';
import type { ReplayRules } from '../event/event.ts';
import { compileFilter, type Filter } from '../event/filter.ts';
import { ANY_SIZE } from '../event/sizes.ts';
import type { LogEntry } from '../hub/event-log.ts';

/*
 * How things stand on disk: a version (1 byte), the CRC-32 of all that follows (4 bytes), the time in ms since 1970
 * (6 bytes), then JSON. The key is checksummed with the rest, so that a record can't be taken for another.
 */

const VERSION = 1;
/** Its entry has marks beside it, which go when it goes: retention reads no others. */
const MARKED = 2;
const HEAD = 11;

interface Stored extends ReplayRules {
  readonly id: string;
  readonly ownId?: string;
  readonly type?: string;
  readonly data: string;
  readonly retry?: number;
  /** CEL. */
  readonly filter?: string;
  readonly topics?: readonly string[];
  readonly except?: readonly string[];
  /** Nobody is told it again, since its audience was a function or it was redacted; of what it said nothing is kept. */
  readonly live?: true;
}

/** In bytes. */
export const KEY_LENGTH = 9;

/** A key that sorts by sequence. */
export function keyOf(sequence: number): Buffer {
  // From Node's pool: memory of its own for each key is most of what a lookup leaves to the garbage collector.
  const key = Buffer.allocUnsafe(KEY_LENGTH);
  key.write('e', 'latin1');
  key.writeBigUInt64BE(BigInt(sequence), 1);
  return key;
}

/** The sequence in a key. */
export function sequenceOf(key: Buffer): number {
  return Number(key.readBigUInt64BE(1));
}

/** Writes an entry. Of one whose audience is a function, only that it was there, and its own id, which stays taken. */
export function encodeRecord({ id, ownId, sequence, time, event, audience, replay }: LogEntry): Buffer {
  const { filter, topics, except, match } = audience;
  const own = ownId !== undefined && { ownId };
  const stored: Stored = match
    ? { id, ...own, data: '', live: true }
    : {
        id,
        ...own,
        ...(event.type !== 'message' && { type: event.type }),
        data: event.data,
        ...(event.retry !== undefined && { retry: event.retry }),
        ...(filter && { filter: filter.source }),
        ...(topics && { topics }),
        ...(except && { except }),
        ...replay,
      };
  const version = ownId !== undefined || stored.supersedes !== undefined ? MARKED : VERSION;
  return seal(keyOf(sequence), { time, value: stored, version });
}

/** Whether an entry may have marks. */
export function isMarked(record: Buffer): boolean {
  return record[0] === MARKED;
}

/** Writes what stands under a key. */
export function seal(key: Buffer, { time, value, version = VERSION }: { time: number; value: object; version?: number }): Buffer {
  const json = Buffer.from(JSON.stringify(value));
  const record = Buffer.allocUnsafe(HEAD + json.length);
  record.writeUInt8(version, 0);
  record.writeUIntBE(time, 5, 6);
  json.copy(record, HEAD);
  record.writeUInt32BE(checksum(key, record), 1);
  return record;
}

/** Reads it; undefined if the bytes are not what was written there. */
export function unseal<T>(key: Buffer, record: Buffer): { readonly time: number; readonly value: T } | undefined {
  if (record.length < HEAD || (record[0] !== VERSION && record[0] !== MARKED)) return undefined;
  if (record.readUInt32BE(1) !== checksum(key, record)) return undefined;
  return { time: record.readUIntBE(5, 6), value: JSON.parse(record.toString('utf8', HEAD)) as T };
}

/** Reads an entry; undefined if the bytes are not what was written for this sequence. */
export function decodeRecord(sequence: number, record: Buffer): LogEntry | undefined {
  const sealed = unseal<Stored>(keyOf(sequence), record);
  if (!sealed) return undefined;
  const { id, ownId, type = 'message', data, retry, ...rest } = sealed.value;
  const replay = replayOf(rest);
  return {
    id,
    sequence,
    time: sealed.time,
    event: { type, data, ...(retry !== undefined && { retry }) },
    audience: audienceOf(rest),
    ...(ownId !== undefined && { ownId }),
    ...(replay && { replay }),
  };
}

function checksum(key: Buffer, record: Buffer): number {
  return crc32(record.subarray(5), crc32(key));
}

/** When an entry was appended, without reading the rest; undefined as above. */
export function timeOf(sequence: number, record: Buffer): number | undefined {
  if (record.length < HEAD || (record[0] !== VERSION && record[0] !== MARKED)) return undefined;
  return record.readUInt32BE(1) === checksum(keyOf(sequence), record) ? record.readUIntBE(5, 6) : undefined;
}

function replayOf({ ttl, history, supersedes }: ReplayRules): ReplayRules | undefined {
  if (ttl === undefined && history === undefined && supersedes === undefined) return undefined;
  return {
    ...(ttl !== undefined && { ttl }),
    ...(history === false && { history }),
    ...(supersedes !== undefined && { supersedes }),
  };
}

function audienceOf({ filter, topics, except, live }: Omit<Stored, 'id' | 'data'>): Audience {
  if (live) return nobody;
  if (filter === undefined && !topics && !except) return everyone;
  const known = filter === undefined ? undefined : compiledOrNot(filter);
  // A version that allowed more has published it: whom it was for cannot be told any more.
  if (filter !== undefined && !known) return nobody;
  return { ...(known && { filter: known }), ...(topics && { topics }), ...(except && { except }) };
}

/** Undefined: it is none any more. */
function compiledOrNot(source: string): Filter | undefined {
  try {
    // Its size was looked at when it was published, by what held then.
    return compileFilter(source, undefined, ANY_SIZE);
  } catch (error) {
    if (error instanceof SseError) return undefined;
    throw error;
  }
}
