import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/*
 * How far the log had got, beside it. LevelDB takes a journal or a manifest that breaks off for one whose writer was
 * killed, and opens without a word what came before; sequences would be given twice and readers led over a hole that they
 * could not see. It is written before a store is begun, when it is opened and when it is closed, so it never says too much.
 */

/** Its file. */
export const WITNESS = 'HEAD';
/** What that is until it is whole. */
export const WITNESS_DRAFT = 'HEAD.new';

/** What a git repository has under the same name: a reference, or a commit. */
const OF_GIT = /^(ref: |[0-9a-f]{40})/;

/** Whether there is one, though it may be damaged: it is the mark of a store as well. */
export function hasWitness(directory: string): boolean {
  return existsSync(join(directory, WITNESS)) && !OF_GIT.test(readFileSync(join(directory, WITNESS), 'latin1'));
}

/** The sequence that the log had reached at least; 0 if that isn't known. */
export function readWitness(directory: string): number {
  try {
    const [head = '', sum] = readFileSync(join(directory, WITNESS), 'latin1').trimEnd().split(' ');
    return sum === checksum(head) ? Number(head) : 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

/** Whole or not at all. */
export function writeWitness(directory: string, head: number): void {
  const draft = join(directory, WITNESS_DRAFT);
  writeFileSync(draft, `${lineOf(head)}\n`, { mode: 0o600 });
  renameSync(draft, join(directory, WITNESS));
}

function lineOf(head: number): string {
  return `${head} ${checksum(String(head))}`;
}

/** What one says that knows of nothing. */
export const BEGINNING: string = lineOf(0);

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
