import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyPairKeyObjectResult, randomUUID } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import type { OptionsInput } from '../../src/config/options.ts';
import type { Client } from '../../src/event/identity.ts';
import { seconds, signed } from '../support/jwt.ts';
import { KeyServer } from '../support/key-server.ts';
import { type Program, startProgram } from '../support/program.ts';
import { TestServer } from '../support/server.ts';

/** Tokens as identity providers issue them, verified with the keys that they publish. */

const newRsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
const newEc = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const published = ({ publicKey }: KeyPairKeyObjectResult, kid: string, more: object = {}) => ({
  ...publicKey.export({ format: 'jwk' }),
  kid,
  use: 'sig',
  ...more,
});

/** Who the server takes the bearer of a token for. */
async function seen(t: TestContext, keys: readonly object[], options: OptionsInput, token: string): Promise<Client> {
  const keyServer = await KeyServer.start(t, keys);
  const server = await TestServer.start(t, { jwksUrl: keyServer.url, ...options });
  await server.stream('', `Authorization: Bearer ${token}`);
  return server.of('opened')[0]?.client ?? assert.fail('it opened no stream');
}

const plain = (value: unknown) => JSON.parse(JSON.stringify(value));

describe('A token', () => {
  it('of Keycloak has its roles in the realm', async (t) => {
    const key = newRsa();
    const encryption = { ...newRsa().publicKey.export({ format: 'jwk' }), kid: 'enc', use: 'enc', alg: 'RSA-OAEP' };
    const issuer = 'https://sso.example.com/realms/acme';
    const claims = {
      exp: seconds(300),
      iat: seconds(),
      auth_time: seconds(-10),
      jti: randomUUID(),
      iss: issuer,
      aud: ['sse', 'account'],
      sub: 'f3b4c1de-0b7b-4c1c-a4b4-0d6c8a2f1f11',
      typ: 'Bearer',
      azp: 'web',
      sid: randomUUID(),
      acr: '1',
      'allowed-origins': ['https://app.example.com'],
      realm_access: { roles: ['offline_access', 'ops', 'uma_authorization'] },
      resource_access: { account: { roles: ['manage-account', 'view-profile'] } },
      scope: 'openid profile email',
      email_verified: true,
      name: 'Ada Lovelace',
      preferred_username: 'ada',
      given_name: 'Ada',
      family_name: 'Lovelace',
      email: 'ada@example.com',
    };
    const token = signed({ alg: 'RS256', typ: 'JWT', kid: 'kc-1' }, claims, key.privateKey);
    const keys = [encryption, published(key, 'kc-1', { alg: 'RS256', x5c: ['MIIC'], x5t: 'abc' })];
    const client = await seen(t, keys, { jwtIssuer: issuer, jwtAudience: 'sse' }, token);
    const { id, login, name, mail, profile, roles } = client;
    assert.deepEqual([id, login, name, mail, profile], [claims.sub, 'ada', 'Ada Lovelace', 'ada@example.com', '']);
    assert.deepEqual(roles, ['offline_access', 'ops', 'uma_authorization']);
    assert.deepEqual(plain(client.claims.resource_access), claims.resource_access);
    assert.equal(client.claims.azp, 'web');
  });

  it('of Auth0 has its own claims under names that are URLs', async (t) => {
    const key = newRsa();
    const issuer = 'https://acme.eu.auth0.com/';
    const claims = {
      'https://acme.example/profile': 'Administrator',
      'https://acme.example/roles': ['ops', 'dev'],
      nickname: 'ada',
      name: 'ada@example.com',
      email: 'ada@example.com',
      iss: issuer,
      sub: 'auth0|507f1f77bcf86cd799439020',
      aud: ['https://sse.acme.example', 'https://acme.eu.auth0.com/userinfo'],
      iat: seconds(),
      exp: seconds(86_400),
      scope: 'openid profile email',
      azp: 'my_client_id',
    };
    const token = signed({ alg: 'RS256', typ: 'at+jwt', kid: 'NjVBRjY5MDlCMUIwNzU4' }, claims, key.privateKey);
    const options = {
      jwtIssuer: ['https://other.example/', issuer],
      jwtAudience: 'https://sse.acme.example',
      jwtClaim: ['profile=https://acme.example/profile', 'roles=https://acme.example/roles', 'login=nickname'],
    };
    const client = await seen(t, [published(key, 'NjVBRjY5MDlCMUIwNzU4', { alg: 'RS256', x5t: 'x' })], options, token);
    const { id, login, mail, profile, roles } = client;
    assert.deepEqual([id, login, mail, profile], [claims.sub, 'ada', 'ada@example.com', 'Administrator']);
    assert.deepEqual(roles, ['ops', 'dev']);
  });

  it('of Amazon Cognito has groups for roles', async (t) => {
    const key = newRsa();
    const issuer = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC';
    const claims = {
      sub: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
      'cognito:groups': ['ops', 'dev'],
      email_verified: true,
      'cognito:preferred_role': 'arn:aws:iam::1:role/x',
      iss: issuer,
      'cognito:username': 'ada',
      'custom:region': 'eu',
      origin_jti: randomUUID(),
      aud: '7abc',
      event_id: randomUUID(),
      token_use: 'id',
      auth_time: seconds(),
      exp: seconds(3600),
      iat: seconds(),
      jti: randomUUID(),
      email: 'ada@example.com',
    };
    // Its tokens have no typ.
    const token = signed({ kid: 'cog=', alg: 'RS256' }, claims, key.privateKey);
    const keys = [published(newRsa(), 'other=', { alg: 'RS256' }), published(key, 'cog=', { alg: 'RS256' })];
    const client = await seen(t, keys, { jwtIssuer: issuer, jwtAudience: '7abc' }, token);
    const { id, login, mail, roles } = client;
    assert.deepEqual([id, login, mail, roles], [claims.sub, 'ada', 'ada@example.com', ['ops', 'dev']]);
    assert.equal(client.claims['custom:region'], 'eu');
  });

  it('of a provider with EC keys, which say no algorithm', async (t) => {
    const key = newEc();
    const token = signed({ alg: 'ES256', kid: 'e' }, { sub: '7', exp: seconds(60), profile: 'Member' }, key.privateKey);
    assert.equal((await seen(t, [published(key, 'e')], {}, token)).profile, 'Member');
  });
});

