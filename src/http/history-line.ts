import type { LogEntry } from '../hub/event-log.ts';
import { formatDuration } from '../units.ts';

/**
 * An event of the past as JSON: what it was, who might have it, and when. Always in this order, so that one log gives
 * the same bytes every time. But for `id` and `time` these are the fields of a broadcast;
 * the publisher's own id is the end of `id`.
 */
export function historyLine({ id, time, event, audience, replay = {} }: LogEntry): string {
  const { type, data, retry } = event;
  const { filter, topics, except } = audience;
  const { ttl, history, supersedes } = replay;
  return JSON.stringify({
    id,
    time: new Date(time).toISOString(),
    event: type,
    data,
    ...(retry !== undefined && { retry }),
    ...(filter && { filter: filter.source }),
    ...(topics && { topics }),
    ...(except && { except }),
    ...(ttl !== undefined && { ttl: formatDuration(ttl) }),
    ...(history === false && { history }),
    ...(supersedes !== undefined && { supersedes }),
  });
}
