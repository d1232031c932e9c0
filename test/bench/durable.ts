import { appends } from './appends.ts';
import type { Bench } from './bench.ts';
import type { Figure } from './figures.ts';
import { lookups } from './lookups.ts';
import { storm } from './storm.ts';

/** What keeping events on disk costs, and what coming back for them costs. */
export async function durable(bench: Bench): Promise<Figure[]> {
  const figures = [...(await appends(bench)), ...(await lookups(bench))];
  return bench.storm ? [...figures, ...(await storm(bench))] : figures;
}
