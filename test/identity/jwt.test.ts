import assert from 'node:assert/strict';
import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SseError } from '../../src/errors.ts';
import { claimMapping } from '../../src/identity/claims.ts';
import { jwtVerifier } from '../../src/identity/jwt.ts';
import type { Algorithm } from '../../src/identity/jwt-algorithms.ts';
import { fixedKeys, type KeySource, parseKeys, secretKey, type VerificationKey } from '../../src/identity/jwt-keys.ts';
import { AUDIENCE, defectiveTokens, goodTokens, ISSUER, KEY_SET } from '../support/defective-tokens.ts';
import { encoded, seconds, signed } from '../support/jwt.ts';

const DAY = 86_400_000;
const rules = { mapping: claimMapping([]), issuers: [], audiences: [], maxLifetime: 31 * DAY, now: Date.now };
const verifierOf = (...keys: KeySource[]) => jwtVerifier({ ...rules, keys });

/** Random text: the last of random bytes may be a line break, which is no part of a secret. */
const newSecret = (bytes: number) => Buffer.from(randomBytes(bytes / 2).toString('hex'));

/** `good`, `not mine`, or what is wrong. */
async function judged(verifying: Promise<unknown>): Promise<string> {
  try {
    return (await verifying) === undefined ? 'not mine' : 'good';
  } catch (error) {
    assert(error instanceof SseError && error.defect !== undefined, `a defect of ours: ${(error as Error).stack}`);
    assert.equal(error.message, 'the credential is not valid');
    return error.defect;
  }
}

describe('A JWT by a set of public keys', () => {
  const keys = [fixedKeys(parseKeys(JSON.stringify(KEY_SET), 'keys.json', []))];
  const verifier = jwtVerifier({ ...rules, keys, issuers: ['https://other.example', ISSUER], audiences: [AUDIENCE, 'b'] });

  for (const [what, token] of goodTokens())
    it(`is good: ${what}`, async () => assert.equal(await judged(verifier.verify(token)), 'good'));

  for (const [what, token, defect] of defectiveTokens())
    it(`is bad: ${what}`, async () =>
      assert.equal(await judged(verifier.verify(token)), defect === 'unknown' ? 'not mine' : defect));
});

describe('A JWT by a secret', () => {
  const secret = newSecret(64);
  const key = createSecretKey(secret);
  const claims = () => ({ sub: '7', exp: seconds(60) });

  for (const alg of ['HS256', 'HS384', 'HS512'])
    it(`is good with ${alg}, if the secret is long enough for it`, async () => {
      const bytes = { HS256: 32, HS384: 48, HS512: 64 }[alg] ?? 0;
      for (const [length, expected] of [
        [bytes, 'good'],
        [bytes - 1, 'algorithm'],
      ] as const) {
        if (length < 32) continue;
        const short = secret.subarray(0, length);
        const token = signed({ alg }, claims(), createSecretKey(short));
        assert.equal(await judged(verifierOf(fixedKeys([secretKey(short, 'secret', [])])).verify(token)), expected);
      }
    });

  it('says when it ends, who it is about and what it is called', async () => {
    const { exp } = claims();
    const token = signed({ alg: 'HS256' }, { sub: '7', jti: 'a1', exp, topics: ['news/*'], id: 'ada' }, key);
    const grant = await verifierOf(fixedKeys([secretKey(secret, 'secret', [])])).verify(token);
    const { identity, ...rest } = grant ?? assert.fail();
    assert.deepEqual(rest, { expiresAt: exp * 1000, tokenId: 'a1', subject: '7', topics: ['news/*'] });
    assert.deepEqual([identity.id, identity.authenticated], ['7', true]);
  });

  it('is refused with a public key algorithm, however it is signed', async () => {
    const verifier = verifierOf(fixedKeys([secretKey(secret, 'secret', [])]));
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    assert.equal(await judged(verifier.verify(signed({ alg: 'RS256' }, claims(), privateKey))), 'algorithm');
    const none = `${encoded({ alg: 'none' })}.${encoded(claims())}.`;
    assert.equal(await judged(verifier.verify(none)), 'algorithm');
  });
});

