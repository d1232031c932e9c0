import type { Chunk } from './batch.ts';
import type { Cursor, Place } from './cursor.ts';
import type { Meter } from './meter.ts';
import { Stall } from './stall.ts';

/** Whoever looks at cursors when it is time. */
export interface Watch {
  /** Something of a cursor is new that says when it is to be looked at. */
  watch(cursor: Cursor): void;
  /** It is gone. */
  forget(cursor: Cursor): void;
}

export interface StandingParts {
  /** There is something to do for a cursor that is ready. */
  readonly schedule: () => void;
  readonly meter: Meter;
  /** A clock that only goes forward, in ms. */
  readonly elapsed: () => number;
  readonly watch: () => Watch;
}

/** Who stands where: every cursor by its place, and the entry that the live ones stand at. */
export class Standing {
  readonly live: Set<Cursor> = new Set();
  readonly ready: Set<Cursor> = new Set();
  readonly blocked: Set<Cursor> = new Set();
  readonly reading: Set<Cursor> = new Set();
  /** Between passes, all live cursors have been sent what is for them up to here. */
  at: number;
  /** The last entry of the pass that runs; `at` while none does. Up to here, `next = 0` of other cursors holds. */
  reach: number;
  /** When the last beat was, on the clock that streams are timed by. */
  beatTime: number;
  readonly #parts: StandingParts;

  /** @param at the head */
  constructor(at: number, parts: StandingParts) {
    this.at = at;
    this.reach = at;
    this.beatTime = parts.elapsed();
    this.#parts = parts;
  }

  get size(): number {
    return this.live.size + this.ready.size + this.blocked.size + this.reading.size;
  }

  /** How many stand where. */
  get places(): Readonly<Record<Exclude<Place, 'gone'>, number>> {
    const { live, ready, blocked, reading } = this;
    return { live: live.size, ready: ready.size, blocked: blocked.size, reading: reading.size };
  }

  *all(): Generator<Cursor> {
    for (const cursors of [this.live, this.ready, this.blocked, this.reading]) yield* cursors;
  }

  /** Takes in a cursor that is new. */
  join(cursor: Cursor): void {
    if (cursor.place === 'gone') return;
    this[cursor.place].add(cursor);
    this.#parts.watch().watch(cursor);
  }

  /** Lets a cursor go, for good. */
  leave(cursor: Cursor): void {
    if (cursor.place !== 'gone') this[cursor.place].delete(cursor);
    cursor.place = 'gone';
    this.#parts.watch().forget(cursor);
    for (const tap of cursor.taps ?? []) tap.end();
  }

  move(cursor: Cursor, place: Exclude<Place, 'gone'>): void {
    if (cursor.place === 'gone') return;
    this[cursor.place].delete(cursor);
    cursor.place = place;
    this[place].add(cursor);
    if (place !== 'blocked') return;
    cursor.stall = new Stall(this.#parts.elapsed(), cursor.subscriber.taken);
    this.#parts.watch().watch(cursor);
    this.#parts.meter.stalled();
  }

  /** Puts bytes on a cursor's stream, with so many broadcast events in them; false if it is full with them. */
  write(cursor: Cursor, bytes: Uint8Array, events = 0): boolean {
    cursor.bytes += bytes.length;
    cursor.events += events;
    cursor.wroteAt = this.beatTime;
    this.#parts.meter.wrote(bytes.length, events);
    if (cursor.taps) for (const tap of cursor.taps) tap.write(bytes);
    return cursor.subscriber.write(bytes);
  }

  writeChunk(cursor: Cursor, chunk: Chunk): boolean {
    cursor.sent = chunk.last;
    return this.write(cursor, chunk.bytes, chunk.events);
  }

  /** A live cursor is full. It has all that is for it up to the end of the pass that runs. */
  block(cursor: Cursor): void {
    cursor.flushed = this.at;
    cursor.next = 0;
    this.move(cursor, 'blocked');
  }

  /**
   * A cursor that is full while it catches up, with `next` as the first entry that it wasn't sent.
   * @param flushed up to where it had taken everything before
   */
  blockBehind(cursor: Cursor, flushed: number): void {
    cursor.flushed = flushed;
    // Those that wait for a pass and came before it attached were not offered to it: its position stays with them.
    if (cursor.next > Math.max(this.at, cursor.attachedAt)) cursor.next = 0;
    this.move(cursor, 'blocked');
  }

  /** A cursor that was full has room again. */
  unblock(cursor: Cursor): void {
    const time = this.#parts.elapsed();
    this.#parts.meter.drained(time - (cursor.stall?.since ?? time));
    cursor.stall = undefined;
    cursor.next ||= this.reach + 1;
    this.move(cursor, 'ready');
    this.settle(cursor);
  }

  /**
   * A writable cursor that has all up to where the live ones are becomes one of them, once nothing waits for the next
   * pass that came before it attached: that is replay for it, and is read from the history by the rules of a replay.
   */
  settle(cursor: Cursor): void {
    const level = this.reach === this.at && cursor.next === this.at + 1 && cursor.next > cursor.attachedAt;
    if (level && !cursor.pastOnly) this.move(cursor, 'live');
    else this.#parts.schedule();
  }

  /** The sequence up to which a cursor has taken everything that is for it: nothing of that is in this process any more. */
  flushedTo(cursor: Cursor): number {
    return cursor.place === 'blocked' ? cursor.flushed : this.positionOf(cursor);
  }

  /** The sequence up to which a cursor has been sent everything that is for it. While a pass runs it may be lower than need be, never higher. */
  positionOf(cursor: Cursor): number {
    if (cursor.place === 'live') return Math.max(cursor.sent, this.at);
    return cursor.next === 0 ? this.reach : cursor.next - 1;
  }
}
