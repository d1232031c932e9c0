import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { whyNo } from '../support/needs.ts';
import { ROOT, run, startProgram, temporaryFolder } from '../support/program.ts';

/** The systemd unit that ships. */

const unit = readFileSync(join(ROOT, 'config/sse-server.service'), 'utf8');
const [, command = ''] = /^ExecStart=(.*)$/m.exec(unit) ?? [];

test('systemd finds nothing wrong with the unit', {
  skip: whyNo('systemd-analyze', ['systemd-analyze', '--version']),
}, async (t) => {
  const file = join(temporaryFolder(), 'sse-server.service');
  // It looks whether the command is there.
  writeFileSync(file, unit.replaceAll('/usr/bin/node', process.execPath));
  const { code, stdout, stderr } = await run(t, ['verify', '--man=no', file], { command: ['systemd-analyze'] });
  assert.equal(stdout + stderr, '');
  assert.equal(code, 0);
});

test('the command of the unit, which the README shows as well, starts a server that lets nobody in without a token', async (t) => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8').replaceAll(/ *\\\n */g, ' ');
  const options = command.slice(command.indexOf('--port')).replace(/--jwt-secret-file \S+/, '--jwt-secret-file secret');
  assert(readme.includes(`node_modules/@sse-server/server/dist/bin/sse-server.js ${options}`), options);

  const folder = temporaryFolder();
  writeFileSync(join(folder, 'secret'), randomBytes(32).toString('hex'));
  const program = await startProgram(t, options.replace('--port 2015', '--port 0').split(' '), {
    cwd: folder,
    env: { NODE_ENV: 'production' },
  });
  assert.equal((await fetch(program.sse)).status, 401);
  assert.equal((await fetch(`${program.url}admin/stats`)).status, 404);
  assert.equal((await fetch(`${program.admin}stats`)).status, 200);
  assert.equal((await program.stop()).code, 0);
});
