import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { run } from './run.ts';

describe('sse-server', () => {
  it('serves with the defaults when it is told nothing', async () => {
    const { exitCode, stdout, stderr, loaded } = await run([]);
    assert.deepEqual([exitCode, stdout, stderr], [0, '', '']);
    assert.equal(loaded?.options.port, 2015);
    assert.deepEqual(loaded?.sources.port, { from: 'default' });
  });

  it('answers with the exit code of what it ran', async () => {
    assert.equal((await run([], { run: async () => 130 })).exitCode, 130);
  });

  it('hands on what serving throws', async () => {
    const run3 = run([], { run: () => Promise.reject(new Error('port in use')) });
    await assert.rejects(run3, /port in use/);
  });

  it('leaves warnings to the one who serves, who has a log', async () => {
    const { stderr, loaded } = await run([], { env: { SSE_SERVER_XYZ: '1' } });
    assert.equal(stderr, '');
    assert.equal(loaded?.warnings.length, 1);
  });

  it('prints its version', async () => {
    for (const flag of ['--version', '-v']) {
      const { exitCode, stdout, loaded } = await run([flag]);
      assert.deepEqual([exitCode, stdout, loaded], [0, '1.2.3\n', undefined]);
    }
  });
});

describe('A flag', () => {
  it('may repeat where there can be several', async () => {
    const { loaded } = await run(['--sse-path', '/sse', '--sse-path=/api/test/sse', '--static', 'a', '--static', '/b=c']);
    assert.deepEqual(loaded?.options.ssePath, ['/sse', '/api/test/sse']);
    assert.equal(loaded?.options.static.length, 2);
  });

  it('counts the last time where there can be one', async () => {
    assert.equal((await run(['--port', '1', '--port', '2'])).loaded?.options.port, 2);
  });

  it('--trust-proxy needs no value', async () => {
    const trusted = async (...argv: string[]) => (await run(argv)).loaded?.options.trustProxy;
    assert.deepEqual(await trusted('--trust-proxy'), ['loopback']);
    assert.deepEqual(await trusted('--trust-proxy', '--port', '1'), ['loopback']);
    assert.deepEqual(await trusted('--trust-proxy', '10.0.0.0/8', '--trust-proxy'), ['10.0.0.0/8', 'loopback']);
  });

  it('may have a value that begins with a dash', async () => {
    assert.equal((await run(['--data=-x'])).loaded?.options.data, '-x');
    assert.equal((await run(['--data', '-x'])).loaded?.options.data, '-x');
    assert.equal((await run(['--data='])).loaded?.options.data, '');
    assert.equal((await run(['--data=--port'])).loaded?.options.data, '--port');
  });

  it('--no-require-auth counts before a variable', async () => {
    const env = { SSE_SERVER_REQUIRE_AUTH: '1' };
    assert.equal((await run(['--no-require-auth'], { env })).loaded?.options.requireAuth, false);
    assert.equal((await run([], { env })).exitCode, 2);
  });
});

describe('Bad usage ends with 2 and one line', () => {
  const cases: [argv: string[], line: string][] = [
    [['--heartbaet', '3s'], "unknown option '--heartbaet'; did you mean --heartbeat?"],
    [['config', 'print', '--prot', '3'], "unknown option '--prot'; did you mean --port?"],
    [['--qqqqqqqqq'], "unknown option '--qqqqqqqqq'"],
    [['-x'], "unknown option '-x'"],
    [['--\u001b[2J'], "unknown option '--\\u001b[2J'"],
    [['--port'], "option '--port <PORT>' argument missing"],
    [['--users', '--require-auth'], '--users needs a value; write --users=--require-auth if that is it'],
    [['--require-auth=yes'], '--require-auth takes no value; it is on when it is there'],
    [['./public'], "unexpected argument './public'; a directory to serve is given as --static ./public"],
    [['confg', 'print'], "unexpected argument 'confg'; did you mean config?"],
    [['help'], "unexpected argument 'help'; did you mean --help?"],
    [['config', 'prnt'], "unknown command 'prnt'; did you mean print?"],
    [['--port', '99999'], '--port: must be a whole number from 0 to 65535, not 99999'],
    [['--event', 'a\nb'], '--event: must not contain control characters or line breaks'],
    [
      ['--key-filter', 'id == "1" && profil == "x"'],
      "--key-filter: unknown name 'profil'; did you mean 'profile'? (at column 14)",
    ],
    [['--config', 'x.json'], "--config: cannot read 'x.json': no such file"],
    [
      ['--require-auth'],
      '--require-auth: nobody could connect: it needs --users, --jwt-secret-file, --jwt-key-file, --jwks-url or --auth-url',
    ],
  ];
  for (const [argv, line] of cases)
    it(JSON.stringify(argv), async () => {
      const { exitCode, stdout, stderr, loaded } = await run(argv);
      assert.deepEqual([exitCode, stdout, stderr, loaded], [2, '', `sse-server: ${line}\n`, undefined]);
    });

  it('or a line for each of several mistakes', async () => {
    const { stderr } = await run(['--port', 'x', '--retry', '1'], { env: { SSE_SERVER_ON_GAP: 'x' } });
    assert.equal(stderr.split('\n').length, 4);
    assert.match(stderr, /^(sse-server: [^\n]+\n){3}$/);
  });
});
