import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/*
 * How far the log had got, beside it. LevelDB takes a journal or a manifest that breaks off for one whose writer was
 * killed, and opens without a word what came before; sequences would be given twice and readers led over a hole that they
 * could not see. It is written when a store is opened and when it is closed, so it never says too much.
 */

const NAME = 'HEAD';

/** Whether there is one, whatever it says. */
export function hasWitness(directory: string): boolean {
  return existsSync(join(directory, NAME));
}

/** The sequence that the log had reached at least; 0 if that isn't known. */
export function readWitness(directory: string): number {
  try {
    const [head = '', sum] = readFileSync(join(directory, NAME), 'latin1').trimEnd().split(' ');
    return sum === checksum(head) ? Number(head) : 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

/** Whole or not at all. */
export function writeWitness(directory: string, head: number): void {
  const draft = join(directory, `${NAME}.new`);
  writeFileSync(draft, `${head} ${checksum(String(head))}\n`, { mode: 0o600 });
  renameSync(draft, join(directory, NAME));
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
