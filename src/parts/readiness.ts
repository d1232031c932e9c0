import type { Check } from '../http/health.ts';
import type { Hub } from '../hub/hub.ts';
import type { Stored } from './keeping.ts';

/** What must be well for new clients and events to be taken. */
export function checksOf({
  hub,
  stored,
  stopping,
  descriptors,
}: {
  readonly hub: Pick<Hub, 'accepts'>;
  /** Undefined without a durable store. */
  readonly stored: Stored | undefined;
  readonly stopping: boolean;
  readonly descriptors: Check;
}): Check[] {
  const end = stopping ? 'stopping' : undefined;
  const failed = stored?.writable === false ? 'the store cannot be written; events are refused until it can be' : undefined;
  return [
    { name: 'stopping', state: stopping ? 'yes' : 'no', fault: end },
    { name: 'log', state: hub.accepts ? 'ok' : 'takes no events', fault: end ?? failed },
    { name: 'store', state: failed ?? (stored ? 'ok' : 'none'), fault: failed },
    descriptors,
  ];
}
