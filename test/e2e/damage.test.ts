import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createSseServer } from '../../src/index.ts';
import { startProgram, temporaryFolder } from '../support/program.ts';

test('a store that has to be repaired is told in the log and counted, and what it held is still there', async (t) => {
  const store = join(temporaryFolder(t), 'log');
  const first = await startProgram(t, ['--store', store]);
  await first.publish({ data: 'kept' });
  await first.stop();

  truncateSync(join(store, 'CURRENT'));
  const second = await startProgram(t, ['--store', store]);
  await second.logged({ level: 'error', msg: /does not open .* being repaired/ });
  const history = await (await fetch(`${second.admin}history`)).text();
  assert.match(history, /"data":"kept"/);
  await second.stop();

  truncateSync(join(store, 'CURRENT'));
  const server = createSseServer({ port: 0, store });
  await server.start();
  assert.equal(server.totals().failed, 1);
  await server.stop();
});
