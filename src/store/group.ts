import { SseError } from '../errors.ts';
import type { EventDraft } from '../event/event.ts';
import type { Appended, Keyed } from '../hub/event-log.ts';
import { checkOwnIds } from '../hub/own-ids.ts';
import { findOwnId } from './marks.ts';
import type { Database } from './open-store.ts';

/** An append that waits to be written. */
export interface Waiting {
  readonly drafts: readonly EventDraft[];
  readonly keyed: Keyed | undefined;
  /** When it was asked for, in ms of a clock that only goes forward. */
  readonly since: number;
  readonly resolve: (answers: Promise<readonly Appended[]>) => void;
  readonly reject: (error: unknown) => void;
}

/** At most this many events, or bytes of data, share one sync; what was appended together always does. */
const GROUP = { events: 1000, bytes: 4 * 1024 * 1024 };

/** Takes those who share the next sync. */
export function takeGroup(waiting: Waiting[]): Waiting[] {
  let bytes = 0;
  let events = 0;
  let count = 0;
  for (const { drafts } of waiting) {
    for (const { event } of drafts) bytes += event.data.length;
    events += drafts.length;
    if (count > 0 && (bytes > GROUP.bytes || events > GROUP.events)) break;
    count++;
  }
  return waiting.splice(0, count);
}

/** Refuses those with an own id that is in the store, or in one before them. @param oldest the oldest entry that is kept */
export async function withoutConflicts(db: Database, group: readonly Waiting[], oldest: number): Promise<readonly Waiting[]> {
  const taken = new Set<string>();
  const accepted: Waiting[] = [];
  for (const waiting of group) {
    const ownIds = waiting.drafts.flatMap(({ ownId }) => ownId ?? []);
    try {
      for (const ownId of ownIds) if ((await findOwnId(db, ownId)) >= oldest) taken.add(ownId);
      checkOwnIds(waiting.drafts, (ownId) => taken.has(ownId));
      for (const ownId of ownIds) taken.add(ownId);
      accepted.push(waiting);
    } catch (error) {
      const { message } = error as Error;
      waiting.reject(error instanceof SseError ? error : new SseError('store-failed', `the store cannot be read (${message})`));
    }
  }
  return accepted;
}
