import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Given, type Loaded, loadOptions } from '../../src/config/load.ts';
import { flagOf, variableOf } from '../../src/config/names.ts';
import { OPTION_NAMES } from '../../src/config/options.ts';
import { SseError } from '../../src/errors.ts';

interface Parts {
  readonly flags?: Given['flags'];
  readonly env?: Given['env'];
  /** What is in config.json; without it there is no such file. */
  readonly file?: unknown;
}

function load({ flags = {}, env = {}, file }: Parts): Loaded {
  const readFile = (path: string) => {
    if (path === 'config.json' && file !== undefined) return typeof file === 'string' ? file : JSON.stringify(file);
    throw Object.assign(new Error('ENOENT: no such file or directory'), { code: 'ENOENT' });
  };
  return loadOptions({ flags: file === undefined ? flags : { config: 'config.json', ...flags }, env, readFile });
}

function mistakes(parts: Parts): string[] {
  try {
    load(parts);
    return [];
  } catch (error) {
    assert.ok(error instanceof SseError && error.code === 'invalid-config', String(error));
    return error.issues.map(({ pointer, detail }) => `${pointer}: ${detail}`);
  }
}

describe('A flag counts before a variable, a variable before the file, the file before the default', () => {
  const flags = { port: '1' };
  const env = { SSE_SERVER_PORT: '2' };
  const file = { port: 3 };
  const portOf = (parts: Parts) => [load(parts).options.port, load(parts).sources.port];

  it('and each value says where it came from', () => {
    assert.deepEqual(portOf({ flags, env, file }), [1, { from: 'flag', where: '--port' }]);
    assert.deepEqual(portOf({ env, file }), [2, { from: 'env', where: 'SSE_SERVER_PORT' }]);
    assert.deepEqual(portOf({ file }), [3, { from: 'file', where: 'config.json' }]);
    assert.deepEqual(portOf({}), [2015, { from: 'default' }]);
  });

  it('each option on its own', () => {
    const { options, sources } = load({ flags: { data: 'x' }, env: { SSE_SERVER_EVENT: 'notice' }, file: { retry: '3s' } });
    assert.deepEqual([options.data, options.event, options.retry, options.port], ['x', 'notice', 3000, 2015]);
    assert.deepEqual(Object.keys(sources), OPTION_NAMES);
  });

  it('and a list comes whole from one of them', () => {
    const lists = { flags: { ssePath: ['/a'] }, env: { SSE_SERVER_SSE_PATH: '/b,/c' }, file: { ssePath: ['/d'] } };
    assert.deepEqual(load(lists).options.ssePath, ['/a']);
  });

  it('so a mistake that does not count is none', () => {
    assert.deepEqual(mistakes({ flags, env: { SSE_SERVER_PORT: 'x' }, file: { port: 'y' } }), []);
  });

  it('and the flag that says no counts before the variable that says yes', () => {
    const { options } = load({ flags: { requireAuth: false }, env: { SSE_SERVER_REQUIRE_AUTH: 'true' } });
    assert.equal(options.requireAuth, false);
  });
});

