import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { flagOf } from '../../src/config/names.ts';
import { OPTION_GROUPS, OPTION_NAMES, OPTIONS } from '../../src/config/options.ts';
import { run } from './run.ts';

const { stdout: help, exitCode, stderr } = await run(['--help'], { columns: 120 });
/** Wrapping undone. */
const flat = help.replace(/\s+/g, ' ');

describe('Help', () => {
  it('goes to stdout and is no mistake', async () => {
    assert.deepEqual([exitCode, stderr], [0, '']);
    assert.equal((await run(['-h'], { columns: 120 })).stdout, help);
  });

  for (const name of OPTION_NAMES)
    it(`describes ${flagOf(name)}, with its default`, () => {
      const { description, placeholder, default: byDefault, kind, bare } = OPTIONS[name];
      const value = placeholder === undefined ? '' : bare === undefined ? ` <${placeholder}>` : ` [${placeholder}]`;
      assert.ok(flat.includes(` ${flagOf(name)}${value} ${description}`), `${flagOf(name)}${value} ${description}`);
      if (kind === 'list') assert.match(flat, new RegExp(`${flagOf(name)} .*?may repeat`));
      if (typeof byDefault === 'string' || typeof byDefault === 'number') assert.ok(flat.includes(`(default: ${byDefault})`));
    });

  it('describes the flags that are no options', () => {
    for (const flag of ['--config <FILE>', '-v, --version', '-h, --help']) assert.ok(flat.includes(flag), flag);
  });

  it('has a heading for each group, in order, and puts every option under one', () => {
    const headings = [...help.matchAll(/^(\w.*):$/gm)].map(([, heading]) => heading);
    assert.deepEqual(headings, [...OPTION_GROUPS.map(([heading]) => heading), 'Commands', 'Examples']);
    assert.deepEqual(
      OPTION_GROUPS.flatMap(([, names]) => names),
      OPTION_NAMES,
    );
  });

  it('is no wider than the terminal, but for lines to copy', async () => {
    const [options = ''] = help.split('\nExamples:');
    for (const line of options.split('\n')) assert.ok(line.length <= 120, line);
    const [narrow = ''] = (await run(['--help'], { columns: 80 })).stdout.split('\nExamples:');
    for (const line of narrow.split('\n')) assert.ok(line.length <= 80, line);
  });

  it('has examples that work', async () => {
    const examples = [...help.matchAll(/^ {2}sse-server ?(.*)$/gm)].map(([, line = '']) => line.split(/ {2,}/)[0] ?? '');
    assert.ok(examples.length >= 5);
    for (const example of examples) {
      const { exitCode, stderr } = await run(example.split(' ').filter(Boolean));
      assert.deepEqual([exitCode, stderr], [0, ''], example);
    }
  });
});
