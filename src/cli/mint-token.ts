import { randomUUID } from 'node:crypto';
import { CompactSign } from 'jose';
import { claimMapping } from '../identity/claims.ts';
import { ofSecret, parseSigningKey, type SigningKey } from '../identity/signing-key.ts';
import { keysOf, read } from '../parts/verifiers.ts';
import type { MintOrder } from './token-order.ts';

/** Makes a token. @param now in ms since 1970 @throws SseError `invalid-config` when a key is no good */
export async function mintToken(order: MintOrder, now: number): Promise<string> {
  const { key, algorithm, id } = keyFor(order);
  // As it is written, whatever its names are.
  const payload = new TextEncoder().encode(JSON.stringify(claimsOf(order, now)));
  const header = { alg: algorithm, typ: 'JWT', ...(id !== undefined && { kid: id }) };
  return new CompactSign(payload).setProtectedHeader(header).sign(key);
}

function keyFor({ signingKey: file, loaded: { options } }: MintOrder): SigningKey {
  const known = keysOf(options);
  if (file !== undefined) return parseSigningKey(read('--signing-key', file).toString('utf8'), file, options.jwtAlgorithm, known);
  const [secret] = known;
  if (!secret) throw new TypeError('an order without a key');
  return ofSecret(secret);
}

function claimsOf({ subject, fields, claims, lifetime, loaded: { options } }: MintOrder, now: number): Record<string, unknown> {
  const mapping = claimMapping(options.jwtClaim);
  const seconds = Math.floor(now / 1000);
  const all: Record<string, unknown> = Object.create(null);
  all.iat = seconds;
  all.exp = seconds + Math.ceil(lifetime / 1000);
  all.jti = randomUUID();
  if (options.jwtIssuer[0] !== undefined) all.iss = options.jwtIssuer[0];
  if (options.jwtAudience[0] !== undefined) all.aud = options.jwtAudience[0];
  if (subject !== undefined) all.sub = subject;
  // Under the name that is looked at first; a path with dots is a name as well.
  for (const field of Object.keys(fields) as (keyof typeof fields)[]) all[mapping[field][0] ?? field] = fields[field];
  for (const [name, value] of claims) all[name] = value;
  return all;
}