describe('The environment', () => {
  it('has every option under its flag in capitals', () => {
    assert.equal(flagOf('maxClients'), '--max-clients');
    assert.equal(variableOf('maxClients'), 'SSE_SERVER_MAX_CLIENTS');
    const env = Object.fromEntries(OPTION_NAMES.map((name) => [variableOf(name), '']));
    assert.deepEqual(load({ env }).warnings, []);
  });

  it('has lists with commas, and spaces around them', () => {
    const { options } = load({ env: { SSE_SERVER_CORS: 'https://a.example, https://b.example,' } });
    assert.deepEqual(options.cors, ['https://a.example', 'https://b.example']);
  });

  it('has true, false, 1 and 0', () => {
    const requireAuth = (text: string) =>
      load({ env: { SSE_SERVER_REQUIRE_AUTH: text, SSE_SERVER_USERS: 'u' } }).options.requireAuth;
    assert.deepEqual(['true', '1', 'false', '0'].map(requireAuth), [true, true, false, false]);
    assert.deepEqual(mistakes({ env: { SSE_SERVER_REQUIRE_AUTH: 'yes' } }), [
      "SSE_SERVER_REQUIRE_AUTH: must be true or false, not 'yes'",
    ]);
  });

  it('counts as not set where it is empty', () => {
    const { options, sources } = load({ env: { SSE_SERVER_PORT: '', SSE_SERVER_STATIC: '', SSE_SERVER_CONFIG: '' } });
    assert.deepEqual([options.port, sources.port.from, options.static], [2015, 'default', []]);
  });

  it('may name the config file, and a flag another one', () => {
    const readFile = (path: string) => (path === 'a.json' ? '{"port":1}' : '{"port":2}');
    const env = { SSE_SERVER_CONFIG: 'a.json' };
    assert.equal(loadOptions({ flags: {}, env, readFile }).options.port, 1);
    assert.equal(loadOptions({ flags: { config: 'b.json' }, env, readFile }).options.port, 2);
  });

  it('warns of a variable that is no option, with the nearest, and of no other', () => {
    const env = { SSE_SERVER_HEARTBEET: '3s', SSE_SERVER_XYZ: '1', SSE_SERVER_URL: 'http://x', PATH: '/bin', SSE_PORT: '1' };
    assert.deepEqual(load({ env }).warnings, [
      { pointer: 'SSE_SERVER_HEARTBEET', detail: "is not an option; did you mean 'SSE_SERVER_HEARTBEAT'?" },
      { pointer: 'SSE_SERVER_XYZ', detail: 'is not an option' },
    ]);
  });

  it('is not taken at its word where Kubernetes put the address of a service named sse-server', () => {
    const { options, warnings } = load({ env: { SSE_SERVER_PORT: 'tcp://10.3.0.7:2015' } });
    assert.equal(options.port, 2015);
    assert.deepEqual(warnings, [
      { pointer: 'SSE_SERVER_PORT', detail: 'is ignored: tcp://10.3.0.7:2015 is the address of a Kubernetes service' },
    ]);
  });
});

describe('A config file', () => {
  it('has JSON values, a single string for a list, and may name its schema', () => {
    const file = { $schema: './schema.json', static: './public', requireAuth: false, historyBytes: 1000, users: null };
    const { options } = load({ file });
    assert.deepEqual(options.static, [{ prefix: '/', directory: './public' }]);
    assert.equal(options.historyBytes, 1000);
    assert.equal(options.users, undefined);
  });

  it('is refused with every mistake, each by its place', () => {
    assert.deepEqual(mistakes({ file: { port: '80', ssePath: ['/sse', 'x'], hertbeat: '3s' } }), [
      "config.json /port: must be a whole number from 0 to 65535, not '80'",
      "config.json /ssePath/1: must begin with '/', not 'x'",
      "config.json /hertbeat: is not an option; did you mean 'heartbeat'?",
    ]);
  });

  it('cannot name another config file', () => {
    assert.deepEqual(mistakes({ file: { config: 'x' } }), ['config.json /config: is not an option']);
  });

  it('is refused with line and column where it is not JSON', () => {
    assert.deepEqual(mistakes({ file: '{\n  "port": 1,\n}' }), [
      'config.json: is not JSON at line 3, column 1; there is a comma too many before it',
    ]);
    assert.deepEqual(mistakes({ file: '[]' }), ['config.json: must be an object such as {"port":2015}']);
  });

  it('that cannot be read is named, with who named it', () => {
    assert.deepEqual(mistakes({ flags: { config: 'x.json' } }), ["--config: cannot read 'x.json': no such file"]);
    assert.deepEqual(mistakes({ env: { SSE_SERVER_CONFIG: 'x.json' } }), [
      "SSE_SERVER_CONFIG: cannot read 'x.json': no such file",
    ]);
  });
});

describe('Mistakes', () => {
  it('are told all at once, each as it was given', () => {
    const parts = { flags: { port: 'x', trustProxy: ['true'] }, env: { SSE_SERVER_HEARTBEAT: '15' }, file: { onGap: 'x' } };
    assert.deepEqual(
      mistakes(parts)
        .map((line) => line.split(':')[0])
        .sort(),
      ['--port', '--trust-proxy', 'SSE_SERVER_HEARTBEAT', 'config.json /onGap'],
    );
  });

  it('of options that contradict each other name the one that was given', () => {
    assert.deepEqual(mistakes({ env: { SSE_SERVER_REQUIRE_AUTH: '1' } }), [
      'SSE_SERVER_REQUIRE_AUTH: nobody could connect: it needs --users, --jwt-secret-file, --jwt-key-file, --jwks-url or --auth-url',
    ]);
  });

  it('in whole numbers are not rounded away', () => {
    for (const text of ['1e3', '0x10', ' 80', '80.0', '-1', '+1', ''])
      assert.equal(mistakes({ flags: { port: text } }).length, 1, JSON.stringify(text));
  });
});
