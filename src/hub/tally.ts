import type { CredentialDefect } from '../errors.ts';
import type { Activity, CloseReason, GapReason } from './activity.ts';

/** Counters since the start, made from activities alone. */
export interface Totals {
  readonly opened: number;
  readonly closed: Readonly<Partial<Record<CloseReason, number>>>;
  /** Of the closed that left, those that were found to be gone without a word. */
  readonly vanished: number;
  /** Credentials that were renewed while a stream was open. */
  readonly renewed: number;
  /** Times that somebody took credentials back. */
  readonly revoked: number;
  /** Events that were deleted. */
  readonly redacted: number;
  /** Events that entered the log. */
  readonly events: number;
  /** For how many clients they were, added up. */
  readonly matched: number;
  /** Events and bytes that streams were sent; counted when a stream closes. */
  readonly delivered: { readonly events: number; readonly bytes: number };
  readonly gaps: Readonly<Partial<Record<GapReason, number>>>;
  /** By error code. */
  readonly refused: Readonly<Record<string, number>>;
  /** Of the refused, bad credentials by what was wrong with them. */
  readonly badCredentials: Readonly<Partial<Record<CredentialDefect, number>>>;
  /** Times that the configuration was read anew, by what came of it. */
  readonly reloads: { readonly applied: number; readonly refused: number };
  readonly failed: number;
}

export class Tally {
  readonly #totals = {
    opened: 0,
    closed: {} as Record<string, number>,
    vanished: 0,
    renewed: 0,
    revoked: 0,
    redacted: 0,
    events: 0,
    matched: 0,
    delivered: { events: 0, bytes: 0 },
    gaps: {} as Record<string, number>,
    refused: {} as Record<string, number>,
    badCredentials: {} as Record<string, number>,
    reloads: { applied: 0, refused: 0 },
    failed: 0,
  };

  get totals(): Totals {
    return structuredClone(this.#totals);
  }

  observe(activity: Activity): void {
    const totals = this.#totals;
    switch (activity.kind) {
      case 'opened':
        totals.opened++;
        break;
      case 'closed':
        count(totals.closed, activity.reason);
        if (activity.vanished) totals.vanished++;
        totals.delivered.events += activity.events;
        totals.delivered.bytes += activity.bytes;
        break;
      case 'renewed':
        totals.renewed++;
        break;
      case 'redacted':
        totals.redacted += activity.events;
        break;
      case 'revoked':
        totals.revoked++;
        break;
      case 'broadcast':
        totals.events++;
        totals.matched += activity.matched;
        break;
      case 'gap':
        count(totals.gaps, activity.reason);
        break;
      case 'refused':
        count(totals.refused, activity.code);
        if (activity.reason !== undefined) count(totals.badCredentials, activity.reason);
        break;
      case 'proxy-seen':
        break; // Happens once; the requests it refuses are counted as such.
      case 'reloaded':
        totals.reloads.applied++;
        break;
      case 'reload-refused':
        totals.reloads.refused++;
        break;
      case 'recovered':
      case 'descriptors':
        break; // Each connection is counted where it is dropped.
      case 'failed':
        totals.failed++;
        break;
      default:
        activity satisfies never;
    }
  }
}

function count(counters: Record<string, number>, key: string): void {
  counters[key] = (counters[key] ?? 0) + 1;
}
