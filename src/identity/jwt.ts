import { compactVerify, errors } from 'jose';
import type { TokenVerifier } from './authenticate.ts';
import { type ClaimMapping, readClaims } from './claims.ts';
import { badCredential, type Grant } from './grant.ts';
import type { KeySource, VerificationKey } from './jwt-keys.ts';
import { type JwtParts, looksLikeJwt, parseJwt } from './jwt-parts.ts';
import { checkClaims, type JwtRules } from './jwt-rules.ts';

export interface JwtOptions extends JwtRules {
  /** Where keys are looked up, in this order. */
  readonly keys: readonly KeySource[];
  readonly mapping: ClaimMapping;
  /** The wall clock, in ms since 1970. */
  readonly now: () => number;
}

/**
 * Verifies JSON Web Tokens (RFC 7519, by the rules of RFC 8725). Which algorithm counts is a matter of the key that is
 * configured; what a token says of itself selects among keys and never how one is used.
 */
export function jwtVerifier({ keys, mapping, now, ...rules }: JwtOptions): TokenVerifier {
  const verify = async (token: string): Promise<Grant | undefined> => {
    if (!looksLikeJwt(token)) return undefined;
    const parts = parseJwt(token);
    await checkSignature(token, parts, keys);
    const { claims } = parts;
    const times = checkClaims(claims, rules, now());
    const { jti } = claims;
    return Object.freeze({ ...readClaims(claims, mapping), ...times, ...(typeof jti === 'string' && { tokenId: jti }) });
  };
  return { verify };
}

/** @throws SseError `invalid-credential`, `unverifiable` */
async function checkSignature(token: string, { algorithm, keyId }: JwtParts, sources: readonly KeySource[]): Promise<void> {
  const asked = sources.filter(({ algorithms }) => algorithms.includes(algorithm));
  if (asked.length === 0) throw badCredential('algorithm');
  let [known, tried] = [false, false];
  for (const source of asked)
    for (const key of await source.find(keyId)) {
      known = true;
      if (!key.algorithms.includes(algorithm)) continue;
      tried = true;
      if (await isSignedWith(key, token)) return;
    }
  throw badCredential(tried ? 'signature' : known ? 'algorithm' : 'unknown-key');
}

async function isSignedWith({ key, algorithms }: VerificationKey, token: string): Promise<boolean> {
  try {
    await compactVerify(token, key, { algorithms: [...algorithms] });
    return true;
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed) return false;
    throw error;
  }
}
