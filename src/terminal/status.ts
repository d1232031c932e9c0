import { counted } from './words.ts';

/** The rate is taken over this long, in ms: short enough to follow a burst, long enough to stand still while one is read. */
const WINDOW = 2000;

/** Turns cumulative counts, seen again and again, into the text of the status line. */
export class Status {
  #samples: { time: number; events: number }[] = [];

  /** @param time any clock, in ms */
  text({ clients, events }: { readonly clients: number; readonly events: number }, time: number): string {
    if (time < (this.#samples.at(-1)?.time ?? time)) this.#samples = []; // The clock was set back.
    this.#samples.push({ time, events });
    // The last one before the window stays: it is what the window began with.
    while ((this.#samples[1]?.time ?? time) <= time - WINDOW) this.#samples.shift();
    return `${counted(clients, 'client')} · ${counted(events, 'event')} · ${this.#rate()} events/s`;
  }

  #rate(): string {
    const first = this.#samples[0]?.events ?? 0;
    const last = this.#samples.at(-1)?.events ?? 0;
    const rate = ((last - first) * 1000) / WINDOW;
    return rate < 10 ? String(Math.round(rate * 10) / 10) : String(Math.round(rate));
  }
}
