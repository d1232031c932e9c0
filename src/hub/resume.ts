import type { GapReason } from './activity.ts';
import type { Epoch } from './event-log.ts';
import type { History } from './history.ts';

/** Where a new stream wants to begin, and how far it goes. `lastEventId` wins over all; without any it is the head. */
export interface Position {
  /** The last id the client has seen. Untrusted text. */
  readonly lastEventId?: string;
  /** A time in ms since 1970, or the oldest entry there is. */
  readonly since?: number | 'earliest';
  /** At most so many events of the past, the newest ones. Means nothing beside an id, after which nothing may be left out. */
  readonly limit?: number;
  /** The sequence at which all that was found to begin; wins over them. */
  readonly first?: number;
  /** Whether the stream ends after the past. */
  readonly pastOnly?: boolean;
}

/** What a client is told when its stream cannot continue exactly where it ended: the data of `sse.gap`. */
export interface Gap {
  /** What it asked for, cut to 128 characters. Untrusted text. */
  readonly requested: string;
  /** The id after which its stream goes on. */
  readonly from: string;
  /** Entries between the two positions: exact for a client that gets everything, else an upper bound; null when it cannot be known. */
  readonly missed: number | null;
  readonly reason: GapReason;
}

/** What is known of the log at the moment a client attaches, and where it goes on when its cursor is no good. */
interface Extent {
  readonly epochs: readonly Epoch[];
  readonly history: History;
  /** The oldest entry that can be replayed, from wherever; head + 1 if there is none. */
  readonly oldest: number;
  readonly onGap: 'oldest' | 'latest';
}

/** The sequence after which a stream begins, and the gap if that is not where the client asked for. */
export function resolve({ lastEventId, since, first }: Position, extent: Extent): { readonly from: number; readonly gap?: Gap } {
  const { epochs, history, oldest, onGap } = extent;
  if (lastEventId === undefined || lastEventId === '') {
    // What was found may have left the log meanwhile.
    if (first !== undefined) return { from: Math.max(first, oldest) - 1 };
    if (since === undefined) return { from: history.newest };
    return { from: (since === 'earliest' ? oldest : history.since(since)) - 1 };
  }
  const { seen, reason } = judge(lastEventId, extent);
  if (reason === undefined) return { from: seen };
  const from = onGap === 'latest' ? history.newest : oldest - 1;
  const missed = seen === undefined ? null : from - seen;
  return { from, gap: { requested: lastEventId.slice(0, 128).toWellFormed(), from: positionId(from, epochs), missed, reason } };
}

/** The part of an id that is a position: epoch and sequence. What follows a dot is the publisher's. */
export const CURSOR: RegExp = /^([A-Za-z0-9]{1,32})-(0|[1-9][0-9]{0,15})(?:\.|$)/;

type Verdict = { readonly seen: number; readonly reason?: undefined } | { readonly seen?: number; readonly reason: GapReason };

/**
 * Judges a cursor: the sequence that the client has seen last, or why it is no good.
 * It is good if its epoch is known, its sequence lies within what that epoch issued, and nothing after it was evicted.
 */
function judge(lastEventId: string, { epochs, history, oldest }: Extent): Verdict {
  const [, name, digits] = CURSOR.exec(lastEventId) ?? [];
  if (name === undefined) return { reason: 'unknown' };
  const index = epochs.findIndex((epoch) => epoch.name === name);
  const epoch = epochs[index];
  if (!epoch) return { reason: 'epoch' };
  const seen = Number(digits);
  // The first epoch hands out the position before its first entry as well: `<epoch>-0`.
  if (seen < (index === 0 ? 0 : epoch.first)) return { reason: 'unknown' };
  const following = epochs[index + 1];
  // It was issued, since nobody makes up such an id; but that end of the log is lost, and its sequences were given again.
  if (following && seen >= following.first) return { reason: 'corrupt' };
  if (seen > history.newest) return { reason: 'unknown' };
  return oldest <= seen + 1 ? { seen } : { reason: 'evicted', seen };
}

/** The id of a position: that of the entry with this sequence, or `<first epoch>-0` before there is one. */
export function positionId(sequence: number, epochs: readonly Epoch[]): string {
  const epoch = epochs.findLast(({ first }) => first <= sequence) ?? epochs[0];
  return `${epoch?.name}-${sequence}`;
}
