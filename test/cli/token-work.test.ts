import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import type { MintOrder } from '../../src/cli/token-order.ts';
import { workOnToken } from '../../src/cli/token-work.ts';
import { loadOptions } from '../../src/config/load.ts';
import { SseError } from '../../src/errors.ts';
import { KeyServer } from '../support/key-server.ts';
import { temporaryFolder } from '../support/program.ts';

type Flags = Readonly<Record<string, string | readonly string[]>>;
const load = (flags: Flags) => loadOptions({ flags, env: {}, readFile: () => '' });

async function create(flags: Flags, order: Partial<MintOrder> = {}): Promise<string> {
  let stdout = '';
  const write = (text: string) => {
    stdout += text;
    return true;
  };
  const rest = { subject: '7', fields: {}, claims: [], lifetime: 3_600_000, signingKey: undefined, ...order };
  const streams = { stdin: Readable.from([]), stdout: { write } };
  assert.equal(await workOnToken({ what: 'create', ...rest, loaded: load(flags) }, streams), 0);
  assert.match(stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/, 'the token and nothing else');
  return stdout.trim();
}

async function verify(flags: Flags, token: string): Promise<{ code: number; said: Record<string, string>; stdout: string }> {
  let stdout = '';
  const write = (text: string) => {
    stdout += text;
    return true;
  };
  const streams = { stdin: Readable.from([`${token}\n`]), stdout: { write } };
  const code = await workOnToken({ what: 'verify', token: '-', loaded: load(flags) }, streams);
  const rows = stdout.trimEnd().split('\n');
  return { code, stdout, said: Object.fromEntries(rows.map((row) => row.split(/ {2,}(.*)/s).slice(0, 2))) };
}

function fileWith(text: string | Buffer): string {
  const file = join(temporaryFolder(), 'key');
  writeFileSync(file, text);
  return file;
}

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const privatePem = privateKey.export({ type: 'pkcs8', format: 'pem' });

describe('A token that was made', () => {
  it('by a secret, says who its bearer is, until when, and how to revoke it', async () => {
    const flags = { jwtSecretFile: fileWith('x'.repeat(64)), jwtIssuer: ['me', 'you'], jwtAudience: ['app'] };
    const fields = { login: 'ada', profile: 'Administrator', roles: ['ops', 'dev'], topics: ['news/*'] };
    const { code, said } = await verify(flags, await create(flags, { fields, claims: [['region', 'eu']] }));
    assert.equal(code, 0);
    assert.match(said.valid ?? '', /^until 20\d\d-.*Z, 1h from now$/);
    const { id, login, profile, roles, topics } = said;
    assert.deepEqual([id, login, profile, roles, topics], ['7', 'ada', 'Administrator', 'ops, dev', 'news/*']);
    assert.equal(said['revoke by sub'], '7');
    const { iss, aud, region, jti } = JSON.parse(said.claims ?? '');
    assert.deepEqual([iss, aud, region, jti], ['me', 'app', 'eu', said['revoke by jti']]);
  });

  it('has its fields where the server looks for them', async () => {
    const jwtClaim = ['profile=https://a.example/profile', 'roles=realm_access.roles'];
    const flags = { jwtSecretFile: fileWith('x'.repeat(64)), jwtClaim };
    const { said } = await verify(flags, await create(flags, { fields: { profile: 'Member', roles: ['ops'] } }));
    assert.deepEqual([said.profile, said.roles], ['Member', 'ops']);
  });

  it('by a private key, is verified by its public half, whose kid it has', async () => {
    const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1' }] };
    const flags = { jwtKeyFile: fileWith(JSON.stringify(jwks)) };
    for (const key of [privatePem, JSON.stringify(privateKey.export({ format: 'jwk' }))]) {
      const token = await create(flags, { signingKey: fileWith(key) });
      assert.deepEqual(JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()), {
        alg: 'RS256',
        typ: 'JWT',
        kid: 'k1',
      });
      assert.equal((await verify(flags, token)).code, 0);
    }
  });

  it('may have claims of any name', async () => {
    const flags = { jwtSecretFile: fileWith('x'.repeat(64)) };
    const { said } = await verify(flags, await create(flags, { claims: [['__proto__', { admin: true }]] }));
    assert.match(said.claims ?? '', /"__proto__":\{"admin":true\}/);
  });
});

describe('A token that is not valid', () => {
  for (const [what, claim, expected] of [
    ['has expired', ['exp', 1], /^it has expired$/],
    ['is of another', ['iss', 'you'], /^its iss is not me or us$/],
    ['is for others', ['aud', 'other'], /^its aud is not app$/],
    ['lives too long', ['exp', 1e11], /^it is valid for longer than --jwt-max-lifetime, 31d$/],
    ['is not valid yet', ['nbf', 1e11], /^it is not valid yet/],
    ['has a profile that is none', ['profile', []], /^a claim is not what it must be/],
  ] as const)
    it(`is told by the rule that it breaks: it ${what}`, async () => {
      const flags = { jwtSecretFile: fileWith('x'.repeat(64)), jwtIssuer: ['me', 'us'], jwtAudience: ['app'] };
      const { code, said } = await verify(flags, await create(flags, { claims: [claim] }));
      assert.equal(code, 1);
      assert.match(said['not valid'] ?? '', expected);
      assert.match(said.claims ?? '', /"sub":"7"/, 'and what it says is shown');
    });

  it('moves no cursor, whatever it holds', async () => {
    const flags = { jwtSecretFile: fileWith('x'.repeat(64)) };
    const evil = { claims: [['a', '\u001b[2J\u202e\u2028']], fields: { name: 'a\nb\u001b[1A' } } as const;
    const token = await create(flags, evil);
    for (const given of [token, `${token}x`, 'hello', '', '..', `${Buffer.from('"\u001b[2J"').toString('base64url')}.x.y`]) {
      const { stdout } = await verify(flags, given);
      assert.match(stdout, /^(not )?valid /);
      assert.doesNotMatch(stdout.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\u2028]/u);
    }
  });

  it('is not to be told from others where keys cannot be fetched', async (t) => {
    const keyServer = await KeyServer.start(t);
    keyServer.answer = (response) => void response.writeHead(500).end();
    const token = await create({}, { signingKey: fileWith(privatePem) });
    await assert.rejects(verify({ jwksUrl: keyServer.url }, token), (error: SseError) => {
      assert.equal(error.message, 'credentials cannot be verified now: the keys cannot be fetched (it answered 500)');
      return error.code === 'unverifiable';
    });
  });
});

describe('Keys that are no good for it', () => {
  for (const [what, key, expected] of [
    ['a public key', publicKey.export({ type: 'spki', format: 'pem' }), /must hold a private key as PEM/],
    ['nothing', '', /must hold a private key as PEM/],
    [
      'a short key',
      generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
      /1024 bits/,
    ],
  ] as const)
    it(`are refused: ${what}`, async () => {
      const signingKey = fileWith(key);
      await assert.rejects(create({}, { signingKey }), (error) => error instanceof SseError && expected.test(error.message));
    });

  it('are told when there is none to verify by', async () => {
    await assert.rejects(verify({}, 'x'), /token verify: by which keys\?/);
  });
});
