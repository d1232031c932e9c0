import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Gives what stands in a directory another name, so that a new store can be begun in its place.
 * @param time in ms since 1970
 * @returns where it is now
 */
export function setAside(directory: string, time: number): string {
  const name = `damaged-${new Date(time).toISOString().replaceAll(':', '-')}`;
  const beside = `${directory}.${name}`;
  try {
    renameSync(directory, beside);
    return beside;
  } catch {
    // A mount point, or its parent is another's: then within it, where LevelDB leaves alone what it does not know.
    return setAsideWithin(directory, name);
  }
}

function setAsideWithin(directory: string, name: string): string {
  const within = join(directory, name);
  const files = readdirSync(directory).filter((file) => !file.startsWith('damaged-'));
  mkdirSync(within, { mode: 0o700 });
  // The file that makes it a store goes last: should this end in the midst, nothing takes the rest for a new one and clears it away.
  for (const file of files.sort((a, b) => Number(a === 'CURRENT') - Number(b === 'CURRENT')))
    renameSync(join(directory, file), join(within, file));
  return within;
}
