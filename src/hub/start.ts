import { admits } from '../event/audience.ts';
import type { Client } from '../event/identity.ts';
import type { EventLog } from './event-log.ts';
import type { History, HistoryEntry } from './history.ts';
import type { LastValues } from './last-values.ts';
import type { Position } from './resume.ts';

interface Whereabouts {
  readonly log: EventLog;
  readonly history: History;
  readonly lastValues: LastValues;
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
}

/** So many entries are looked at in one go. */
const STEP = 256;
/** A stream that wants the last few events gets them from among so many: nobody may have a whole store searched for one. */
const REACH = 5000;
/** So many are looked for at a time; others wait. */
const AT_ONCE = 2;
/** Other work runs after so many ms. */
const SLICE = 5;

/**
 * Finds the sequence at which a stream begins that names no id but a time, or a number of events back. With a good id
 * there is nothing to find, and nothing after it may be left out: neither time nor number counts then.
 */
export async function locate(position: Position, client: Client, where: Whereabouts): Promise<Position> {
  const { lastEventId, since, limit } = position;
  if (lastEventId || (since === undefined && limit === undefined)) return position;
  const first = typeof since === 'number' ? await firstSince(since, where) : Math.min(where.log.oldest, where.history.oldest);
  return { ...position, first: limit === undefined ? first : await inTurn(() => lastFew(limit, first, client, where)) };
}

let looking = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(look: () => Promise<T>): Promise<T> {
  while (looking >= AT_ONCE) await new Promise<void>((resume) => waiting.push(resume));
  looking++;
  try {
    return await look();
  } finally {
    looking--;
    waiting.shift()?.();
  }
}

/** The first entry that is not older than a time, in the history or before it. */
async function firstSince(time: number, { log, history }: Whereabouts): Promise<number> {
  const isAllThereIs = log.oldest >= history.oldest;
  if (isAllThereIs || (history.at(history.oldest)?.time ?? Infinity) < time) return history.since(time);
  return log.since(time);
}

/** Where the last few begin that a replay has for this client: `limit` of them, or as many as there are from `first` on. */
async function lastFew(limit: number, first: number, client: Client, where: Whereabouts): Promise<number> {
  const { history, lastValues, now } = where;
  const head = history.newest;
  const floor = Math.max(first, head + 1 - REACH);
  const isFor = (entry: Found): boolean => {
    if (!admits(entry.audience, client, false)) return false;
    const withholding = lastValues.withholds(entry, { client, attachedAt: head }, now());
    for (;;) {
      const step = withholding.next();
      if (step.done) return !step.value;
    }
  };
  let count = 0;
  let begin = head + 1;
  for (let end = head + 1; end > floor; end = Math.max(floor, end - STEP)) {
    for (const sequence of await replayed(Math.max(floor, end - STEP), end, where, isFor)) {
      if (count === limit) return begin;
      begin = sequence;
      count++;
    }
  }
  // Fewer than that: from there on, whatever comes before is for others.
  return count === limit ? begin : floor;
}

type Found = Pick<HistoryEntry, 'sequence' | 'time' | 'audience' | 'replay'>;

/** Those among a run of entries that `isFor` has, newest first; no more of them in memory than the log reads in one go. */
async function replayed(
  from: number,
  end: number,
  { log, history }: Whereabouts,
  isFor: (entry: Found) => boolean,
): Promise<readonly number[]> {
  const found: number[] = [];
  let until = performance.now() + SLICE;
  const look = async (entry: Found): Promise<void> => {
    if (isFor(entry)) found.push(entry.sequence);
    if (performance.now() < until) return;
    await new Promise<void>((resume) => setImmediate(resume));
    until = performance.now() + SLICE;
  };
  let next = from;
  while (next < Math.min(end, history.oldest)) {
    const page = await log.read(next);
    for (const entry of page.entries) if (entry.sequence < Math.min(end, history.oldest)) await look(entry);
    next = page.next;
  }
  for (let sequence = Math.max(from, history.oldest); sequence < end; sequence++) {
    const entry = history.at(sequence);
    if (entry) await look(entry);
  }
  await new Promise<void>((resume) => setImmediate(resume));
  return found.reverse();
}
