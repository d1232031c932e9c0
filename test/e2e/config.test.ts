import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROGRAM, run } from '../support/program.ts';

test('config check looks at the files and directories that options name, and lists every mistake', async (t) => {
  const args = ['config', 'check', '--static', './nowhere', '--users', 'nowhere.json', '--admin-token-file', 'nowhere'];
  const { code, stderr, stdout } = await run(t, [...PROGRAM, ...args], { command: [process.execPath] });
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.deepEqual(stderr.trimEnd().split('\n'), [
    'sse-server: --static: "./nowhere" is not a directory',
    'sse-server: --users: cannot read "nowhere.json": no such file',
    'sse-server: --admin-token-file: cannot read "nowhere": no such file',
  ]);
});
