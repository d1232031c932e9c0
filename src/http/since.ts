import { parseDuration } from '../units.ts';

const ISO_TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * Reads `?since=`: a duration back from now (`10m`), an ISO 8601 time (UTC if it names no zone) or `earliest`.
 * @returns ms since 1970, or `earliest`; undefined if it is none of them
 */
export function parseSince(text: string, now: number): number | 'earliest' | undefined {
  if (text === 'earliest') return text;
  const duration = parseDuration(text);
  if (duration !== undefined) return now - duration;
  // A `+` that was not encoded arrives as a space.
  const iso = text.replace(' ', '+');
  if (!ISO_TIME.test(iso)) return undefined;
  const time = Date.parse(/T[^Z+-]*$/.test(iso) ? `${iso}Z` : iso);
  return Number.isNaN(time) ? undefined : time;
}
