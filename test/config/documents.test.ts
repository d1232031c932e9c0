import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { configSchema, defaultConfig } from '../../src/config/documents.ts';
import { loadOptions } from '../../src/config/load.ts';
import { OPTION_NAMES, OPTIONS } from '../../src/config/options.ts';
import { parseOptions } from '../../src/config/parse.ts';
import { parseUsers } from '../../src/identity/users.ts';

const fileOf = (name: string) => new URL(`../../config/${name}`, import.meta.url);
const textOf = (name: string) => readFileSync(fileOf(name), 'utf8');

for (const [name, generated] of [
  ['default.json', defaultConfig()],
  ['schema.json', configSchema()],
] as const) {
  if (process.env.UPDATE === '1') writeFileSync(fileOf(name), generated);

  it(`config/${name} is what the code says; UPDATE=1 writes it anew`, () => {
    assert.equal(textOf(name), generated);
  });
}

describe('config/default.json', () => {
  it('has every option and changes nothing', () => {
    const { $schema, ...values } = JSON.parse(textOf('default.json'));
    assert.equal($schema, './schema.json');
    assert.deepEqual(Object.keys(values), OPTION_NAMES);
    const { options } = loadOptions({
      flags: { config: 'default.json' },
      env: {},
      readFile: () => textOf('default.json'),
    });
    assert.deepEqual(options, parseOptions({}));
  });

  it('leaves the maximum age to --trust-proxy, as no config file does', () => {
    const given = {
      flags: { config: 'default.json', trustProxy: ['loopback'] },
      env: {},
    };
    const { options } = loadOptions({
      ...given,
      readFile: () => textOf('default.json'),
    });
    assert.equal(options.maxAge, 3_600_000);
  });
});

describe('config/schema.json', () => {
  const { properties, additionalProperties } = JSON.parse(textOf('schema.json'));

  it('knows every option, with its description and default, and no other key', () => {
    assert.deepEqual(Object.keys(properties), ['$schema', ...OPTION_NAMES]);
    assert.equal(additionalProperties, false);
    for (const name of OPTION_NAMES) {
      assert.equal(properties[name].description, OPTIONS[name].description);
      assert.deepEqual(properties[name].default, OPTIONS[name].default);
    }
    assert.equal(properties.ssePath.title, '--sse-path, SSE_SERVER_SSE_PATH');
  });

  it('says how durations are written', () => {
    assert.equal(properties.heartbeat.type, 'string');
    const pattern = new RegExp(properties.heartbeat.pattern);
    for (const good of ['500ms', '15s', '10m', '2h', '7d']) assert.match(good, pattern);
    for (const bad of ['15', '15 s', '1.5h', 's', '-1s']) assert.doesNotMatch(bad, pattern);
  });

  it('has the bounds of numbers, and the words of choices', () => {
    assert.equal(properties.port.minimum, 0);
    assert.equal(properties.port.maximum, 65_535);
    assert.deepEqual(properties.onGap.enum, ['oldest', 'latest']);
    assert.equal(properties.requireAuth.type, 'boolean');
  });
});

describe('config/users.example.json', () => {
  const users = parseUsers(textOf('users.example.json'), 'users.example.json');

  it('holds the tokens that config/README.md names', async () => {
    const profiles = ['ada', 'bob', 'eve'].map(async (login) => {
      assert.match(textOf('README.md'), new RegExp(`example-token-of-${login}`));
      return (await users.verifier.verify(`example-token-of-${login}`))?.identity.profile;
    });
    assert.deepEqual(await Promise.all(profiles), ['Administrator', 'User', 'User']);
  });

  it('has no token in plain text', () => {
    assert.deepEqual(users.warnings, []);
  });
});
