import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What each folder may import; the floors of the design. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  event: ['errors'],
  hub: ['errors', 'event'],
  identity: ['errors', 'event'],
  http: ['errors', 'event', 'hub', 'identity'],
  terminal: ['errors', 'event', 'hub', 'identity'],
  config: ['errors', 'event', 'hub', 'identity'],
  store: ['errors', 'event', 'hub', 'identity'],
  cli: ['errors', 'event', 'hub', 'identity', 'http', 'terminal', 'config', 'store', 'app', 'parts', 'index'],
};
const TARGETS = ['errors', 'event', 'hub', 'identity', 'http', 'terminal', 'config', 'store', 'cli', 'app', 'parts', 'index'];
const FILES = ['errors', 'app', 'index'];

let folder: string;

// The linter's own configuration, over a tree of files that each import one thing.
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sse-floors-'));
  cpSync(join(root, '.biome.json'), join(folder, '.biome.json'));
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  for (const from of Object.keys(MAY)) {
    mkdirSync(join(folder, 'src', from), { recursive: true });
    for (const to of TARGETS.filter((target) => target !== from)) {
      const path = FILES.includes(to) ? `../${to}.ts` : `../${to}/x.ts`;
      writeFileSync(join(folder, 'src', from, `to-${to}.ts`), `export { x } from '${path}';\n`);
    }
    writeFileSync(join(folder, 'src', from, 'to-node.ts'), "export { createHash as x } from 'node:crypto';\n");
    writeFileSync(join(folder, 'src', from, 'to-process.ts'), 'export const x: number = process.pid;\n');
  }
});
after(() => rmSync(folder, { recursive: true }));

/** The files that a rule complains about, as `hub/to-http`, sorted. */
function refused(rule: string): string[] {
  const biome = join(root, 'node_modules/.bin/biome');
  const args = ['lint', '--vcs-enabled=false', '--max-diagnostics=none', '--reporter=json', 'src'];
  let output: string;
  try {
    output = execFileSync(biome, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch (error) {
    output = (error as { stdout: string }).stdout;
  }
  const { diagnostics } = JSON.parse(output) as {
    diagnostics: { category: string; location: { path: string | { file: string } } }[];
  };
  const found = diagnostics.filter(({ category }) => category === `lint/${rule}`);
  const paths = found.map(({ location: { path } }) => (typeof path === 'string' ? path : path.file));
  return [...new Set(paths.map((path) => path.replace(/^.*src\/|\.ts$/g, '')))].sort();
}

test('imports go down the floors only, and folders on one floor never import each other', () => {
  const actual = refused('style/noRestrictedImports');
  const expected = Object.entries(MAY).flatMap(([from, may]) =>
    TARGETS.filter((to) => to !== from && !may.includes(to)).map((to) => `${from}/to-${to}`),
  );
  assert.deepEqual(actual, expected.sort());
});

test('values and the hub know nothing of Node', () => {
  assert.deepEqual(refused('correctness/noNodejsModules'), ['event/to-node', 'hub/to-node']);
});

test('only the cli touches the process', () => {
  const expected = Object.keys(MAY).filter((from) => from !== 'cli');
  assert.deepEqual(refused('style/noRestrictedGlobals'), expected.map((from) => `${from}/to-process`).sort());
});

test('the visible top level is the one that users know', () => {
  const visible = readdirSync(root).filter(
    (name) => !name.startsWith('.') && !['node_modules', 'dist', 'coverage'].includes(name),
  );
  const allowed = 'bin config public src test package.json package-lock.json tsconfig.json README.md LICENSE'.split(' ');
  assert.deepEqual(visible.sort(), allowed.sort());
});
