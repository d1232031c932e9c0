/**
 * The events of late, newest first and bounded. That there was one comes with the feed; what was in it is fetched, for
 * many events in one go. Of a torrent only the last few of each look are kept: nobody could read more, and the rest is
 * counted.
 */

import { ask } from './api.js';

/**
 * An event as its row shows it. What is not known is left out: `data` of one that is not kept, `matched` of one from before.
 * @typedef {{ id: string, event: string, time: string, size: number, data?: string, filter?: string, topics?: string[],
 *   except?: string[], matched?: number, source?: string }} Row
 */

const MOST_ROWS = 500;
/** Of each look. */
const MOST_NEW = 100;
/** Characters of data that a row holds. */
const CLIP = 300;
/** Between two looks, in ms. */
const PAUSE = 500;

export class RecentEvents {
  /** Newest first. @type {readonly Row[]} */
  rows = [];
  /** How many came since the page was opened, and how many of them were left out. */
  total = 0;
  skipped = 0;
  #onChange;
  /** @type {{ id: string, type: string, size: number, matched: number, source: string, time: string }[]} */
  #pending = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #looked = 0;
  /** Whether what the server still has counts too: at first, and after the stream was away. */
  #catchesUp = false;

  /** @param {(added: number) => void} onChange Hears how many rows came in before those that were there. */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /** Begins with those that the server still has. */
  begin() {
    this.#catchesUp = true;
    this.#schedule();
  }

  /** An event was sent. @param {{ id: string, type: string, size: number, matched: number, source: string }} told */
  add(told) {
    this.total++;
    this.#pending.push({ ...told, time: new Date().toISOString() });
    if (this.#pending.length > MOST_NEW) {
      this.#pending.shift();
      this.skipped++;
    }
    this.#schedule();
  }

  #schedule() {
    this.#timer ??= setTimeout(() => void this.#look(), Math.max(0, this.#looked + PAUSE - performance.now()));
  }

  async #look() {
    const catchesUp = this.#catchesUp;
    this.#catchesUp = false;
    // More than are asked about: others come in while the question is on its way.
    const last = catchesUp ? 2 * MOST_NEW : this.#pending.length + MOST_NEW;
    /** @type {any[]} */
    let kept = [];
    try {
      kept = (await ask('GET', `history?last=${last}&clip=${CLIP}`)).events;
    } catch {
      // What the feed told is shown all the same; the status of the page says what is the matter.
    }
    this.#looked = performance.now();
    this.#timer = undefined;
    const known = new Set(this.rows.map(({ id }) => id));
    const told = this.#pending.splice(0);
    const byId = new Map(kept.map((each) => [each.id, each]));
    const fresh = told
      .filter(({ id }) => !known.has(id))
      .map(({ type, ...rest }) => ({ event: type, ...rest, ...byId.get(rest.id) }));
    const past = catchesUp ? kept.filter(({ id }) => !known.has(id) && !told.some((each) => each.id === id)) : [];
    const added = [...past, ...fresh].reverse();
    if (added.length === 0) return;
    this.rows = [...added, ...this.rows].slice(0, MOST_ROWS);
    this.#onChange(added.length);
  }
}
