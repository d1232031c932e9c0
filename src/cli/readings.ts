import { SseError } from '../errors.ts';
import { adminTokenOf } from '../parts/verifiers.ts';
import { type AdminAccess, AdminClient } from './admin-client.ts';
import { type ClientPage, ClientRounds } from './client-rounds.ts';
import { type Reading, ratesBetween, type Stats } from './top-reading.ts';
import { type Vitals, vitalsIn } from './vitals-feed.ts';

/** Clients that are looked at with each reading. */
const PAGE = 1000;
/** Clients that a reading names, of each kind. */
const NAMED = 50;
/** Two readings of the counters that are closer say nothing about a second, in ms. */
const LEAST_APART = 500;
/** A server tells its numbers each second; after this it hangs, in ms. */
const LONGEST_SILENCE = 10_000;

/** How a server does, about once a second, as long as its connection holds. @throws SseError `request-failed` when it does not, unless the signal is aborted */
export async function* readings(access: AdminAccess, signal: AbortSignal): AsyncGenerator<Reading, void> {
  const token = adminTokenOf(access);
  const [feed, desk] = [new AdminClient(access.admin, token), new AdminClient(access.admin, token)];
  // Ends what is on its way as well.
  const close = () => {
    feed.close();
    desk.close();
  };
  signal.addEventListener('abort', close);
  const rounds = new ClientRounds();
  let before: Vitals | undefined;
  try {
    const body = await feed.get('/admin/events');
    body.setTimeout(LONGEST_SILENCE, close);
    for await (const vitals of vitalsIn(body)) {
      if (signal.aborted) return;
      if (before && vitals.at - before.at < LEAST_APART) continue;
      rounds.take(await pageOf(desk, rounds.cursor), performance.now());
      const stats = (await desk.ask('/admin/stats')) as unknown as Stats;
      const rates = before && ratesBetween(before, vitals);
      before = vitals;
      yield { vitals, stats, rates, busiest: rounds.busiest(NAMED), behind: rounds.behind(NAMED) };
    }
    if (!signal.aborted) throw new SseError('request-failed', `${access.admin} ended its stream of events`);
  } catch (error) {
    if (signal.aborted) return;
    throw error instanceof SseError
      ? error
      : new SseError('request-failed', `${access.admin} went away: ${(error as Error).message}`);
  } finally {
    signal.removeEventListener('abort', close);
    close();
  }
}

async function pageOf(desk: AdminClient, cursor: string | null): Promise<ClientPage> {
  const query = new URLSearchParams({ limit: String(PAGE), ...(cursor !== null && { cursor }) });
  return (await desk.ask(`/admin/clients?${query}`)) as unknown as ClientPage;
}
