import type { EventLog } from './event-log.ts';
import type { History } from './history.ts';
import type { LastValues } from './last-values.ts';
import type { Receipts } from './receipts.ts';

interface Kept {
  readonly history: History;
  readonly receipts: Receipts;
  readonly lastValues: LastValues;
}

/** Takes in what a log holds of former openings, as far as a hub keeps it in memory. @param events the most that the history takes */
export async function refill(log: EventLog, events: number, { history, receipts, lastValues }: Kept): Promise<void> {
  const { head, oldest } = log;
  for (let next = Math.max(oldest, head - events + 1); next <= head; ) {
    const page = await log.read(next);
    for (const entry of page.entries) {
      // The history has no holes: after a damaged entry it begins anew.
      if (entry.sequence !== history.next) history.begin(entry.sequence);
      history.append(entry);
    }
    next = page.next;
  }
  if (history.newest !== head) history.begin(head + 1);
  await log.recall({
    receipt: (receipt) => receipts.restore(receipt),
    latest: (entry) => lastValues.add(entry, oldest, false),
  });
}
