import type { Hub } from '../hub/hub.ts';
import type { Measures } from '../hub/measures.ts';
import type { Totals } from '../hub/tally.ts';

export interface VitalsParts {
  readonly hub: Hub;
  readonly totals: Totals;
  readonly measures: Pick<Measures, 'deliveries' | 'bytes' | 'publishToWrite'>;
  /** By a clock that only goes forward, in ms. */
  readonly elapsed: number;
}

/** How a server does, in numbers that a dashboard draws: counters since the start, from two of which it makes a rate. */
export function vitals({ hub, totals, measures, elapsed }: VitalsParts): object {
  const { deliveries, bytes, publishToWrite } = measures;
  const { bounds, cumulative, count } = publishToWrite;
  return {
    /** In ms. */
    at: Math.round(elapsed),
    clients: hub.size,
    /** Those who take nothing at the moment. */
    slow: hub.places.blocked,
    events: totals.events,
    deliveries,
    bytes,
    gaps: sum(totals.gaps),
    refused: sum(totals.refused),
    /** Bounds in s, and how many took at most as long as each. */
    publishToWrite: { bounds, cumulative, count },
  };
}

function sum(counters: Readonly<Record<string, number>>): number {
  return Object.values(counters).reduce((total, count) => total + count, 0);
}
