/**
 * `npm run build`: beside what is there, and then in its place. Whatever runs from it meanwhile finds all its files, and a build that
 * is broken off leaves the one before.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [made, place] = [join(root, '.dist'), join(root, 'dist')];
const compiler = join(root, 'node_modules/.bin/tsc');

process.stderr.write('building …\n');
rmSync(made, { recursive: true, force: true });
try {
  execFileSync(compiler, ['-p', 'tsconfig.json', '--outDir', made], { cwd: root, stdio: 'inherit' });
  chmodSync(join(made, 'bin/sse-server.js'), 0o755);
  writeFileSync(join(made, '.built'), '');
  rmSync(place, { recursive: true, force: true });
  renameSync(made, place);
} catch (error) {
  // What is wrong with the sources, the compiler has said.
  if (typeof error.status !== 'number') throw error;
  process.exitCode = 1;
}
