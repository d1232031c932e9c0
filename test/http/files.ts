import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../support/program.ts';

/** A file that holds a token. */
export function tokenFile(token: string): string {
  const path = join(temporaryFolder(), 'token');
  writeFileSync(path, `${token}\n`);
  return path;
}
