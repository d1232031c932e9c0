import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Effects } from '../../src/cli/effects.ts';
import type { SendOrder } from '../../src/cli/send-order.ts';
import { compileFilter } from '../../src/event/filter.ts';
import type { Client } from '../../src/event/identity.ts';
import { type Outcome, run } from './run.ts';

async function ordered(argv: readonly string[], env: Effects['env'] = {}): Promise<Outcome & { order: SendOrder | undefined }> {
  let order: SendOrder | undefined;
  const send = (given: SendOrder) => {
    order = given;
    return 0;
  };
  return { ...(await run(['send', ...argv], { env, send })), order };
}

async function orderOf(...argv: string[]): Promise<SendOrder> {
  const { order, stderr } = await ordered(argv);
  assert(order, stderr);
  return order;
}

const BY_ITSELF: SendOrder = {
  admin: 'http://localhost:2015/',
  adminTokenFile: undefined,
  data: undefined,
  fields: {},
  query: {},
  idempotencyKey: undefined,
  count: 1,
  interval: 0,
};

describe('sse-server send', () => {
  it('serves nothing, and ends with the exit code of what it ran', async () => {
    const { exitCode, loaded } = await run(['send'], { send: async () => 7 });
    assert.deepEqual([exitCode, loaded], [7, undefined]);
  });

  it('by itself sends one event to the server that there is', async () => {
    assert.deepEqual(await orderOf(), BY_ITSELF);
  });

  it('takes data as it stands, from a file or from stdin', async () => {
    assert.deepEqual((await orderOf('hello')).data, { text: 'hello' });
    assert.deepEqual((await orderOf('')).data, { text: '' });
    assert.deepEqual((await orderOf('@note.txt')).data, { file: 'note.txt' });
    assert.deepEqual((await orderOf('-')).data, { file: '-' });
    assert.deepEqual((await orderOf('--', '--event')).data, { text: '--event' });
  });

  it('has flags of its own, whatever those of a server mean', async () => {
    const argv = [
      'x',
      '--event',
      'price',
      '--retry',
      '2s',
      '--ttl',
      '10m',
      '--id',
      'mine',
      '--supersedes',
      'gold',
      '--no-history',
    ];
    const { fields } = await orderOf(...argv, '--topic', 'a', '--topic', 'b', '--except', '7', '--filter', 'id == "1"');
    assert.deepEqual(fields, {
      event: 'price',
      retry: 2000,
      ttl: '10m',
      id: 'mine',
      supersedes: 'gold',
      history: false,
      topics: ['a', 'b'],
      except: ['7'],
      filter: 'id == "1"',
    });
    const { query, idempotencyKey } = await orderOf('x', '--wait', '2s', '--key', '8e03');
    assert.deepEqual([query, idempotencyKey], [{ wait: '2s' }, '8e03']);
    assert.deepEqual((await orderOf('x', '--dry-run')).query, { dryRun: 'true' });
    assert.deepEqual((await orderOf('x', '--filter', ' {"profile":"A"}')).fields, { filter: { profile: 'A' } });
  });

  it('is not troubled by what a server of this environment would be told', async () => {
    const { order } = await ordered(['x'], {
      SSE_SERVER_PORT: 'nonsense',
      SSE_SERVER_EVENT: 'y',
      SSE_SERVER_ADMIN_TOKEN_FILE: 'f',
    });
    assert.deepEqual(order, { ...BY_ITSELF, data: { text: 'x' }, adminTokenFile: 'f' });
    assert.equal((await ordered(['--admin-token-file', 'g'], { SSE_SERVER_ADMIN_TOKEN_FILE: 'f' })).order?.adminTokenFile, 'g');
  });

  it('is recognised behind flags with and without values', async () => {
    const { stderr } = await run(['--trust-proxy', '10.0.0.0/8', 'send', '--event', 'x']);
    assert.match(stderr, /^sse-server: --trust-proxy: stands before the command/);
    // And not where it is a value.
    assert.equal((await run(['config', 'check', '--data', 'send', '--event', 'x'])).stdout, 'ok\n');
  });

  it('repeats at a rate, or so many times', async () => {
    const paces: [argv: string[], count: number, interval: number][] = [
      [['--count', '3'], 3, 0],
      [['--rate', '10'], Infinity, 100],
      [['--rate', '10/s', '--count', '5'], 5, 100],
      [['--rate', '0.5'], Infinity, 2000],
    ];
    for (const [argv, count, interval] of paces) {
      const order = await orderOf('x', ...argv);
      assert.deepEqual([order.count, order.interval], [count, interval], argv.join(' '));
    }
  });

  for (const [argv, line] of [
    [['a', 'b'], "too many arguments for 'send'; quote what belongs together"],
    [['@'], "DATA: '@' needs the name of a file; text that begins with it comes from stdin"],
    [['x', '--filtr', 'y'], "unknown option '--filtr'; did you mean --filter?"],
    [['x', '--event', '--filter', 'y'], '--event needs a value; write --event=--filter if that is it'],
    [['x', '--filter', ' '], '--filter: is empty; leave it out to reach everyone'],
    [['x', '--to', ''], '--to: must not be empty'],
    [['x', '--to', '7', '--filter', '{"profil":"x"}'], "--filter/profil: unknown name; did you mean 'profile'?"],
    [['x', '--filter', '{x'], /^--filter: is not JSON at line 1, column 2$/],
    [['x', '--retry', '2000'], "--retry: must be a duration such as 500ms, 5s or 10m, not '2000'"],
    [['x', '--wait', '0'], "--wait: must be a duration such as 500ms, 5s or 10m, not '0'"],
    [['x', '--wait', '61s'], "--wait: must be at most 60s, not '61s'"],
    [['x', '--count', '0'], "--count: must be a whole number of 1 or more, not '0'"],
    [['x', '--rate', '0'], "--rate: must be a number a second, up to 10000, such as 10 or 0.5, not '0'"],
    [['x', '--rate', '9', '--key', 'k'], '--key: is for one event; leave out --count and --rate'],
    [['x', '--count', '2', '--id', 'k'], '--id: is for one event; leave out --count and --rate'],
    [['x', '--count', '2', '--dry-run'], '--dry-run: is for one event; leave out --count and --rate'],
    [['x', '--url', 'localhost'], "--url: must be a URL such as http://localhost:2015 or unix:PATH, not 'localhost'"],
  ] as const)
    it(`says what is wrong in one line: ${argv.join(' ')}`, async () => {
      const { exitCode, stdout, stderr, order } = await ordered(argv);
      assert.deepEqual([exitCode, stdout, order], [2, '', undefined]);
      assert.match(stderr, /^sse-server: [^\n]+\n$/);
      const told = stderr.slice('sse-server: '.length, -1);
      if (typeof line === 'string') assert.equal(told, line);
      else assert.match(told, line);
    });
});

