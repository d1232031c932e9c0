import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Effects } from '../../src/cli/effects.ts';
import type { HistoryOrder } from '../../src/cli/history-order.ts';
import { type Outcome, run } from './run.ts';

async function ordered(
  argv: readonly string[],
  env: Effects['env'] = {},
  readFile: Effects['readFile'] = () => '',
): Promise<Outcome & { order: HistoryOrder | undefined }> {
  let order: HistoryOrder | undefined;
  const history = (given: HistoryOrder) => {
    order = given;
    return 0;
  };
  return { ...(await run(['history', ...argv], { env, history, readFile })), order };
}

const placeOf = async (argv: readonly string[], env?: Effects['env']) =>
  (await ordered(['export', '-', ...argv], env)).order?.place;

describe('sse-server history', () => {
  it('serves nothing, and ends with the exit code of what it ran', async () => {
    const { exitCode, loaded } = await run(['history', 'import', 'x', '--store', 'log'], { history: async () => 7 });
    assert.deepEqual([exitCode, loaded], [7, undefined]);
  });

  it('asks the server of --url or SSE_SERVER_URL, else opens the store; a flag counts before what stands elsewhere', async () => {
    const env = { SSE_SERVER_URL: 'http://localhost:1', SSE_SERVER_STORE: 'other' };
    assert.deepEqual(await placeOf(['--url', 'http://localhost:2'], env), { url: 'http://localhost:2' });
    assert.deepEqual(await placeOf(['--store', 'log'], env), { store: 'log' });
    assert.deepEqual(await placeOf([], env), { url: 'http://localhost:1' });
    assert.deepEqual(await placeOf([], { SSE_SERVER_STORE: 'other' }), { store: 'other' });
    assert.deepEqual(await placeOf(['--url', 'unix:/run/admin.sock']), { url: 'unix:/run/admin.sock' });
  });

  it('finds a server that is not named as every command does', async () => {
    assert.deepEqual(await placeOf([]), { url: 'http://localhost:2015/' });
    const readFile = () => '{"sse":"http://localhost:1/sse","admin":"http://localhost:2/admin/"}';
    const place = async (argv: string[], env: Effects['env']) =>
      (await ordered(['export', '-', ...argv], env, readFile)).order?.place;
    const found = { url: 'http://localhost:2/admin/' };
    assert.deepEqual(await place([], { SSE_SERVER_READY_FILE: 'ready' }), found);
    assert.deepEqual(await place(['--ready-file', 'ready'], { SSE_SERVER_URL: 'http://x', SSE_SERVER_STORE: 'y' }), found);
    assert.deepEqual(await place([], { SSE_SERVER_READY_FILE: 'ready', SSE_SERVER_STORE: 'log' }), { store: 'log' });
  });

  it('hands on what is selected, and the options of the server', async () => {
    const argv = ['export', 'a.ndjson', '--since', '1d', '--filter', 'event == "x"', '--store', 'log', '--admin-token-file', 'f'];
    const { order } = await ordered(argv);
    assert.deepEqual([order?.what, order?.file], ['export', 'a.ndjson']);
    assert.deepEqual(order?.selection, { since: '1d', filter: 'event == "x"' });
    assert.equal(order?.loaded.options.adminTokenFile, 'f');
  });

  for (const [argv, line] of [
    [
      ['export', '-', '--url', 'http://a', '--store', 'b'],
      '--url: cannot stand beside --store: the server is running, or it is not',
    ],
    [['export', '-', '--url', 'localhost'], "--url: must be a URL such as http://localhost:2015 or unix:PATH, not 'localhost'"],
    [
      ['export', '-', '--ready-file', 'a', '--store', 'b'],
      '--ready-file: cannot stand beside --store: the server is running, or it is not',
    ],
    [['export'], "missing required argument 'FILE'"],
    [['exprt', '-'], "unknown command 'exprt'; did you mean export?"],
    [['import', '-', '--since', '1d'], "unknown option '--since'"],
    [['import', '-', '--storre', 'x'], "unknown option '--storre'; did you mean --store?"],
  ] as const)
    it(`says what is wrong in one line: ${argv.join(' ')}`, async () => {
      const { exitCode, stdout, stderr, order } = await ordered(argv);
      assert.deepEqual([exitCode, stdout, stderr, order], [2, '', `sse-server: ${line}\n`, undefined]);
    });
});
