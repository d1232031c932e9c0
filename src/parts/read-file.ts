import { readFileSync, statSync } from 'node:fs';

/** More is no configuration, and it is held in memory. In bytes. */
const LARGEST = 16 * 1024 * 1024;

/** Reads a file at the start, when nobody waits: a pipe will do, as in `--users <(…)`. */
export function readAtStart(file: string): Buffer {
  return readFileSync(file);
}

/**
 * Reads a file while the server runs. A pipe into which nobody writes would hold up everybody, so it must be a plain file.
 * @throws Error as `readFileSync` does, or with a sentence of its own
 */
export function readWhileServing(file: string): Buffer {
  const found = statSync(file);
  if (!found.isFile() && !found.isDirectory()) throw new Error('it is no plain file, and can only be read at a start');
  if (found.size > LARGEST) throw new Error(`it has ${found.size} bytes; at most ${LARGEST} are read while the server runs`);
  return readFileSync(file);
}
