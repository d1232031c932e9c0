import { type ControlType, encodeControl, HEARTBEAT } from '../event/encode.ts';
import type { CloseReason } from './activity.ts';
import type { Cursor } from './cursor.ts';
import type { Epoch } from './event-log.ts';
import type { History } from './history.ts';
import type { HubOptions } from './hub-options.ts';
import type { Meter } from './meter.ts';
import { positionId } from './resume.ts';
import type { Standing } from './standing.ts';

export interface PulseParts {
  readonly standing: Standing;
  readonly history: History;
  readonly epochs: readonly Epoch[];
  /** Looked at anew each time. */
  readonly times: Pick<HubOptions, 'heartbeat' | 'notice'>;
  readonly end: (cursor: Cursor, reason: CloseReason) => void;
  readonly meter: Meter;
  /** A clock that only goes forward, in ms. */
  readonly elapsed: () => number;
}

/** Clients that events for others pass by are told their position at most this often, in ms. */
const SWEEP = 1000;

/** Signs of life: heartbeats, positions, and the ends of streams whose time is over. One beat for all, not a timer for each. */
export class Pulse {
  /** How often `beat` wants to be called, in ms. */
  readonly interval: number;
  readonly #parts: PulseParts;
  #swept: number;
  #sweptTime = -SWEEP;

  constructor(parts: PulseParts) {
    this.#parts = parts;
    // A stream is to end within a second of its time. The beat stays, whatever becomes of the heartbeat.
    this.interval = Math.min(500, parts.times.heartbeat / 4);
    this.#swept = parts.standing.at;
  }

  *beat(): Generator<void, void> {
    const { standing, times } = this.#parts;
    const beat = ++standing.beats;
    if (this.sweepDue) yield* this.sweep();
    this.#endTerms();
    const due = Math.ceil(times.heartbeat / this.interval);
    for (const cursor of standing.live) {
      if (beat - cursor.wroteAt > due) this.#giveSign(cursor);
      yield;
    }
  }

  #endTerms(): void {
    const { standing, times, end, elapsed } = this.#parts;
    const time = elapsed();
    for (const cursor of standing.all()) {
      const reason = cursor.term.overAt(time);
      if (reason !== undefined) {
        end(cursor, reason);
        continue;
      }
      // One that is full or waits for its past takes nothing now; it hears at a later beat.
      if (cursor.place !== 'live') continue;
      const left = cursor.term.noticeAt(time, times.notice);
      if (left !== undefined)
        this.#tell(cursor, 'sse.auth', { expiresIn: Math.floor(left / 1000), client: cursor.client.client.id });
    }
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
