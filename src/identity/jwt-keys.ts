import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { SseError } from '../errors.ts';
import { parseJson } from '../json.ts';
import { ALGORITHMS, type Algorithm, isAlgorithm } from './jwt-algorithms.ts';

/** A key, and what it may verify: a token whose header names another algorithm is none of its own, whatever it says. */
export interface VerificationKey {
  readonly key: KeyObject;
  readonly algorithms: readonly Algorithm[];
  /** Its `kid`. Without one it is tried for every token. */
  readonly id?: string;
}

/** Where keys are looked up. */
export interface KeySource {
  /** Every algorithm that a key of this source may have: for a token with another one, it need not be asked. */
  readonly algorithms: readonly Algorithm[];
  /**
   * The keys that a token with this `kid`, or without one, may have been signed with.
   * @throws SseError `unverifiable` when that cannot be found out now
   */
  find(id: string | undefined): Promise<readonly VerificationKey[]>;
}

/** Keys that are known from the start and stay. */
export function fixedKeys(keys: readonly VerificationKey[]): KeySource {
  return { algorithms: [...new Set(keys.flatMap(({ algorithms }) => algorithms))], find: async (id) => withId(keys, id) };
}

/** The keys that a `kid` leads to; all of them if a token has none. */
export function withId(keys: readonly VerificationKey[], id: string | undefined): readonly VerificationKey[] {
  return keys.filter((key) => id === undefined || key.id === undefined || key.id === id);
}

/** RFC 7518 §3.2: a key is at least as long as the hash, or guessing it is easier than the algorithm says. */
const SECRET_BYTES = { HS256: 32, HS384: 48, HS512: 64 } as const;

/**
 * The secret that a file holds: its bytes as they are, but for one line break at the end, which editors and
 * `openssl rand` leave there. It is for every HMAC algorithm that it is long enough for.
 *
 * @param allowed the algorithms that are configured; none: those that the key is for
 * @throws SseError `invalid-config`
 */
