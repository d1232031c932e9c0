import { createSecretKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { CredentialDefect } from '../../src/errors.ts';
import { encoded, seconds, signed } from './jwt.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = generateKeyPairSync('ed25519');
const strange = generateKeyPairSync('rsa', { modulusLength: 2048 });

export const ISSUER = 'https://issuer.example';
export const AUDIENCE = 'the-app';

/** A JWK set of three kinds of key, as a provider has it: one of the keys is for encryption. */
export const KEY_SET: { readonly keys: readonly object[] } = {
  keys: [
    { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'r1', use: 'sig' },
    { ...ec.publicKey.export({ format: 'jwk' }), kid: 'e1', alg: 'ES256' },
    { ...ed.publicKey.export({ format: 'jwk' }), kid: 'd1' },
    { ...strange.publicKey.export({ format: 'jwk' }), kid: 'enc', use: 'enc', alg: 'RSA-OAEP' },
  ],
};
const publicPem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();

const HEADER = { alg: 'RS256', kid: 'r1', typ: 'JWT' };
const claims = () => ({ iss: ISSUER, aud: AUDIENCE, sub: '7', iat: seconds(-10), exp: seconds(600) });

/** A good token, but for what is given. Undefined leaves something out. */
function token(changed: { header?: object; claims?: object; key?: KeyObject; algorithm?: string } = {}): string {
  const { header, claims: other, key = rsa.privateKey, algorithm } = changed;
  return signed({ ...HEADER, ...header }, { ...claims(), ...other }, key, algorithm);
}

/** Good tokens, one for each kind of key and for what is tolerated. */
export function goodTokens(): readonly (readonly [what: string, token: string])[] {
  return [
    ['RS256', token()],
    ['ES256', token({ header: { alg: 'ES256', kid: 'e1' }, key: ec.privateKey })],
    ['EdDSA', token({ header: { alg: 'EdDSA', kid: 'd1' }, key: ed.privateKey })],
    ['Ed25519, the newer name of it', token({ header: { alg: 'Ed25519', kid: 'd1' }, key: ed.privateKey })],
    ['no kid', token({ header: { kid: undefined } })],
    ['no typ', token({ header: { typ: undefined } })],
    ['the typ of an access token', token({ header: { typ: 'at+jwt' } })],
    ['a typ in full, in capitals', token({ header: { typ: 'application/JWT' } })],
    ['the thumbprint of a certificate', token({ header: { x5t: 'abc' } })],
    ['several audiences', token({ claims: { aud: ['other', AUDIENCE] } })],
    ['nbf and iat within the tolerance', token({ claims: { nbf: seconds(3), iat: seconds(3) } })],
    ['times with fractions', token({ claims: { exp: seconds(600) + 0.5, iat: seconds(-10) + 0.25 } })],
    ['no iat', token({ claims: { iat: undefined } })],
    ['30 days', token({ claims: { exp: seconds(30 * 86_400) } })],
  ];
}

/** Tokens that are all bad, and what is wrong with each. They are for a server that has `KEY_SET`, `ISSUER` and `AUDIENCE`. */
export function defectiveTokens(): readonly (readonly [what: string, token: string, defect: CredentialDefect])[] {
  const good = token();
  const [header = '', payload = '', signature = ''] = good.split('.');
  const raw = (head: string | object, body: string | object = claims()) => signed(head, body, rsa.privateKey, 'RS256');
  const hmac = (secret: string | Buffer, alg = 'HS256') =>
    token({ header: { alg }, key: createSecretKey(Buffer.from(secret as string)) });
  const other = (alg: string, key = rsa.privateKey) => token({ header: { alg }, key });
  const own = { jwk: strange.publicKey.export({ format: 'jwk' }) };
  const changedBit = Buffer.from(signature, 'base64url');
  changedBit[9] = (changedBit[9] ?? 0) ^ 1;
  return [
    // Algorithm and key.
    ['alg none, no signature', `${encoded({ alg: 'none' })}.${payload}.`, 'algorithm'],
    ['alg none, a signature', `${encoded({ alg: 'none' })}.${payload}.${signature}`, 'algorithm'],
    ['alg None', `${encoded({ alg: 'None' })}.${payload}.${signature}`, 'algorithm'],
    ['alg NONE, with a kid', `${encoded({ alg: 'NONE', kid: 'r1' })}.${payload}.${signature}`, 'algorithm'],
    ['no alg', raw({ kid: 'r1' }), 'algorithm'],
    ['alg null', raw({ alg: null, kid: 'r1' }), 'algorithm'],
    ['alg a list', raw({ alg: ['RS256'], kid: 'r1' }), 'algorithm'],
    ['alg in lower case', raw({ alg: 'rs256', kid: 'r1' }), 'algorithm'],
    ['alg an inherited name', raw({ alg: 'constructor', kid: 'r1' }), 'algorithm'],
    ['the public key as a secret, PEM', hmac(publicPem), 'algorithm'],
    ['the public key as a secret, PEM trimmed', hmac(publicPem.trim()), 'algorithm'],
    ['the public key as a secret, DER', hmac(rsa.publicKey.export({ type: 'spki', format: 'der' })), 'algorithm'],
    ['the public key as a secret, JWK', hmac(JSON.stringify(KEY_SET.keys[0])), 'algorithm'],
    ['the modulus as a secret, HS512', hmac(String((KEY_SET.keys[0] as { n: string }).n), 'HS512'), 'algorithm'],
    ['an empty secret', hmac(' '), 'algorithm'],
    ['PS256 of an RSA key that is for RS256', other('PS256'), 'algorithm'],
    ['RS384 of an RSA key that is for RS256', other('RS384'), 'algorithm'],
    ['RS512 of an RSA key that is for RS256', other('RS512'), 'algorithm'],
    ['ES256 with the kid of an RSA key', other('ES256', ec.privateKey), 'algorithm'],
    ['RS256 with the kid of an EC key', token({ header: { kid: 'e1' } }), 'algorithm'],
    ['EdDSA with the kid of an EC key', token({ header: { alg: 'EdDSA', kid: 'e1' }, key: ed.privateKey }), 'algorithm'],
    ['ES384, which no key is for', raw({ alg: 'ES384', kid: 'e1' }), 'algorithm'],
    ['RS256 in the header, PS256 underneath', token({ algorithm: 'PS256' }), 'signature'],
    ['an unknown kid', token({ header: { kid: 'r2' } }), 'unknown-key'],
    ['an empty kid', token({ header: { kid: '' } }), 'unknown-key'],
    ['the kid of the key for encryption', token({ header: { kid: 'enc' }, key: strange.privateKey }), 'unknown-key'],
    ['an inherited name for a kid', token({ header: { kid: '__proto__' } }), 'unknown-key'],
    ['a path for a kid', token({ header: { kid: '../../etc/passwd' } }), 'unknown-key'],
    ['a kid that is no text', raw({ ...HEADER, kid: 1 }), 'header'],
    ['a kid that is a list', raw({ ...HEADER, kid: ['r1'] }), 'header'],
    ['a long kid', raw({ ...HEADER, kid: 'r'.repeat(300) }), 'header'],
    // What a token would like to decide by itself.
    ['a key of its own', token({ header: own, key: strange.privateKey }), 'header'],
    ['its own key, which is the right one', token({ header: { jwk: KEY_SET.keys[0] } }), 'header'],
    ['the place of a key set', token({ header: { jku: 'https://evil.example/jwks' } }), 'header'],
    ['the place of a certificate', token({ header: { x5u: 'https://evil.example/x' } }), 'header'],
    ['a certificate', token({ header: { x5c: ['MII='] } }), 'header'],
    ['an extension that must be understood', token({ header: { crit: ['exp'], exp: 1 } }), 'header'],
    ['no extension that must be understood', token({ header: { crit: [] } }), 'header'],
    ['a payload that is not encoded', token({ header: { b64: false, crit: ['b64'] } }), 'header'],
    ['b64 true', token({ header: { b64: true } }), 'header'],
    // Signature.
    ['another key', token({ key: strange.privateKey }), 'signature'],
    ['a bit of the signature', `${header}.${payload}.${changedBit.toString('base64url')}`, 'signature'],
    ['the signature of another token', `${header}.${payload}.${token({ claims: { sub: '8' } }).split('.')[2]}`, 'signature'],
    ['another payload', `${header}.${encoded({ ...claims(), sub: '8' })}.${signature}`, 'signature'],
    ['half a signature', `${header}.${payload}.${signature.slice(0, 128)}`, 'signature'],
    ['an ECDSA signature of zeroes', zeroes(), 'signature'],
    ['an ECDSA signature in DER', der(), 'signature'],
    // How it is written.
    ['no signature', `${header}.${payload}.`, 'malformed'],
    ['padding', `${header}.${payload}=.${signature}`, 'malformed'],
    ['padding of the signature', `${good}==`, 'malformed'],
    [
      'base64 in place of base64url',
      `${header}.${payload}.${Buffer.from(signature, 'base64url').toString('base64')}`,
      'malformed',
    ],
    ['bits that do not matter', `${good.slice(0, -1)}${looseBits(good)}`, 'malformed'],
    ['an empty header', `.${payload}.${signature}`, 'malformed'],
    ['an empty payload', raw(HEADER, ''), 'malformed'],
    ['a header that is no JSON', raw('hello'), 'malformed'],
    ['a header that is a list', raw('[]'), 'malformed'],
    ['a header that is null', raw('null'), 'malformed'],
    ['a payload that is no JSON', raw(HEADER, '{"exp":}'), 'malformed'],
    ['a payload that is a list', raw(HEADER, '[]'), 'malformed'],
    ['a payload that is text', raw(HEADER, '"x"'), 'malformed'],
    ['a mark in front of the payload', raw(HEADER, `\ufeff${JSON.stringify(claims())}`), 'malformed'],
    ['a payload that is no UTF-8', notUtf8(), 'malformed'],
    ['more than 8 KiB', token({ claims: { more: 'x'.repeat(7000) } }), 'malformed'],
    ['two parts', `${header}.${payload}`, 'unknown'],
    ['four parts', `${good}.${signature}`, 'unknown'],
    ['five parts, as encrypted ones have', `${header}..${payload}.${signature}.${signature}`, 'unknown'],
    ['three dots and nothing else', '...', 'unknown'],
    // What it says of itself.
    ['the typ of something else', token({ header: { typ: 'logout+jwt' } }), 'type'],
    ['the typ of a proof', token({ header: { typ: 'dpop+jwt' } }), 'type'],
    ['a typ that is no text', token({ header: { typ: 1 } }), 'type'],
    ['an empty typ', token({ header: { typ: '' } }), 'type'],
    ['no exp', token({ claims: { exp: undefined } }), 'claims'],
    ['exp as text', token({ claims: { exp: String(seconds(600)) } }), 'claims'],
    ['exp null', token({ claims: { exp: null } }), 'claims'],
    ['exp true', token({ claims: { exp: true } }), 'claims'],
    ['exp without an end', raw(HEADER, JSON.stringify(claims()).replace(/"exp":\d+/, '"exp":1e999')), 'claims'],
    ['exp very far ahead', token({ claims: { exp: 1e300 } }), 'lifetime'],
    ['exp in ms', token({ claims: { exp: Date.now() + 600_000 } }), 'lifetime'],
    ['exp now', token({ claims: { exp: seconds() } }), 'expired'],
    ['exp a second ago', token({ claims: { exp: seconds(-1) } }), 'expired'],
    ['exp negative', token({ claims: { exp: -1 } }), 'expired'],
    ['exp 0', token({ claims: { exp: 0 } }), 'expired'],
    ['32 days', token({ claims: { exp: seconds(32 * 86_400) } }), 'lifetime'],
    ['32 days and no iat', token({ claims: { exp: seconds(32 * 86_400), iat: undefined } }), 'lifetime'],
    ['issued 40 days ago and still good', token({ claims: { iat: seconds(-40 * 86_400) } }), 'lifetime'],
    ['nbf ahead', token({ claims: { nbf: seconds(60) } }), 'not-yet-valid'],
    ['nbf as text', token({ claims: { nbf: '0' } }), 'claims'],
    ['iat ahead', token({ claims: { iat: seconds(60) } }), 'not-yet-valid'],
    ['iat as text', token({ claims: { iat: '0' } }), 'claims'],
    ['another issuer', token({ claims: { iss: 'https://evil.example' } }), 'issuer'],
    ['the issuer with a slash', token({ claims: { iss: `${ISSUER}/` } }), 'issuer'],
    ['no issuer', token({ claims: { iss: undefined } }), 'issuer'],
    ['a list of issuers', token({ claims: { iss: [ISSUER] } }), 'claims'],
    ['another audience', token({ claims: { aud: 'other' } }), 'audience'],
    ['the audience in capitals', token({ claims: { aud: AUDIENCE.toUpperCase() } }), 'audience'],
    ['no audience', token({ claims: { aud: undefined } }), 'audience'],
    ['an empty list of audiences', token({ claims: { aud: [] } }), 'audience'],
    ['an object for an audience', token({ claims: { aud: { [AUDIENCE]: true } } }), 'claims'],
    ['a number among audiences', token({ claims: { aud: [AUDIENCE, 1] } }), 'claims'],
    ['a sub that is no text', token({ claims: { sub: 7 } }), 'claims'],
    ['a jti that is no text', token({ claims: { jti: {} } }), 'claims'],
    ['a profile that is no text', token({ claims: { profile: { admin: true } } }), 'claims'],
    ['65 roles', token({ claims: { roles: Array(65).fill('x') } }), 'claims'],
  ];
}

/** The last character with one of the bits set that no byte has room for. */
function looseBits(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet[alphabet.indexOf(text.at(-1) ?? '') ^ 1] ?? '';
}

/** 2022's "psychic signature": r and s are 0. */
function zeroes(): string {
  const [header, payload] = token({ header: { alg: 'ES256', kid: 'e1' }, key: ec.privateKey }).split('.');
  return `${header}.${payload}.${encoded(Buffer.alloc(64))}`;
}

/** As certificates and TLS have it. */
function der(): string {
  const text = `${encoded({ alg: 'ES256', kid: 'e1' })}.${encoded(claims())}`;
  return `${text}.${encoded(sign('sha256', Buffer.from(text), ec.privateKey))}`;
}

function notUtf8(): string {
  return signed(HEADER, Buffer.concat([Buffer.from('{"sub":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]), rsa.privateKey);
}
