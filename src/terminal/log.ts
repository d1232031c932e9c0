import type { Writable } from 'node:stream';
import { pino } from 'pino';
import type { ErrorCode } from '../errors.ts';
import type { Activity } from '../hub/activity.ts';
import { activityLevel } from './activity-levels.ts';
import { activityRecord } from './activity-lines.ts';
import { escapeJson, escapeLog } from './escape.ts';
import { LineBudget } from './line-budget.ts';

/** The program's log. Its `level` may be set at any time. */
export type Log = pino.Logger;

export interface LogOptions {
  readonly level: pino.LevelWithSilent;
  /** `json`: one JSON object a line, for programs. `pretty`: for a person at a terminal. */
  readonly format: 'json' | 'pretty';
  /** Gets whole lines, in order, by the time a log call returns: nothing is lost at an exit. Usually `terminal.destination`. */
  readonly destination: Writable;
  /** For `pretty` only. Default false. */
  readonly colors?: boolean;
}

/**
 * Makes the log. Everything goes through the given stream and nothing past it: left to themselves, pino and
 * pino-pretty write to the descriptor, and would tear the status line.
 */
export async function createLog({ level, format, destination, colors = false }: LogOptions): Promise<Log> {
  const options: pino.LoggerOptions = {
    level,
    // No pid and host name: whoever collects lines of several processes adds them.
    base: null,
    errorKey: 'error',
    serializers: { error: pino.stdSerializers.errWithCause },
    formatters: { level: (label) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  // Whatever is read by programs is looked at by people as well, with tools that show it as it is.
  if (format === 'json') return pino(options, { write: (line: string) => void destination.write(escapeJson(line)) });
  // Imported here: a server in production never needs it.
  const { default: pretty } = await import('pino-pretty');
  // The factory and not the stream, which would hand lines on in a later turn and lose the last ones.
  const prettify = pretty.prettyFactory({
    colorize: colors,
    translateTime: 'SYS:HH:MM:ss',
    singleLine: true,
    errorLikeObjectKeys: ['error'],
  });
  return pino(options, { write: (line: string) => void destination.write(escapeLog(prettify(line))) });
}

/**
 * Writes one record for an activity. Of refusals at a limit, at most 100 a second, or who is refused could fill the disk; the next one that is
 * written has how many were `skipped` before it. All are counted elsewhere.
 */
export function logActivity(log: Log, activity: Activity): void {
  if (!log.isLevelEnabled(activityLevel(activity))) return;
  const { level, msg, fields } = activityRecord(activity);
  if (activity.kind !== 'refused' || !AT_A_LIMIT.has(activity.code)) return log[level](fields, msg);
  const budget = budgetOf(log);
  if (!budget.take()) return;
  const skipped = budget.skipped();
  log[level](skipped === 0 ? fields : { ...fields, skipped }, msg);
}

const AT_A_LIMIT: ReadonlySet<string> = new Set([
  'at-capacity',
  'address-limit',
  'identity-limit',
  'connect-rate',
  'publish-rate',
] satisfies ErrorCode[]);

const budgets = new WeakMap<Log, LineBudget>();

function budgetOf(log: Log): LineBudget {
  const budget = budgets.get(log) ?? new LineBudget(() => performance.now());
  budgets.set(log, budget);
  return budget;
}
