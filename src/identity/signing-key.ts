import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { SseError } from '../errors.ts';
import { parseJson } from '../json.ts';
import type { Algorithm } from './jwt-algorithms.ts';
import { pinned, type VerificationKey } from './jwt-keys.ts';

/** A key to sign tokens with. The server itself never signs any. */
export interface SigningKey {
  readonly key: KeyObject;
  readonly algorithm: Algorithm;
  /** The `kid` to name it by. */
  readonly id?: string;
}

/** The key that signs what a secret verifies: itself. */
export function ofSecret({ key, algorithms: [algorithm] }: VerificationKey): SigningKey {
  if (algorithm === undefined) throw new TypeError('a key has at least one algorithm');
  return { key, algorithm };
}

/**
 * The private key that a file holds, as PEM or JWK, named as its public half among `known` is.
 *
 * @throws SseError `invalid-config`
 */
export function parseSigningKey(
  text: string,
  source: string,
  allowed: readonly Algorithm[],
  known: readonly VerificationKey[],
): SigningKey {
  const refuse = (detail: string) => SseError.of('invalid-config', [{ pointer: source, detail }]);
  const jwk = /^\s*\{/.test(text) ? (parseJson(text, source) as { kid?: unknown; alg?: unknown }) : undefined;
  const key = privateKey(jwk ? { key: jwk, format: 'jwk' } : text);
  if (!key) throw refuse('must hold a private key as PEM, without a passphrase, or as a JWK');
  const half = createPublicKey(key);
  const usable = pinned(half, jwk?.alg, allowed);
  if (typeof usable === 'string') throw refuse(usable);
  const found = known.find((other) => other.key.equals(half));
  const algorithm = usable.algorithms.find((each) => !found || found.algorithms.includes(each));
  if (algorithm === undefined) throw refuse('is for no algorithm that its public half is for');
  const id = found?.id ?? jwk?.kid;
  return { key, algorithm, ...(typeof id === 'string' && { id }) };
}

function privateKey(input: unknown): KeyObject | undefined {
  try {
    return createPrivateKey(input as Parameters<typeof createPrivateKey>[0]);
  } catch {
    // Node's reasons are those of OpenSSL and help nobody.
    return undefined;
  }
}
