import type { Hub } from '../hub/hub.ts';
import type { Totals } from '../hub/tally.ts';

/** What was written to clients since the start. Whoever measures it while it is written says it better than a count. */
export interface Written {
  /** Broadcast events, once for each client that was sent one. */
  readonly deliveries: number;
  /** Of event stream. */
  readonly bytes: number;
  /** How long it took from an event's entry into the log to its last write, where that is measured. Seconds; `cumulative` counts those that took at most as long as each of `bounds`. */
  readonly publishToWrite?: {
    readonly bounds: readonly number[];
    readonly cumulative: readonly number[];
    readonly count: number;
  };
}

export interface VitalsParts {
  readonly hub: Hub;
  readonly totals: () => Totals;
  readonly written: () => Written;
  /** A clock that only goes forward, in ms. */
  readonly elapsed: () => number;
}

/** How a server does, in numbers that a dashboard draws: counters since the start, from two of which it makes a rate. */
export function vitals({ hub, totals, written, elapsed }: VitalsParts): object {
  const { deliveries, bytes, publishToWrite } = written();
  const { events, gaps, refused } = totals();
  return {
    /** In ms. */
    at: Math.round(elapsed()),
    clients: hub.size,
    /** Those who take nothing at the moment. */
    slow: hub.places.blocked,
    events,
    deliveries,
    bytes,
    gaps: sum(gaps),
    refused: sum(refused),
    ...(publishToWrite && {
      publishToWrite: {
        bounds: publishToWrite.bounds,
        cumulative: publishToWrite.cumulative,
        count: publishToWrite.count,
      },
    }),
  };
}

/** Counted from those who are connected and what is left of those who are gone. It looks at every client, so it is not for each event. */
export function countWritten(hub: Hub, { delivered }: Totals): Written {
  let { events: deliveries, bytes } = delivered;
  for (const cursor of hub.clients()) {
    deliveries += cursor.events;
    bytes += cursor.bytes;
  }
  return { deliveries, bytes };
}

function sum(counters: Readonly<Record<string, number>>): number {
  return Object.values(counters).reduce((total, count) => total + count, 0);
}
