import { statfsSync, statSync } from 'node:fs';
import { SseError } from '../errors.ts';
import { reasonOf } from './open-store.ts';

/*
 * A disk that is full or a directory that may not be written is no damage: what stands there is as it was, and must be
 * left so. A repair would do harm, for LevelDB puts its journals away whether or not it could copy what is in them.
 */

/** What the system says, by Node's code and in the words of the C libraries, which LevelDB passes on; and what helps. */
const ADVICE: readonly (readonly [said: RegExp, helps: string])[] = [
  [/\bEROFS\b|Read-only file system/i, 'mount it so that it can be written, or name another directory'],
  [/\b(EACCES|EPERM)\b|Permission denied|Operation not permitted/i, 'let the user of this process write there'],
  [/\b(ENOSPC|EDQUOT)\b|No space left|Quota exceeded/i, 'make room, then start again'],
  [/\b(EMFILE|ENFILE)\b|Too many open files|No file descriptors available/i, 'raise the limit of open files (ulimit -n)'],
  [/\b(ENOTDIR|EEXIST)\b|Not a directory/i, 'name a directory'],
  [/\bEIO\b|I\/O error|Input\/output error/i, 'look at the disk'],
];
/** What LevelDB meets in a damaged store: a name in it that leads to nothing, or to a directory. */
const DAMAGE = /No such file or directory|Is a directory/i;

/** The error to end a start with, if this one speaks of the disk and not of what is on it. */
export function unusable(directory: string, error: unknown): SseError | undefined {
  const { code, cause } = error as { code?: string; cause?: { code?: string } };
  const reason = reasonOf(error).replace(/^IO error: /, '');
  const fromLevel = [code, cause?.code].includes('LEVEL_IO_ERROR') && !DAMAGE.test(reason);
  if (!fromLevel && (error as NodeJS.ErrnoException).syscall === undefined) return undefined;
  const helps = ADVICE.find(([said]) => said.test(reason))?.[1] ?? 'name a directory that can be written';
  return new SseError('start-failed', `--store: ${directory} cannot be used (${reason}); what it holds is as it was: ${helps}`);
}

/** A repair writes the journals anew, and a little more. */
const MARGIN = 1024 * 1024;

/** @param journals paths of those that a repair would copy @throws SseError `start-failed` if there is no room for that */
export function checkRoom(directory: string, journals: readonly string[]): void {
  const needed = journals.reduce((bytes, file) => bytes + statSync(file).size, MARGIN);
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize >= needed) return;
  const megabytes = Math.ceil(needed / 1024 / 1024);
  throw new SseError(
    'start-failed',
    `--store: ${directory} is damaged, and repairing it takes ${megabytes} MiB, which the disk has not left; what it holds is as it was: make room, then start again`,
  );
}