const statusOf = async (program: Program, token: string, accept = '*/*'): Promise<number> => {
  const response = await fetch(program.sse, { headers: { authorization: `Bearer ${token}`, accept } });
  await response.body?.cancel();
  return response.status;
};

describe('A provider', () => {
  const tokenOf = (key: KeyPairKeyObjectResult, kid: string) =>
    signed({ alg: 'RS256', kid }, { sub: '7', exp: seconds(60) }, key.privateKey);

  it('may change its keys at any time, and no server need be restarted', async (t) => {
    const [first, second] = [newRsa(), newRsa()];
    const keyServer = await KeyServer.start(t, [published(first, 'one')]);
    const program = await startProgram(t, ['--jwks-url', keyServer.url]);
    assert.equal(await statusOf(program, tokenOf(first, 'one')), 200);
    assert.equal(await statusOf(program, tokenOf(second, 'two')), 401, 'not published yet');
    keyServer.keys = [published(first, 'one'), published(second, 'two')];
    assert.equal(await statusOf(program, tokenOf(second, 'two')), 200);
    assert.equal(await statusOf(program, tokenOf(first, 'one')), 200);
    keyServer.keys = [published(second, 'two')];
    assert.equal(await statusOf(program, tokenOf(newRsa(), 'three')), 401);
    assert.equal(await statusOf(program, tokenOf(first, 'one')), 401, 'taken back');
    assert.match(program.stdout, /--jwks-url without --jwt-audience/);
  });

  it('that hangs keeps nobody waiting beyond its time-out, and those whose key is known not at all', async (t) => {
    const key = newRsa();
    const keyServer = await KeyServer.start(t, [published(key, 'one')]);
    const program = await startProgram(t, ['--jwks-url', keyServer.url]);
    assert.equal(await statusOf(program, tokenOf(key, 'one')), 200);
    keyServer.answer = () => {};
    const began = performance.now();
    const unknown = statusOf(program, tokenOf(newRsa(), 'two'));
    const waiting = Promise.all([unknown, statusOf(program, tokenOf(newRsa(), 'three'), 'text/event-stream')]);
    for (let i = 0; i < 20; i++) assert.equal(await statusOf(program, tokenOf(key, 'one')), 200);
    assert.equal((await fetch(program.sse)).status, 200, 'who shows nothing is not delayed either');
    assert(performance.now() - began < 4000);
    // For a browser it is an end after which it comes back; for others an error.
    assert.deepEqual(await waiting, [503, 200]);
    assert(performance.now() - began < 7000);
    const { msg } = await program.logged({ level: 'error' });
    assert.equal(msg, `cannot fetch the keys of --jwks-url ${keyServer.url}`);
  });

  it('that is not there when the server starts does not keep it from starting', async (t) => {
    const key = newRsa();
    const keyServer = await KeyServer.start(t, [published(key, 'one')]);
    keyServer.answer = (response) => void response.writeHead(503).end();
    const program = await startProgram(t, ['--jwks-url', keyServer.url, '--require-auth']);
    assert.equal(await statusOf(program, tokenOf(key, 'one')), 503);
    keyServer.answer = (response) => void response.end(JSON.stringify({ keys: keyServer.keys }));
    assert.equal(await statusOf(program, tokenOf(key, 'one')), 200);
  });
});
