import type { Hub } from '../hub/hub.ts';
import type { Measures } from '../hub/measures.ts';
import type { Totals } from '../hub/tally.ts';

export interface VitalsParts {
  readonly hub: Hub;
  readonly totals: () => Totals;
  readonly written: Pick<Measures, 'deliveries' | 'bytes' | 'publishToWrite'>;
  /** A clock that only goes forward, in ms. */
  readonly elapsed: () => number;
}

/** How a server does, in numbers that a dashboard draws: counters since the start, from two of which it makes a rate. */
export function vitals({ hub, totals, written, elapsed }: VitalsParts): object {
  const { deliveries, bytes, publishToWrite } = written;
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
    publishToWrite: {
      bounds: publishToWrite.bounds,
      cumulative: publishToWrite.cumulative,
      count: publishToWrite.count,
    },
  };
}

function sum(counters: Readonly<Record<string, number>>): number {
  return Object.values(counters).reduce((total, count) => total + count, 0);
}
