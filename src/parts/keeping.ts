import type { Options } from '../config/options.ts';
import type { Observe } from '../hub/activity.ts';
import type { EventLog } from '../hub/event-log.ts';
import { MemoryLog } from '../hub/memory-log.ts';
import { FORGETFUL, type RevocationKeeper } from '../identity/revocations.ts';
import { randomName } from './random-name.ts';

/** What keeps things: in memory, or on disk beyond the end of the process. */
export interface Keeping {
  readonly log: EventLog;
  readonly revocations: RevocationKeeper;
}

/** Opens what the options ask for. @throws SseError `store-in-use`, `start-failed` */
export async function openKeeping(options: Options, observe: Observe): Promise<Keeping> {
  const { store: directory, storeEvents: events, storeAge: age, storeBytes: bytes } = options;
  if (directory === undefined) return { log: new MemoryLog({ epoch: randomName() }), revocations: FORGETFUL };
  // Loaded only then: it brings a native library.
  const { LevelLog } = await import('../store/level-log.ts');
  const warn = (what: string, error?: unknown) => observe({ kind: 'failed', what, error });
  const log = await LevelLog.open({ directory, epoch: randomName(), retention: { events, age, bytes }, warn });
  return { log, revocations: log.revocations };
}
