/**
 * `npm run build`: beside what is there, and then in its place. Whatever runs from it meanwhile finds all its files, a build that is
 * broken off leaves the one before, and one that makes the same again (`npx` builds when it makes its link) touches nothing.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
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
  if (isSame(made, place)) {
    rmSync(made, { recursive: true });
    writeFileSync(join(place, '.built'), '');
  } else {
    rmSync(place, { recursive: true, force: true });
    renameSync(made, place);
  }
} catch (error) {
  // What is wrong with the sources, the compiler has said.
  if (typeof error.status !== 'number') throw error;
  process.exitCode = 1;
}

/** Whether two folders hold the same files. */
function isSame(one, other) {
  if (!existsSync(other)) return false;
  const [names, others] = [one, other].map((folder) => readdirSync(folder, { recursive: true }).sort());
  const isEqual = (name) => {
    const [first, second] = [one, other].map((folder) => join(folder, name));
    return statSync(first).isDirectory() || readFileSync(first).equals(readFileSync(second));
  };
  return names.length === others.length && names.every((name, index) => name === others[index] && isEqual(name));
}
