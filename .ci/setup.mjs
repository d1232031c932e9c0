/**
 * What `npm start` and `npm test` need first, each only if it is missing or out of date: the packages of the lock
 * file, and the build. So the README's two commands are all that a fresh clone needs, and cost nothing later.
 * `--build` is the build alone, for npm's `prepare`: it runs that after its own `npm ci`, and again for the first `npx`.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const built = join(root, 'dist/.built');
const installed = join(root, 'node_modules/.package-lock.json');

const changed = (path) => {
  const found = statSync(join(root, path), { throwIfNoEntry: false });
  if (!found?.isDirectory()) return found?.mtimeMs ?? 0;
  return Math.max(found.mtimeMs, ...readdirSync(join(root, path)).map((name) => changed(join(path, name))));
};
const upToDate = (stamp, ...sources) => existsSync(stamp) && statSync(stamp).mtimeMs >= Math.max(...sources.map(changed));
const npm = (...args) => execFileSync('npm', args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });

try {
  const isInstalled = process.argv.includes('--build') || upToDate(installed, 'package-lock.json');
  if (!isInstalled) npm('ci', '--engine-strict', '--ignore-scripts', '--no-audit', '--no-fund');
  if (!upToDate(built, 'bin', 'src', 'tsconfig.json', 'package.json')) npm('run', '--silent', 'build');
} catch {
  // What went wrong, the command that failed has said.
  process.exitCode = 1;
}
