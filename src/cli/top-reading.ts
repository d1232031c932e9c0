import type { SeenClient } from './client-rounds.ts';
import type { Vitals } from './vitals-feed.ts';

/** A second. Undefined until two readings of the counters can be compared. */
export interface Rates {
  readonly events: number;
  readonly deliveries: number;
  readonly bytes: number;
}

/** What `GET /admin/stats` knows besides. */
export interface Stats {
  /** In s. */
  readonly uptime: number;
  readonly durability: string;
  readonly history: { readonly events: number; readonly bytes: number };
  readonly totals: { readonly closed: { readonly slow?: number } };
}

/** How a server does at a moment. */
export interface Reading {
  readonly vitals: Vitals;
  readonly stats: Stats;
  readonly rates: Rates | undefined;
  readonly busiest: readonly SeenClient[];
  readonly behind: readonly SeenClient[];
}

/** @param now later than `before` */
export function ratesBetween(before: Vitals, now: Vitals): Rates {
  const seconds = (now.at - before.at) / 1000;
  const rate = (counter: 'events' | 'deliveries' | 'bytes') => (now[counter] - before[counter]) / seconds;
  return { events: rate('events'), deliveries: rate('deliveries'), bytes: rate('bytes') };
}

/** For programs, on one line. @param time wall clock, ms since 1970 */
export function readingJson({ vitals, stats, rates, busiest, behind }: Reading, time: number): string {
  return JSON.stringify({
    time: new Date(time).toISOString(),
    uptime: stats.uptime,
    clients: vitals.clients,
    slow: vitals.slow,
    events: vitals.events,
    eventsPerSecond: rates && rounded(rates.events),
    deliveriesPerSecond: rates && rounded(rates.deliveries),
    bytesPerSecond: rates && rounded(rates.bytes),
    gaps: vitals.gaps,
    slowCloses: stats.totals.closed.slow ?? 0,
    refused: vitals.refused,
    busiest: busiest.map(brief),
    behind: behind.map(brief),
  });
}

function brief({ client, id, login, profile, behind, events, rate }: SeenClient): object {
  return { client, id, login, profile, behind, events, eventsPerSecond: rate === undefined ? null : rounded(rate) };
}

function rounded(rate: number): number {
  return Math.round(rate * 10) / 10;
}
