import { SseError } from '../errors.ts';
import { compileEventFilter } from '../event/event-filter.ts';
import type { Sizes } from '../event/sizes.ts';
import type { Selection } from '../hub/archive.ts';
import { parseSince } from './since.ts';

/** A selection of the past as people write it. */
interface SelectionText {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly filter?: string | undefined;
}

/**
 * Reads a selection.
 * @param now ms since 1970; durations count back from it
 * @param pointers how to name a field to the person who gave it
 * @throws SseError `invalid-request`, `invalid-filter`
 */
export function parseSelection(
  { since, until, filter }: SelectionText,
  now: number,
  pointers: (field: keyof SelectionText) => string,
  sizes: Sizes,
): Selection {
  const from = since === undefined ? undefined : parseSince(since, now);
  if (since !== undefined && from === undefined)
    throw refuse(pointers('since'), 'must be a duration such as 10m, a time such as 2026-11-22T10:00:00Z, or earliest');
  const to = until === undefined ? undefined : parseSince(until, now);
  // What is older than the earliest is nothing; whoever writes it means something else.
  if (until !== undefined && typeof to !== 'number')
    throw refuse(pointers('until'), 'must be a duration such as 10m or a time such as 2026-11-22T10:00:00Z');
  return {
    ...(typeof from === 'number' && { since: from }),
    ...(typeof to === 'number' && { until: to }),
    ...(filter !== undefined && { filter: compileEventFilter(filter, pointers('filter'), sizes) }),
  };
}

function refuse(pointer: string, detail: string): SseError {
  return SseError.of('invalid-request', [{ pointer, detail }]);
}
