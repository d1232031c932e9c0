import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { SseError } from '../../src/errors.ts';
import type { Algorithm } from '../../src/identity/jwt-algorithms.ts';
import { parseKeys, readKeySet, secretKey } from '../../src/identity/jwt-keys.ts';

/** What is refused, in one line, without the file's name. Nothing of the file may be in it. */
function refusal(read: () => unknown, secret = 'no such text'): string {
  try {
    read();
  } catch (error) {
    assert(error instanceof SseError && error.code === 'invalid-config', `a defect: ${error}`);
    assert.equal(error.issues.length, 1);
    assert(!error.message.includes(secret) && !error.message.includes('\n'), error.message);
    return error.message.replace(/^file: /, '');
  }
  return 'was taken';
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = generateKeyPairSync('ed25519');
const pem = (key: KeyObject, type: 'spki' | 'pkcs1' = 'spki') => key.export({ type, format: 'pem' }).toString();
const jwk = (key: KeyObject, more: object = {}) => ({ ...key.export({ format: 'jwk' }), ...more });

// Made once with `openssl req -x509 -newkey ed25519 -nodes -subj /CN=test -days 1`; that it has ended does not matter.
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBMjCB5aADAgECAhRJ5PAHrtNNdZGQYnQ4wQbomMg35TAFBgMrZXAwDzENMAsG
A1UEAwwEdGVzdDAeFw0yNjExMjQxOTM2MzVaFw0yNjExMjUxOTM2MzVaMA8xDTAL
BgNVBAMMBHRlc3QwKjAFBgMrZXADIQDhHaeMCV6XkJZH7A/J1MUi82XX/jLz6vX6
ARLou8mOPqNTMFEwHQYDVR0OBBYEFNvnQKchQiP33CTSmz3oxfDcF9quMB8GA1Ud
IwQYMBaAFNvnQKchQiP33CTSmz3oxfDcF9quMA8GA1UdEwEB/wQFMAMBAf8wBQYD
K2VwA0EAdJYg4GF0jL5DHal6p/ogRxml0Ul/0VFpX3EdaG58RR4Q6xj0I9fFBbZw
cKcHDrrxifbvoEXCARKJBYdvTQebDA==
-----END CERTIFICATE-----
`;

describe('A secret', () => {
  // Text, since the last of random bytes may be a line break.
  const bytes = Buffer.from(randomBytes(32).toString('hex'));
  const algorithmsOf = (file: Buffer, ...allowed: Algorithm[]) => secretKey(file, 'file', allowed).algorithms;

  it('is for every algorithm that it is long enough for', () => {
    assert.deepEqual(algorithmsOf(bytes), ['HS256', 'HS384', 'HS512']);
    assert.deepEqual(algorithmsOf(bytes.subarray(0, 63)), ['HS256', 'HS384']);
    assert.deepEqual(algorithmsOf(bytes.subarray(0, 47)), ['HS256']);
    assert.deepEqual(algorithmsOf(bytes, 'HS512', 'RS256'), ['HS512']);
  });

  it('is the bytes of its file but for one line break at the end', () => {
    for (const [end, kept] of [
      ['', ''],
      ['\n', ''],
      ['\r\n', ''],
      ['\n\n', '\n'],
      [' ', ' '],
    ] as const) {
      const { key } = secretKey(Buffer.concat([Buffer.from([0xff, 0, 0x0a]), bytes, Buffer.from(`x${end}`)]), 'file', []);
      assert.deepEqual(key.export(), Buffer.concat([Buffer.from([0xff, 0, 0x0a]), bytes, Buffer.from(`x${kept}`)]));
    }
  });

  for (const [what, file, allowed, expected] of [
    [
      'is too short',
      Buffer.from('hunter2'),
      [],
      'has 7 bytes, and HS256 needs a secret of at least 32 (openssl rand -hex 32 > file)',
    ],
    ['is empty', Buffer.from('\n'), [], 'has 0 bytes, and HS256 needs a secret of at least 32 (openssl rand -hex 32 > file)'],
    [
      'is too short by its line break',
      Buffer.from(`${'x'.repeat(31)}\n`),
      [],
      'has 31 bytes, and HS256 needs a secret of at least 32 (openssl rand -hex 32 > file)',
    ],
    [
      'is too short for what was asked for by name',
      bytes.subarray(0, 40),
      ['HS256', 'HS384'],
      'has 40 bytes, and HS384 needs a secret of at least 48 (openssl rand -hex 32 > file)',
    ],
    ['is a public key', Buffer.from(pem(rsa.publicKey)), [], 'holds a PEM key and no secret; it is given as --jwt-key-file'],
    [
      'is a key as JSON',
      Buffer.from(JSON.stringify(jwk(rsa.publicKey), null, 2)),
      [],
      'holds a JWK and no secret; the secret stands there as it is',
    ],
    [
      'is for nothing that is allowed',
      bytes,
      ['RS256'],
      'a secret is for HS256, HS384, HS512, and --jwt-algorithm has none of them',
    ],
  ] as const)
    it(`is refused when it ${what}`, () =>
      assert.equal(
        refusal(() => secretKey(file, 'file', allowed), 'hunter2'),
        expected,
      ));
});

describe('A file of public keys', () => {
  const found = (text: string, ...allowed: Algorithm[]) =>
    parseKeys(text, 'file', allowed).map(({ id, algorithms, key }) => [key.asymmetricKeyType, id, algorithms.join(' ')]);

  for (const [what, text, expected] of [
    ['PEM, RSA', pem(rsa.publicKey), [['rsa', undefined, 'RS256']]],
    ['PEM, RSA in the older form', pem(rsa.publicKey, 'pkcs1'), [['rsa', undefined, 'RS256']]],
    ['PEM, EC', pem(ec.publicKey), [['ec', undefined, 'ES256']]],
    ['PEM, Ed25519', pem(ed.publicKey), [['ed25519', undefined, 'EdDSA Ed25519']]],
    ['a certificate', CERTIFICATE, [['ed25519', undefined, 'EdDSA Ed25519']]],
    [
      'two of them with words around',
      `old:\n${pem(rsa.publicKey)}\nnew:\n${pem(ec.publicKey).replaceAll('\n', '\r\n')}`,
      [
        ['rsa', undefined, 'RS256'],
        ['ec', undefined, 'ES256'],
      ],
    ],
    ['a JWK', JSON.stringify(jwk(ec.publicKey, { kid: 'a' })), [['ec', 'a', 'ES256']]],
    ['a JWK that says its algorithm', JSON.stringify(jwk(rsa.publicKey, { alg: 'PS512' })), [['rsa', undefined, 'PS512']]],
    [
      'a JWK for verifying',
      JSON.stringify(jwk(ed.publicKey, { key_ops: ['verify'] })),
      [['ed25519', undefined, 'EdDSA Ed25519']],
    ],
    [
      'a JWK set, of which some are for something else',
      JSON.stringify({
        keys: [
          jwk(rsa.publicKey, { use: 'enc' }),
          jwk(rsa.publicKey, { alg: 'RSA-OAEP' }),
          jwk(ec.publicKey, { use: 'sig', kid: 'b' }),
          { kty: 'NEW' },
        ],
      }),
      [['ec', 'b', 'ES256']],
    ],
  ] as const)
    it(`may be ${what}`, () => assert.deepEqual(found(text), expected));

  it('is for other algorithms if they are asked for, and for no others', () => {
    assert.deepEqual(found(pem(rsa.publicKey), 'PS256', 'RS512', 'ES256'), [['rsa', undefined, 'RS512 PS256']]);
    assert.deepEqual(found(pem(ed.publicKey), 'EdDSA'), [['ed25519', undefined, 'EdDSA']]);
  });

  const curves = { 'P-384': 'ES384', 'P-521': 'ES512' };
  for (const [namedCurve, algorithm] of Object.entries(curves))
    it(`has an algorithm by its curve: ${namedCurve}`, () => {
      const { publicKey } = generateKeyPairSync('ec', { namedCurve });
      assert.deepEqual(found(pem(publicKey)), [['ec', undefined, algorithm]]);
    });

  const set = (...keys: unknown[]) => JSON.stringify({ keys });
  const none = 'has no key that can be used; the first ';
  const secretScalar = String(ed.privateKey.export({ format: 'jwk' }).d);
  for (const [what, text, expected] of [
    ['nothing', '', 'must hold a public key as PEM, a JWK or a JWK set'],
    ['a secret', 'hunter2', 'must hold a public key as PEM, a JWK or a JWK set'],
    ['no JSON', '{"kty":hunter2}', /^is not JSON/],
    [
      'a private key',
      ed.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      'holds a private key, and none is needed here: openssl pkey -in file -pubout makes the public one',
    ],
    [
      'a private key beside a public one',
      pem(ed.publicKey) + ed.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      'holds a private key, and none is needed here: openssl pkey -in file -pubout makes the public one',
    ],
    [
      'a private JWK',
      JSON.stringify(jwk(ed.privateKey)),
      'is a private key, and none is needed here: leave out d, p, q, dp, dq and qi',
    ],
    [
      'a private JWK in a set',
      set(jwk(rsa.publicKey), jwk(ed.privateKey)),
      'is a private key, and none is needed here: leave out d, p, q, dp, dq and qi',
    ],
    [
      'a symmetric JWK in a set',
      set(jwk(rsa.publicKey), { kty: 'oct', k: 'aHVudGVyMg' }),
      'is a symmetric key; a secret is given as --jwt-secret-file',
    ],
    [
      'a request for a certificate',
      '-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----',
      'holds a CERTIFICATE REQUEST; it must be a PUBLIC KEY or a CERTIFICATE',
    ],
    [
      'what is called a key',
      '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----',
      'holds a PUBLIC KEY that cannot be read',
    ],
    [
      'an RSA key of 1024 bits',
      pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey),
      'is an RSA key of 1024 bits; it must have 2048 to 8192',
    ],
    ['an RSA key with the exponent 1', JSON.stringify(jwk(rsa.publicKey, { e: 'AQ' })), /exponent 1$|cannot be|can be read$/],
    [
      'a key on another curve',
      pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey),
      'is on the curve secp256k1; it must be P-256, P-384 or P-521',
    ],
    [
      'a key of another kind',
      pem(generateKeyPairSync('x25519').publicKey),
      'is of a kind that is not supported (x25519); RSA, EC and Ed25519 are',
    ],
    ['an empty set', '{"keys":[]}', 'has no key that can be used'],
    ['a set of keys by name', '{"keys":{}}', 'must be a JWK set: {"keys":[…]}'],
    ['65 keys', set(...Array(65).fill(jwk(ed.publicKey))), 'has 65 keys; at most 64 are looked at'],
    ['null for a key', set(null), `${none}is no key that can be read`],
    ['a key for encryption', set(jwk(rsa.publicKey, { use: 'enc' })), `${none}is not for signatures (use)`],
    ['a key for signing', set(jwk(rsa.publicKey, { key_ops: ['sign'] })), `${none}is not for verifying (key_ops)`],
    ['a number for a kid', set(jwk(rsa.publicKey, { kid: 7 })), `${none}has a kid that is no text`],
    ['an RSA key that says ES256', set(jwk(rsa.publicKey, { alg: 'ES256' })), `${none}says of itself an alg that it cannot have`],
    ['an RSA key that says HS256', set(jwk(rsa.publicKey, { alg: 'HS256' })), `${none}says of itself an alg that it cannot have`],
  ] as const)
    it(`is refused when it holds ${what}`, () => {
      for (const secret of ['hunter2', 'aHVudGVyMg', secretScalar]) {
        const told = refusal(() => parseKeys(text, 'file', []), secret);
        if (typeof expected === 'string') assert.equal(told, expected);
        else assert.match(told, expected);
      }
    });

  it('is refused when it is for nothing that is allowed', () => {
    const told = refusal(() => parseKeys(pem(ec.publicKey), 'file', ['RS256', 'ES384']));
    assert.equal(told, 'is for ES256, and --jwt-algorithm has none of them');
  });
});

it('a key set from elsewhere is used as far as it can be: what is secret or unknown in it is left out', () => {
  const keys = [{ kty: 'oct', k: 'aHVudGVyMg' }, jwk(ed.privateKey), null, 7, 'x', jwk(ec.publicKey, { kid: 'a' })];
  const usable = readKeySet({ keys }, []);
  assert(typeof usable !== 'string');
  assert.deepEqual(
    usable.map(({ id }) => id),
    ['a'],
  );
  for (const nothing of [null, 7, 'x', [], {}, { keys: 7 }]) assert.equal(typeof readKeySet(nothing, []), 'string');
});
