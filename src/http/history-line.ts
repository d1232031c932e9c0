import type { LogEntry } from '../hub/event-log.ts';
import { formatDuration } from '../units.ts';

/** The first half of a character, whose other half was cut off. */
const HALF = /[\uD800-\uDBFF]$/;

/** An event of the past as a line of JSON. */
export function historyLine(entry: LogEntry, clip?: number): string {
  return JSON.stringify(historyView(entry, clip));
}

/**
 * An event of the past: what it was, who might have it, and when. Always in this order, so that one log gives
 * the same bytes every time. But for `id` and `time` these are the fields of a broadcast;
 * the publisher's own id is the end of `id`.
 *
 * @param clip of longer data only so many characters are in it, and with any `size` says how many there are
 */
export function historyView({ id, time, event, audience, replay = {} }: LogEntry, clip?: number): object {
  const { type, data, retry } = event;
  const { filter, topics, except } = audience;
  const { ttl, history, supersedes } = replay;
  return {
    id,
    time: new Date(time).toISOString(),
    event: type,
    data: clip === undefined ? data : data.slice(0, clip).replace(HALF, ''),
    ...(retry !== undefined && { retry }),
    ...(filter && { filter: filter.source }),
    ...(topics && { topics }),
    ...(except && { except }),
    ...(ttl !== undefined && { ttl: formatDuration(ttl) }),
    ...(history === false && { history }),
    ...(supersedes !== undefined && { supersedes }),
    ...(clip !== undefined && { size: data.length }),
  };
}