describe('send --to', () => {
  const client = (fields: { id?: string; login?: string; client?: string; profile?: string }): Client => ({
    authenticated: true,
    name: '',
    mail: '',
    profile: '',
    roles: [],
    claims: {},
    topics: [],
    id: '',
    login: '',
    ...fields,
    client: { id: fields.client ?? 'c1', ip: '::1' },
  });
  const filterOf = async (...argv: string[]) => compileFilter((await orderOf('x', ...argv)).fields.filter as string);

  it('reaches a client by its id, and whoever has the id or the login', async () => {
    const { source, matches } = await filterOf('--to', '7');
    assert.equal(source, 'client.id == "7" || id == "7" || login == "7"');
    assert(matches(client({ client: '7' })) && matches(client({ id: '7' })) && matches(client({ login: '7' })));
    assert(!matches(client({ id: '77' })) && !matches(client({})));
  });

  it('reaches any of several', async () => {
    const { matches } = await filterOf('--to', '7', '--to', 'ada');
    assert(matches(client({ id: '7' })) && matches(client({ login: 'ada' })) && !matches(client({ id: '8' })));
  });

  it('reaches only those that a filter lets pass as well', async () => {
    for (const filter of ['profile == "A" || profile == "B"', 'profile == "A" // it is', '{"profile":"A"}']) {
      const { matches } = await filterOf('--to', '7', '--filter', filter);
      assert(matches(client({ id: '7', profile: 'A' })), filter);
      assert(!matches(client({ id: '7' })) && !matches(client({ id: '8', profile: 'A' })), filter);
    }
  });

  it('leaves the size of a filter to the server', async () => {
    const profile = 'x'.repeat(5000);
    const { fields } = await orderOf('x', '--to', '7', '--filter', JSON.stringify({ profile }));
    assert(String(fields.filter).includes(profile));
  });

  it('takes a name as it is, whatever stands in it', async () => {
    for (const name of ['" || true || "', '\\', 'a\nb\t\r\u0001\u007f', "it's", '`', 'Zoë \u{1f600} \u2028', '\\u0041'])
      for (const matching of [true, false]) {
        const { matches } = await filterOf('--to', name);
        assert.equal(matches(client({ id: matching ? name : `${name} ` })), matching, JSON.stringify(name));
      }
  });
});
