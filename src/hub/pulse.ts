import { encodeControl, HEARTBEAT } from '../event/encode.ts';
import type { CloseReason } from './activity.ts';
import type { Cursor } from './cursor.ts';
import type { Epoch } from './event-log.ts';
import type { History } from './history.ts';
import { positionId } from './resume.ts';
import type { Standing } from './standing.ts';

export interface PulseParts {
  readonly standing: Standing;
  readonly history: History;
  readonly epochs: readonly Epoch[];
  /** A client that got nothing for this long gets a heartbeat, in ms. */
  readonly heartbeat: number;
  readonly end: (cursor: Cursor, reason: CloseReason) => void;
  readonly now: () => number;
}

/** Clients that events for others pass by are told their position at most this often, in ms. */
const SWEEP = 1000;

/** Signs of life: heartbeats, positions, and the ends of streams whose time is over. One beat for all, not a timer for each. */
export class Pulse {
  /** How often `beat` wants to be called, in ms. */
  readonly interval: number;
  readonly #parts: PulseParts;
  #swept: number;
  #sweptTime = 0;

  constructor(parts: PulseParts) {
    this.#parts = parts;
    this.interval = Math.min(1000, parts.heartbeat / 4);
    this.#swept = parts.standing.at;
  }

  /** How many beats make up a time, in ms. */
  beatsIn(time: number): number {
    return Math.ceil(time / this.interval);
  }

  *beat(): Generator<void, void> {
    const { standing, heartbeat, end } = this.#parts;
    const beat = ++standing.beats;
    if (this.sweepDue) yield* this.sweep();
    for (const cursor of standing.all()) if (beat >= cursor.expiresAt) end(cursor, 'max-age');
    const due = this.beatsIn(heartbeat);
    for (const cursor of standing.live) {
      if (beat - cursor.wroteAt > due) this.#tell(cursor);
      yield;
    }
  }

  /**
   * A live client that only events for others passed by keeps an old id. Before that id leaves the history, the client
   * is told its position, or its next reconnect would be called a gap.
   */
  get sweepDue(): boolean {
    const { history, now } = this.#parts;
    const { oldest, size, evicted } = history;
    return evicted && this.#swept < oldest - 1 + size / 2 && now() - this.#sweptTime >= SWEEP;
  }

  *sweep(): Generator<void, void> {
    const { standing, now } = this.#parts;
    this.#swept = standing.at;
    this.#sweptTime = now();
    for (const cursor of standing.live) {
      if (cursor.sent < standing.at) this.#tell(cursor);
      yield;
    }
  }

  /** A sign of life; for a client whose last id is behind its position, one that carries the position. */
  #tell(cursor: Cursor): void {
    const { standing, epochs } = this.#parts;
    let frame = HEARTBEAT;
    if (cursor.sent < standing.at) {
      frame = encodeControl(positionId(standing.at, epochs), 'sse.cursor');
      cursor.sent = standing.at;
    }
    if (!standing.write(cursor, frame)) standing.block(cursor);
  }
}
