import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** An empty directory that goes with the test. */
export function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'sse-server-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

/** A file that holds a token. */
export function tokenFile(t: TestContext, token: string): string {
  const path = join(directory(t), 'token');
  writeFileSync(path, `${token}\n`);
  return path;
}
