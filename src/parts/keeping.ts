import type { Options } from '../config/options.ts';
import type { Observe } from '../hub/activity.ts';
import type { EventLog } from '../hub/event-log.ts';
import { MemoryLog } from '../hub/memory-log.ts';
import { FORGETFUL, type RevocationKeeper } from '../identity/revocations.ts';
import { randomName } from './random-name.ts';

/** What a store holds, and whether it still can. */
export interface Stored {
  readonly events: number;
  /** About. */
  readonly bytes: number;
  readonly writable: boolean;
}

/** What keeps things: in memory, or on disk beyond the end of the process. */
export interface Keeping {
  readonly log: EventLog;
  readonly revocations: RevocationKeeper;
  /** What is on disk now; undefined where nothing is. */
  readonly stored: () => Stored | undefined;
}

/**
 * Opens what the options ask for.
 * @param synced hears that an append is on disk, so many ms after it was asked for
 * @throws SseError `store-in-use`, `start-failed`
 */
export async function openKeeping(
  options: Options,
  observe: Observe,
  synced: (after: number) => void = () => {},
): Promise<Keeping> {
  const { store: directory, storeEvents: events, storeAge: age, storeBytes: bytes } = options;
  if (directory === undefined)
    return { log: new MemoryLog({ epoch: randomName() }), revocations: FORGETFUL, stored: () => undefined };
  // Loaded only then: it brings a native library.
  const { LevelLog } = await import('../store/level-log.ts');
  const warn = (what: string, error?: unknown) => observe({ kind: 'failed', what, error });
  const recovered = (what: string) => observe({ kind: 'recovered', what });
  const log = await LevelLog.open({ directory, epoch: randomName(), retention: { events, age, bytes }, warn, recovered, synced });
  return { log, revocations: log.revocations, stored: () => ({ ...log.size, writable: log.writable }) };
}
