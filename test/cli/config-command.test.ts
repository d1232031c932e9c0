import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { flagOf } from '../../src/config/names.ts';
import type { Option } from '../../src/config/option.ts';
import { OPTION_NAMES, OPTIONS } from '../../src/config/options.ts';
import { parseOptions, spellOptions } from '../../src/config/parse.ts';
import { run } from './run.ts';

const readFile = () => '{"retry":"3s","static":["a","/b=c"]}';

/** The table, by option. */
function rowsOf(table: string): Record<string, string[]> {
  return Object.fromEntries(
    table
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/))
      .map(([name, ...rest]) => [name, rest]),
  );
}

describe('config print', () => {
  it('shows every option, its value and where it came from, and starts nothing', async () => {
    const argv = ['config', 'print', '--port', '3', '--config', 'c.json', '--trust-proxy'];
    const { exitCode, stdout, stderr, loaded } = await run(argv, { readFile, env: { SSE_SERVER_HEARTBEAT: '90s' } });
    assert.deepEqual([exitCode, stderr, loaded], [0, '', undefined]);
    const rows = rowsOf(stdout);
    assert.deepEqual(Object.keys(rows), OPTION_NAMES);
    assert.deepEqual(rows.port, ['3', '--port']);
    assert.deepEqual(rows.heartbeat, ['90s', 'SSE_SERVER_HEARTBEAT']);
    assert.deepEqual(rows.retry, ['3s', 'c.json']);
    assert.deepEqual(rows.static, ['a, /b=c', 'c.json']);
    assert.deepEqual(rows.trustProxy, ['loopback', '--trust-proxy']);
    assert.deepEqual(rows.maxAge, ['1h', 'default']);
    assert.deepEqual(rows.host, ['(not set)', 'default']);
    assert.deepEqual(rows.cors, ['(none)', 'default']);
  });

  it('takes flags before it as well', async () => {
    assert.deepEqual(rowsOf((await run(['--port', '3', 'config', 'print'])).stdout).port, ['3', '--port']);
  });

  it('hides nothing that is no secret', async () => {
    const argv = ['config', 'print', '--json', '--admin-token-file', '/run/token', '--users', 'users.json', '--data', 'x'];
    const printed = JSON.parse((await run(argv)).stdout);
    const spelled = spellOptions(parseOptions({ adminTokenFile: '/run/token', users: 'users.json', data: 'x' }));
    for (const name of OPTION_NAMES) assert.deepEqual(printed[name].value, spelled[name], name);
  });

  it('hides a secret, and says that there is one', async () => {
    const data = OPTIONS.data as { -readonly [K in keyof Option]: Option[K] };
    data.secret = true;
    try {
      for (const json of [[], ['--json']]) {
        const { stdout } = await run(['config', 'print', '--data', 'hunter2', ...json]);
        assert.doesNotMatch(stdout, /hunter2/);
        assert.match(stdout, /\(hidden\)/);
      }
    } finally {
      delete data.secret;
    }
  });

  it('reads no file but the config file', async () => {
    const read: string[] = [];
    const world = { readFile: (path: string) => `{"data":${JSON.stringify(String(read.push(path)))}}` };
    await run(['config', 'print', '--config', 'c.json', '--users', 'u.json', '--admin-token-file', 't'], world);
    assert.deepEqual(read, ['c.json']);
  });

  it('writes JSON that says the same', async () => {
    const printed = JSON.parse((await run(['config', 'print', '--json', '--heartbeat', '60s'])).stdout);
    assert.deepEqual(printed.heartbeat, { value: '1m', source: 'flag', where: '--heartbeat' });
    assert.deepEqual(printed.adminListen, { value: null, source: 'default' });
    assert.deepEqual(Object.keys(printed), OPTION_NAMES);
  });

  it('shows a value so that it stays on its line and can be told from nothing', async () => {
    const shown = async (data: string) => rowsOf((await run(['config', 'print', `--data=${data}`])).stdout).data?.[0];
    assert.equal(await shown(''), '""');
    assert.equal(await shown('a\u001b[2J\nb'), '"a\\u001b[2J\\nb"');
    assert.equal(await shown('(none)'), '"(none)"');
    assert.equal(await shown('say "hi"'), 'say "hi"');
  });
});

describe('config check', () => {
  it('says ok', async () => {
    const { exitCode, stdout, loaded } = await run(['config', 'check', '--config', 'c.json'], { readFile });
    assert.deepEqual([exitCode, stdout, loaded], [0, 'ok\n', undefined]);
  });

  it('lists every mistake and ends with 2', async () => {
    const { exitCode, stdout, stderr } = await run(['config', 'check', '--port', 'x', '--config', 'c.json'], {
      readFile: () => '{"retry":"1ms","hertbeat":"3s"}',
    });
    assert.deepEqual([exitCode, stdout], [2, '']);
    assert.deepEqual(stderr.trimEnd().split('\n').sort(), [
      "sse-server: --port: must be a whole number from 0 to 65535, not 'x'",
      "sse-server: c.json /hertbeat: is not an option; did you mean 'heartbeat'?",
      "sse-server: c.json /retry: must be at least 500ms, not '1ms'",
    ]);
  });

  it('warns of variables that are no options, and says ok all the same', async () => {
    const { exitCode, stdout, stderr } = await run(['config', 'check'], { env: { SSE_SERVER_HEARTBEET: '3s' } });
    assert.deepEqual([exitCode, stdout], [0, 'ok\n']);
    assert.equal(stderr, "sse-server: warning: SSE_SERVER_HEARTBEET: is not an option; did you mean 'SSE_SERVER_HEARTBEAT'?\n");
  });

  it('accepts every option as a flag, a variable and a key alike', async () => {
    const spelled: Readonly<Record<string, unknown>> = {
      ...spellOptions(parseOptions({})),
      users: 'u',
      host: '::1',
      adminListen: '9',
    };
    for (const [name, value] of Object.entries(spelled)) {
      if (value === null || typeof value === 'boolean' || (Array.isArray(value) && value.length === 0)) continue;
      assert.equal((await run(['config', 'check', `${flagOf(name)}=${value}`])).stdout, 'ok\n', name);
    }
  });
});

describe('config alone', () => {
  it('shows its help and is bad usage', async () => {
    const { exitCode, stdout, stderr } = await run(['config']);
    assert.deepEqual([exitCode, stdout], [2, '']);
    assert.match(stderr, /print .*\n[\s\S]*check/);
  });
});
