/** A time at which something is to be looked at. A wheel sets it; nobody else does. */
export class Alarm<T> {
  readonly of: T;
  /** When it is due, in ms; Infinity while it isn't set. */
  time: number = Infinity;
  /** The place on the wheel, while it is set. */
  slot = 0;

  constructor(of: T) {
    this.of = of;
  }
}

/** More slots than the usual deadline is ticks away: what lies further off is passed by once a turn of the wheel. */
const SLOTS = 128;

/**
 * A hashed timer wheel (Varghese and Lauck, 1987): any number of alarms, each of which is set, moved and cancelled in a
 * step or two, and a look at those that are due visits these and nearly no others. Time is passed in, in ms of a clock
 * that only goes forward.
 */
export class TimerWheel<T> {
  readonly #slots: Set<Alarm<T>>[] = Array.from({ length: SLOTS }, () => new Set());
  readonly #tick: number;
  /** The tick of the last look. */
  #at: number;

  /** @param tick about how often somebody looks, in ms */
  constructor(tick: number, now: number) {
    this.#tick = tick;
    this.#at = Math.floor(now / tick);
  }

  /** Sets an alarm, or moves it. A time that is over is due at the next look; Infinity is never. */
  set(alarm: Alarm<T>, time: number): void {
    this.cancel(alarm);
    if (time === Infinity) return;
    alarm.time = time;
    alarm.slot = Math.max(Math.floor(time / this.#tick), this.#at) % SLOTS;
    this.#slots[alarm.slot]?.add(alarm);
  }

  cancel(alarm: Alarm<T>): void {
    if (alarm.time === Infinity) return;
    this.#slots[alarm.slot]?.delete(alarm);
    alarm.time = Infinity;
  }

  /** Takes off the wheel what is due, and hands it out one by one. Meanwhile alarms may be set and cancelled, these too. */
  *due(now: number): Generator<T, void> {
    const from = this.#at;
    this.#at = Math.max(from, Math.floor(now / this.#tick));
    // A list, so that an alarm that is set anew while it is handed out waits for the next look.
    const ringing: Alarm<T>[] = [];
    // The slot of the last look too: it may hold what was to come then.
    for (let tick = Math.max(from, this.#at - SLOTS + 1); tick <= this.#at; tick++)
      for (const alarm of this.#slots[tick % SLOTS] ?? []) if (alarm.time <= now) ringing.push(alarm);
    for (const alarm of ringing) {
      if (alarm.time > now) continue;
      this.cancel(alarm);
      yield alarm.of;
    }
  }
}
