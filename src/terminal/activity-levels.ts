import type { ErrorCode } from '../errors.ts';
import type { Activity, CloseReason, GapReason } from '../hub/activity.ts';

/** How much an activity matters to whoever looks after the server. */
export type Level = 'debug' | 'info' | 'warn' | 'error';

type Kind = Activity['kind'];
type Of<K extends Kind> = Extract<Activity, { readonly kind: K }>;

/** An operator looks into these; the other ends are everyday life. */
export const BAD_ENDS: ReadonlySet<CloseReason> = new Set(['slow', 'error']);
// A cursor that we never gave out, or that was damaged on its way; the others are told to every client after a restart or a long absence.
const BAD_GAPS: ReadonlySet<GapReason> = new Set(['unknown', 'corrupt']);
// Somebody knocked where they must not, or the server is at a limit. Other refusals are mistakes of whoever wrote the request.
const BAD_REFUSALS: ReadonlySet<string> = new Set([
  'forbidden',
  'misdirected',
  'invalid-credential',
  'unverifiable',
  'at-capacity',
  'address-limit',
  'identity-limit',
  'overloaded',
] satisfies ErrorCode[]);
/** A browser asks every server for a favicon. */
export const QUIET_REFUSALS: ReadonlySet<string> = new Set(['not-found'] satisfies ErrorCode[]);

/** One entry for each kind of activity; the compiler holds it complete. */
const LEVELS: { readonly [K in Kind]: Level | ((activity: Of<K>) => Level) } = {
  opened: 'info',
  closed: ({ reason }) => (BAD_ENDS.has(reason) ? 'warn' : 'info'),
  renewed: 'info',
  redacted: 'warn',
  revoked: 'warn',
  broadcast: 'info',
  gap: ({ reason }) => (BAD_GAPS.has(reason) ? 'warn' : 'info'),
  refused: ({ code }) => (BAD_REFUSALS.has(code) ? 'warn' : QUIET_REFUSALS.has(code) ? 'debug' : 'info'),
  'proxy-seen': 'warn',
  reloaded: ({ needsRestart, warnings }) => (needsRestart.length > 0 || warnings.length > 0 ? 'warn' : 'info'),
  'reload-refused': 'error',
  descriptors: 'warn',
  recovered: 'warn',
  failed: 'error',
};

/** The level of an activity. Finding out costs far less than making its record, of which a quiet log has no need. */
export function activityLevel<K extends Kind>(activity: Of<K>): Level {
  const level: Level | ((activity: Of<K>) => Level) = LEVELS[activity.kind as K];
  return typeof level === 'function' ? level(activity) : level;
}
