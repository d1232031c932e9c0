import type { Writable } from 'node:stream';
import { pino } from 'pino';
import type { Activity } from '../hub/activity.ts';
import { activityRecord } from './activity-lines.ts';
import { escapeJson, escapeLog } from './escape.ts';

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

/** Writes one record for an activity. */
export function logActivity(log: Log, activity: Activity): void {
  const { level, msg, fields } = activityRecord(activity);
  log[level](fields, msg);
}
