import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TokenOrder } from '../../src/cli/token-order.ts';
import { type Outcome, run } from './run.ts';

async function ordered(argv: readonly string[]): Promise<Outcome & { order: TokenOrder | undefined }> {
  let order: TokenOrder | undefined;
  const token = (given: TokenOrder) => {
    order = given;
    return 7;
  };
  return { ...(await run(['token', ...argv], { token })), order };
}

describe('sse-server token', () => {
  it('serves nothing, and ends with the exit code of what it ran', async () => {
    const { exitCode, loaded } = await ordered(['verify', '--jwt-secret-file', 'f']);
    assert.deepEqual([exitCode, loaded], [7, undefined]);
  });

  it('hands on whom the token is for, with the options of the server', async () => {
    const flags = '--sub 7 --login ada --name Ada --mail a@b.c --profile Administrator --role ops --role dev --topic news/*';
    const claims = ['--claim', 'level=3', '--claim', 'region=eu', '--claim', 'a=b=c', '--claim', 'o={"x":[]}', '--claim', 'e='];
    const { order } = await ordered(['create', ...flags.split(' '), ...claims, '--jwt-secret-file', 'f', '--expires-in', '10m']);
    assert(order?.what === 'create');
    const { loaded, ...rest } = order;
    assert.equal(loaded.options.jwtSecretFile, 'f');
    assert.deepEqual(rest, {
      what: 'create',
      subject: '7',
      fields: {
        login: 'ada',
        name: 'Ada',
        mail: 'a@b.c',
        profile: 'Administrator',
        roles: ['ops', 'dev'],
        topics: ['news/*'],
      },
      claims: [
        ['level', 3],
        ['region', 'eu'],
        ['a', 'b=c'],
        ['o', { x: [] }],
        ['e', ''],
      ],
      lifetime: 600_000,
      signingKey: undefined,
    });
  });

  it('takes a token from stdin unless one is given', async () => {
    for (const [argv, expected] of [
      [[], '-'],
      [['-'], '-'],
      [['a.b.c'], 'a.b.c'],
    ] as const) {
      const { order } = await ordered(['verify', ...argv]);
      assert.equal(order?.what === 'verify' && order.token, expected);
    }
  });

  for (const [argv, line] of [
    [['create'], 'token create: which key? --jwt-secret-file FILE, or --signing-key FILE with a private key'],
    [
      ['create', '--jwt-secret-file', 'a', '--signing-key', 'b'],
      '--signing-key: cannot stand beside --jwt-secret-file: one of them signs',
    ],
    [['create', '--signing-key', 'b', '--expires-in', '60'], "--expires-in: must be a duration such as 10m, 1h or 7d, not '60'"],
    [['create', '--signing-key', 'b', '--expires-in', '0'], "--expires-in: must be a duration such as 10m, 1h or 7d, not '0'"],
    [['create', '--signing-key', 'b', '--expires-in', '32d'], '--expires-in: must be at most --jwt-max-lifetime, 31d'],
    [['create', '--signing-key', 'b', '--claim', 'x'], "--claim: must be NAME=VALUE, not 'x'"],
    [['create', '--signing-key', 'b', '--roles', 'x'], "unknown option '--roles'; did you mean --role?"],
    [['verify', 'a', 'b'], /^too many arguments/],
    [['creat'], "unknown command 'creat'; did you mean create?"],
  ] as const)
    it(`says what is wrong in one line: ${argv.join(' ')}`, async () => {
      const { exitCode, stdout, stderr, order } = await ordered(argv);
      assert.deepEqual([exitCode, stdout, order], [2, '', undefined]);
      if (typeof line === 'string') assert.equal(stderr, `sse-server: ${line}\n`);
      else assert.match(stderr.replace('sse-server: ', ''), line);
    });
});
