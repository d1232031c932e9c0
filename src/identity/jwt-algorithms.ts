/** The signature algorithms that a token may have (RFC 7518 §3.1, RFC 8037, RFC 9864), by the kind of key that each needs. `none` is not among them. */
export const ALGORITHMS = {
  secret: ['HS256', 'HS384', 'HS512'],
  rsa: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ec: ['ES256', 'ES384', 'ES512'],
  ed25519: ['EdDSA', 'Ed25519'],
} as const;

export type Algorithm = (typeof ALGORITHMS)[keyof typeof ALGORITHMS][number];

export const ALL_ALGORITHMS: readonly Algorithm[] = Object.values(ALGORITHMS).flat();

/** Those of keys that are in two halves. */
export const PUBLIC_KEY_ALGORITHMS: readonly Algorithm[] = [...ALGORITHMS.rsa, ...ALGORITHMS.ec, ...ALGORITHMS.ed25519];

export function isAlgorithm(name: unknown): name is Algorithm {
  return (ALL_ALGORITHMS as readonly unknown[]).includes(name);
}