describe('Time', () => {
  const secret = newSecret(32);
  const sign = (claims: object) => signed({ alg: 'HS256' }, claims, createSecretKey(secret));
  const at = (now: number, maxLifetime = 31 * DAY) =>
    jwtVerifier({ ...rules, maxLifetime, now: () => now, keys: [fixedKeys([secretKey(secret, 'secret', [])])] });

  for (const [what, claims, now, expected] of [
    ['the last moment', { exp: 1000 }, 999_999, 'good'],
    ['the end', { exp: 1000 }, 1_000_000, 'expired'],
    ['nbf five seconds ahead', { nbf: 500, exp: 1000 }, 495_000, 'good'],
    ['nbf a little more', { nbf: 500, exp: 1000 }, 494_999, 'not-yet-valid'],
    ['iat five seconds ahead', { iat: 500, exp: 1000 }, 495_000, 'good'],
    ['iat a little more', { iat: 500, exp: 1000 }, 494_999, 'not-yet-valid'],
    ['the longest life', { iat: 0, exp: 31 * 86_400 }, 1000, 'good'],
    ['a second more', { iat: 0, exp: 31 * 86_400 + 1 }, 1000, 'lifetime'],
    ['the longest rest, without iat', { exp: 31 * 86_400 + 1 }, 1000, 'good'],
    ['a second more of it', { exp: 31 * 86_400 + 2 }, 1000, 'lifetime'],
  ] as const)
    it(`${what}: ${expected}`, async () => assert.equal(await judged(at(now).verify(sign(claims))), expected));

  it('has the bound that is configured', async () => {
    assert.equal(await judged(at(0, 3_600_000).verify(sign({ iat: 0, exp: 3600 }))), 'good');
    assert.equal(await judged(at(0, 3_600_000).verify(sign({ iat: 0, exp: 3601 }))), 'lifetime');
  });
});

describe('Keys from several places', () => {
  const [one, two] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
  const source = (key: typeof one, id?: string): VerificationKey => ({
    key: key.publicKey,
    algorithms: ['EdDSA'] satisfies Algorithm[],
    ...(id !== undefined && { id }),
  });
  const token = (key: typeof one, kid?: string) => signed({ alg: 'EdDSA', kid }, { exp: seconds(60) }, key.privateKey);

  it('are all tried, and those with an id only where it fits', async () => {
    const verifier = verifierOf(fixedKeys([source(one)]), fixedKeys([source(two, 'b')]));
    assert.equal(await judged(verifier.verify(token(one))), 'good');
    assert.equal(await judged(verifier.verify(token(one, 'anything'))), 'good');
    assert.equal(await judged(verifier.verify(token(two))), 'good');
    assert.equal(await judged(verifier.verify(token(two, 'b'))), 'good');
    assert.equal(await judged(verifier.verify(token(two, 'c'))), 'signature');
  });

  it('are not asked for what they are not for', async () => {
    const silent: KeySource = { algorithms: ['RS256'], find: () => assert.fail('was asked') };
    assert.equal(await judged(verifierOf(silent).verify(token(one))), 'algorithm');
  });
});

it('whatever a token is, it is judged: nothing throws that is not meant to', async () => {
  const keys = [fixedKeys(parseKeys(JSON.stringify(KEY_SET), 'keys.json', []))];
  const verifier = jwtVerifier({ ...rules, keys, issuers: [ISSUER], audiences: [AUDIENCE] });
  const good = goodTokens().map(([, token]) => token);
  const bad = defectiveTokens().map(([, token]) => token);
  const edited = fc
    .tuple(fc.constantFrom(...good, ...bad), fc.nat(), fc.nat(6), fc.string({ unit: 'binary', maxLength: 4 }))
    .map(([token, at, length, insert]) => token.slice(0, at % token.length) + insert + token.slice((at % token.length) + length));
  const header = fc.dictionary(fc.constantFrom('alg', 'kid', 'typ', 'crit', '__proto__', 'constructor', 'jwk', 'b64'), jsonish());
  const payload = fc.dictionary(fc.constantFrom('exp', 'iat', 'aud', 'iss', 'sub', '__proto__', 'roles'), jsonish());
  const made = fc.tuple(header, payload, fc.base64String()).map(([a, b, c]) => `${encoded(a)}.${encoded(b)}.${encoded(c)}`);
  await fc.assert(
    fc.asyncProperty(fc.oneof(edited, made, fc.string({ unit: 'binary' })), async (token) => {
      const verdict = await judged(verifier.verify(token));
      assert(verdict !== 'good' || good.includes(token), `taken for good: ${token}`);
    }),
    { numRuns: Number(process.env.RUNS ?? 500) },
  );
  assert.deepEqual(Object.keys(Object.prototype), []);
});

/** What stands in headers and payloads, and any other JSON. */
function jsonish(): fc.Arbitrary<unknown> {
  const known = ['RS256', 'ES256', 'EdDSA', 'HS256', 'none', 'r1', 'e1', 'JWT', ISSUER, AUDIENCE, seconds(60), '__proto__'];
  return fc.oneof(fc.constantFrom<unknown>(...known), fc.jsonValue());
}
