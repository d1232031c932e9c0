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

// A byte order mark is left to whoever reads the text.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text that a file holds. @throws Error with a sentence of its own: nothing is put in the place of what cannot be read */
export function textIn(content: Buffer): string {
  try {
    return utf8.decode(content);
  } catch {
    throw new Error('it is not valid UTF-8');
  }
}
