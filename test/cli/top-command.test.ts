import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TopOrder } from '../../src/cli/top-order.ts';
import { run } from './run.ts';

async function orderOf(...argv: string[]): Promise<TopOrder> {
  let order: TopOrder | undefined;
  const { stderr } = await run(['top', ...argv], {
    top: (given) => {
      order = given;
      return 0;
    },
  });
  assert(order, stderr);
  return order;
}

describe('sse-server top', () => {
  it('by itself watches the server that there is', async () => {
    const order = { admin: 'http://localhost:2015/', adminTokenFile: undefined, json: false, once: false };
    assert.deepEqual(await orderOf(), order);
    assert.deepEqual(await orderOf('--once', '--json'), { ...order, json: true, once: true });
    assert.equal((await orderOf('--url', 'unix:/run/admin.sock')).admin, 'unix:/run/admin.sock');
    assert.equal((await run(['top'], { top: () => 7 })).exitCode, 7);
  });

  for (const [argv, line] of [
    [['top', 'x'], "too many arguments for 'top'; quote what belongs together"],
    [['--port', '1', 'top'], '--port: stands before the command, where options of a server stand; put it behind'],
    [['top', '--port', '1'], "unknown option '--port'"],
  ] as const)
    it(`says what is wrong in one line: ${argv.join(' ')}`, async () => {
      const { exitCode, stderr } = await run(argv);
      assert.equal(exitCode, 2);
      assert(stderr.startsWith(`sse-server: ${line}`), stderr);
      assert.equal(stderr.split('\n').length, 2);
    });
});