export function secretKey(file: Buffer, source: string, allowed: readonly Algorithm[]): VerificationKey {
  const text = file.toString('latin1').replace(/\r?\n$/, '');
  const refuse = (detail: string) => SseError.of('invalid-config', [{ pointer: source, detail }]);
  // A public key is known to everybody, and with it as a secret anybody could sign.
  if (text.includes('-----BEGIN ')) throw refuse('holds a PEM key and no secret; it is given as --jwt-key-file');
  if (/^\s*\{.*"kty"/s.test(text)) throw refuse('holds a JWK and no secret; the secret stands there as it is');
  const wanted = ALGORITHMS.secret.filter((algorithm) => allowed.length === 0 || allowed.includes(algorithm));
  if (wanted.length === 0) throw refuse(`a secret is for ${ALGORITHMS.secret.join(', ')}, and --jwt-algorithm has none of them`);
  const algorithms = wanted.filter((algorithm) => text.length >= SECRET_BYTES[algorithm]);
  // Those that were asked for by name must all work.
  const short = allowed.length > 0 ? wanted.find((each) => !algorithms.includes(each)) : algorithms.length === 0 && 'HS256';
  if (short)
    throw refuse(
      `has ${text.length} bytes, and ${short} needs a secret of at least ${SECRET_BYTES[short]} (openssl rand -hex 32 > ${source})`,
    );
  return { key: createSecretKey(text, 'latin1'), algorithms };
}

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g;
const PUBLIC_PEM: readonly (string | undefined)[] = ['PUBLIC KEY', 'RSA PUBLIC KEY', 'CERTIFICATE'];
const MAX_KEYS = 64;

/**
 * The public keys that a file holds: PEM (SPKI or certificates), a JWK or a JWK set.
 *
 * @throws SseError `invalid-config`, if one of them is secret or none of them can be used
 */
export function parseKeys(text: string, source: string, allowed: readonly Algorithm[]): readonly VerificationKey[] {
  const refuse = (detail: string) => SseError.of('invalid-config', [{ pointer: source, detail }]);
  if (/^\s*\{/.test(text)) {
    const json = parseJson(text, source) as { keys?: unknown };
    const jwks = json.keys === undefined ? [json] : json.keys;
    const secret = Array.isArray(jwks) ? jwks.map(secretIn).find((found) => found !== undefined) : undefined;
    if (secret !== undefined) throw refuse(secret);
    const found = readKeySet({ keys: jwks }, allowed);
    if (typeof found === 'string') throw refuse(found);
    return found;
  }
  const blocks = [...text.matchAll(PEM_BLOCK)];
  if (blocks.length === 0) throw refuse('must hold a public key as PEM, a JWK or a JWK set');
  return blocks.map(([pem, label = '']) => {
    if (label.endsWith('PRIVATE KEY'))
      throw refuse(`holds a private key, and none is needed here: openssl pkey -in ${source} -pubout makes the public one`);
    if (!PUBLIC_PEM.includes(label)) throw refuse(`holds a ${label}; it must be a PUBLIC KEY or a CERTIFICATE`);
    const key = publicKey(pem);
    const usable = key ? pinned(key, undefined, allowed) : `holds a ${label} that cannot be read`;
    if (typeof usable === 'string') throw refuse(usable);
    return usable;
  });
}

/**
 * The usable keys of a JWK set (RFC 7517 §5); others are left out, as it asks for, since providers publish keys of
 * several uses side by side. What is wrong, if there is none.
 */
export function readKeySet(set: unknown, allowed: readonly Algorithm[]): readonly VerificationKey[] | string {
  const jwks = (set as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(jwks)) return 'must be a JWK set: {"keys":[…]}';
  if (jwks.length > MAX_KEYS) return `has ${jwks.length} keys; at most ${MAX_KEYS} are looked at`;
  const keys = jwks.map((jwk) => fromJwk(jwk, allowed));
  const usable = keys.filter((key) => typeof key !== 'string');
  if (usable.length > 0) return usable;
  return `has no key that can be used${typeof keys[0] === 'string' ? `; the first ${keys[0]}` : ''}`;
}

/** What is secret in a JWK, and must not stand where public keys do. */
function secretIn(jwk: unknown): string | undefined {
  const { kty, d } = (jwk ?? {}) as Record<string, unknown>;
  if (kty === 'oct') return 'is a symmetric key; a secret is given as --jwt-secret-file';
  return d === undefined ? undefined : 'is a private key, and none is needed here: leave out d, p, q, dp, dq and qi';
}

function fromJwk(jwk: unknown, allowed: readonly Algorithm[]): VerificationKey | string {
  const secret = secretIn(jwk);
  if (secret !== undefined) return secret;
  const { kid, alg, use, key_ops: operations } = (jwk ?? {}) as Record<string, unknown>;
  if (use !== undefined && use !== 'sig') return 'is not for signatures (use)';
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return 'is not for verifying (key_ops)';
  if (kid !== undefined && typeof kid !== 'string') return 'has a kid that is no text';
  const key = publicKey({ key: jwk, format: 'jwk' });
  if (!key) return 'is no key that can be read';
  const usable = pinned(key, alg, allowed);
  return typeof usable === 'string' || kid === undefined ? usable : { ...usable, id: kid };
}

function publicKey(input: unknown): KeyObject | undefined {
  try {
    return createPublicKey(input as Parameters<typeof createPublicKey>[0]);
  } catch {
    // Node's reasons are those of OpenSSL and help nobody.
    return undefined;
  }
}

/** Pins a public key to its algorithms, or says why it can have none. @param own the algorithm that it says itself it is for */
export function pinned(key: KeyObject, own: unknown, allowed: readonly Algorithm[]): VerificationKey | string {
  const family = algorithmsOf(key);
  if (typeof family === 'string') return family;
  if (own !== undefined && !(isAlgorithm(own) && family.includes(own))) return 'says of itself an alg that it cannot have';
  const possible = family.filter((algorithm) => own === undefined || algorithm === own);
  // An RSA key fits six algorithms; the one that everybody uses, unless somebody says otherwise.
  if (allowed.length === 0) return { key, algorithms: possible.includes('RS256') ? ['RS256'] : possible };
  const algorithms = possible.filter((algorithm) => allowed.includes(algorithm));
  return algorithms.length > 0 ? { key, algorithms } : `is for ${possible.join(', ')}, and --jwt-algorithm has none of them`;
}

const CURVES: Readonly<Record<string, Algorithm>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };

/** What a key's mathematics allow, or why nothing. */
function algorithmsOf({ asymmetricKeyType: type, asymmetricKeyDetails: details = {} }: KeyObject): readonly Algorithm[] | string {
  if (type === 'ed25519') return ALGORITHMS.ed25519;
  if (type === 'ec') return onCurve(details.namedCurve);
  if (type !== 'rsa') return `is of a kind that is not supported (${type}); RSA, EC and Ed25519 are`;
  const { modulusLength: bits = 0, publicExponent: exponent = 0n } = details;
  // RFC 7518 §3.3; above it, verifying costs more than anybody gains.
  if (bits < 2048 || bits > 8192) return `is an RSA key of ${bits} bits; it must have 2048 to 8192`;
  // With an exponent of 1 every message is its own signature.
  if (exponent < 3n || exponent % 2n === 0n) return `is an RSA key with the exponent ${exponent}`;
  return ALGORITHMS.rsa;
}

function onCurve(curve = ''): readonly Algorithm[] | string {
  const algorithm = CURVES[curve];
  return algorithm === undefined ? `is on the curve ${curve}; it must be P-256, P-384 or P-521` : [algorithm];
}
