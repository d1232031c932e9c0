import { type ControlType, encodeControl, HEARTBEAT } from '../event/encode.ts';
import type { CloseReason } from './activity.ts';
import type { Cursor } from './cursor.ts';
import type { Epoch } from './event-log.ts';
import type { History } from './history.ts';
import type { HubOptions } from './hub-options.ts';
import type { Meter } from './meter.ts';
import { positionId } from './resume.ts';
import type { Standing, Watch } from './standing.ts';
import { TimerWheel } from './timer-wheel.ts';

export interface PulseParts {
  readonly standing: Standing;
  readonly history: History;
  readonly epochs: readonly Epoch[];
  /** Looked at anew each time. */
  readonly times: Pick<HubOptions, 'heartbeat' | 'notice' | 'stallTime'>;
  readonly end: (cursor: Cursor, reason: CloseReason) => void;
  readonly meter: Meter;
  /** A clock that only goes forward, in ms. */
  readonly elapsed: () => number;
}

/** Clients that events for others pass by are told their position at most this often, in ms. */
const SWEEP = 1000;

/** A stall is noticed late by no more than this part of its time. */
const LOOKS = 4;

/**
 * Signs of life: heartbeats, positions, and the ends of streams whose time is over or whose client stalls. One beat and one
 * wheel for all, not a timer for each. A cursor has one alarm, at whatever is next of all that; a write doesn't move it: when it
 * rings, what was written meanwhile says when to look again. So a beat visits a client about once in a heartbeat.
 */
export class Pulse implements Watch {
  /** How often `beat` wants to be called, in ms. */
  readonly interval: number;
  readonly #parts: PulseParts;
  readonly #wheel: TimerWheel<Cursor>;
  #swept: number;
  #sweptTime = -SWEEP;

  constructor(parts: PulseParts) {
    this.#parts = parts;
    // A stream is to end within a second of its time. The beat stays, whatever becomes of the heartbeat.
    const { heartbeat, stallTime } = parts.times;
    this.interval = Math.min(500, heartbeat / 4, stallTime / LOOKS);
    this.#wheel = new TimerWheel(this.interval, parts.elapsed());
    this.#swept = parts.standing.at;
  }

  *beat(): Generator<void, void> {
    const time = this.#parts.elapsed();
    this.#parts.standing.beatTime = time;
    if (this.sweepDue) yield* this.sweep();
    for (const cursor of this.#wheel.due(time)) {
      this.#visit(cursor, time);
      if (cursor.place !== 'gone') this.#set(cursor, time);
      yield;
    }
  }

  watch(cursor: Cursor): void {
    this.#set(cursor, this.#parts.elapsed());
  }

  forget(cursor: Cursor): void {
    this.#wheel.cancel(cursor.alarm);
  }

  #visit(cursor: Cursor, time: number): void {
    const { end, times } = this.#parts;
    const { notice, stallTime } = times;
    const over = cursor.term.overAt(time);
    if (over !== undefined) return end(cursor, over);
    if (cursor.stall?.isOver(time, cursor.subscriber.taken, stallTime)) return end(cursor, 'slow');
    // One that is full or waits for its past takes nothing now; it hears at a later beat.
    if (cursor.place !== 'live') return;
    const left = cursor.term.noticeAt(time, notice);
    if (left !== undefined)
      this.#tell(cursor, 'sse.auth', { expiresIn: Math.floor(left / 1000), client: cursor.client.client.id });
    else if (time >= this.#silentUntil(cursor)) this.#giveSign(cursor);
  }

  #set(cursor: Cursor, time: number): void {
    const { heartbeat, notice, stallTime } = this.#parts.times;
    const { place, term, alarm } = cursor;
    const sign = this.#silentUntil(cursor);
    // A full one is looked at for what it took, any other that is not live for whether it is by now.
    const next =
      place === 'blocked' ? time + Math.min(stallTime / LOOKS, heartbeat) : place === 'live' ? sign : Math.max(sign, time);
    this.#wheel.set(alarm, Math.min(next, term.nextAt(notice)));
  }

  /** When a client has got nothing for the time of a heartbeat. It may have got it up to an interval after the beat that it counts from. */
  #silentUntil({ wroteAt }: Cursor): number {
    return wroteAt + this.#parts.times.heartbeat + this.interval;
  }

  /**
   * A live client that only events for others passed by keeps an old id. Before that id leaves the history, the client
   * is told its position, or its next reconnect would be called a gap.
   */
  get sweepDue(): boolean {
    const { history, elapsed } = this.#parts;
    const { oldest, size, evicted } = history;
    return evicted && this.#swept < oldest - 1 + size / 2 && elapsed() - this.#sweptTime >= SWEEP;
  }

  *sweep(): Generator<void, void> {
    const { standing, elapsed } = this.#parts;
    this.#swept = standing.at;
    this.#sweptTime = elapsed();
    for (const cursor of standing.live) {
      if (cursor.sent < standing.at) this.#tellPosition(cursor);
      yield;
    }
  }

  /** A sign of life; for a client whose last id is behind its position, one that carries the position. */
  #giveSign(cursor: Cursor): void {
    const { standing, meter } = this.#parts;
    if (cursor.sent < standing.at) return this.#tellPosition(cursor);
    meter.gaveSign('heartbeat');
    if (!standing.write(cursor, HEARTBEAT)) standing.block(cursor);
  }

  #tellPosition(cursor: Cursor): void {
    this.#parts.meter.gaveSign('cursor');
    this.#tell(cursor, 'sse.cursor');
  }

  /** Tells a live client something, and with it its position. */
  #tell(cursor: Cursor, type: ControlType, data?: object): void {
    const { standing, epochs } = this.#parts;
    cursor.sent = Math.max(cursor.sent, standing.at);
    if (!standing.write(cursor, encodeControl(positionId(cursor.sent, epochs), type, data))) standing.block(cursor);
  }
}
