import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClientsOrder } from '../../src/cli/clients-order.ts';
import type { Effects } from '../../src/cli/effects.ts';
import { type Outcome, run } from './run.ts';

async function ordered(
  argv: readonly string[],
  env: Effects['env'] = {},
): Promise<Outcome & { order: ClientsOrder | undefined }> {
  let order: ClientsOrder | undefined;
  const clients = (given: ClientsOrder) => {
    order = given;
    return 0;
  };
  return { ...(await run(['clients', ...argv], { env, clients })), order };
}

async function orderOf(...argv: string[]): Promise<ClientsOrder> {
  const { order, stderr } = await ordered(argv);
  assert(order, stderr);
  return order;
}

const ACCESS = { admin: 'http://localhost:2015/', adminTokenFile: undefined };
const LIST = { what: 'ls', ...ACCESS, filter: undefined, limit: Infinity, json: false };

describe('sse-server clients', () => {
  it('lists all clients by itself, and ends with the exit code of what it ran', async () => {
    assert.deepEqual(await orderOf(), LIST);
    assert.deepEqual(await orderOf('ls'), LIST);
    assert.equal((await run(['clients'], { clients: async () => 7 })).exitCode, 7);
  });

  it('lists some, with or without its name', async () => {
    const some = { ...LIST, filter: 'profile == "Guest"', limit: 5, json: true };
    for (const name of [[], ['ls']])
      assert.deepEqual(await orderOf(...name, '--filter', 'profile == "Guest"', '--limit', '5', '--json'), some);
    const { filter } = (await orderOf('--filter', '{"profile":"Guest","id":"7"}')) as { filter: string };
    assert.match(filter, /profile == "Guest".*id == "7"/);
  });

  it('shows one', async () => {
    assert.deepEqual(await orderOf('show', 'a1'), { what: 'show', ...ACCESS, id: 'a1', json: false });
    assert.deepEqual(await orderOf('show', 'a1', '--json'), { what: 'show', ...ACCESS, id: 'a1', json: true });
  });

  it('disconnects one, or all that a filter selects', async () => {
    const kick = { what: 'kick', ...ACCESS, whom: { id: 'a1' }, reason: undefined, forever: false };
    assert.deepEqual(await orderOf('kick', 'a1'), kick);
    assert.deepEqual(await orderOf('kick', '--filter', 'true', '--forever', '--reason', 'maintenance'), {
      ...kick,
      whom: { filter: 'true' },
      reason: 'maintenance',
      forever: true,
    });
  });

  it('finds its server as the other commands do', async () => {
    const { order } = await ordered(['kick', 'a1', '--url', 'unix:/run/admin.sock'], { SSE_SERVER_ADMIN_TOKEN_FILE: 'f' });
    assert.deepEqual([order?.admin, order?.adminTokenFile], ['unix:/run/admin.sock', 'f']);
  });

  for (const [argv, line] of [
    [['kik'], "clients: there are ls, show, kick, and no 'kik'; did you mean 'kick'?"],
    [['--json', 'kick', 'a1'], 'clients: kick stands right behind it'],
    [['--filter', '--json'], '--filter needs a value; write --filter=--json if that is it'],
    [['ls', '--limit', '0'], "--limit: must be a whole number of 1 or more, not '0'"],
    [['ls', '--filter', ''], '--filter: is empty; true is everyone'],
    [['ls', '--filter', '{"profil":"x"}'], "--filter/profil: unknown name; did you mean 'profile'?"],
    [['show'], "missing required argument 'ID'"],
    [['show', ''], 'ID: must not be empty'],
    [['kick'], 'clients kick: whom? ID, or --filter CEL'],
    [['kick', ''], 'ID: must not be empty'],
    [['kick', '..'], "ID: '..' is no id of a client"],
    [['kick', 'a1', 'a2'], "too many arguments for 'kick'; quote what belongs together"],
    [['kick', 'a1', '--filter', 'true'], '--filter: cannot stand beside an ID'],
    [['kick', '--filter', ' '], '--filter: is empty; true is everyone'],
    [['kick', '--filter', '--forever'], '--filter needs a value; write --filter=--forever if that is it'],
    [['kick', 'a1', '--forevr'], "unknown option '--forevr'; did you mean --forever?"],
  ] as const)
    it(`says what is wrong in one line, and does nothing: ${argv.join(' ')}`, async () => {
      const { exitCode, stdout, stderr, order } = await ordered(argv);
      assert.deepEqual([exitCode, stdout, stderr, order], [2, '', `sse-server: ${line}\n`, undefined]);
    });
});
