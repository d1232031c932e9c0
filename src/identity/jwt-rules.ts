import type { Claims } from './claims.ts';
import { badCredential } from './grant.ts';

/** What a token must say of itself to count here. */
export interface JwtRules {
  /** Of these one must have issued it (`iss`); none: whoever has a configured key. */
  readonly issuers: readonly string[];
  /** For one of these it must have been issued (`aud`); none: that is not looked at. */
  readonly audiences: readonly string[];
  /** Longest time from its issue to its end, in ms. */
  readonly maxLifetime: number;
}

/** How far another machine's clock may be ahead, in s. An end is an end: for `exp` there is no tolerance. */
const TOLERANCE = 5;

/** All rules for what a token says of itself (RFC 7519 §4.1); answers its times, in ms. @param now in ms since 1970 @throws SseError `invalid-credential` */
export function checkClaims(
  claims: Claims,
  { issuers, audiences, maxLifetime }: JwtRules,
  now: number,
): { readonly expiresAt: number; readonly issuedAt?: number } {
  const seconds = now / 1000;
  const expires = timeOf(claims, 'exp');
  const issued = timeOf(claims, 'iat');
  const notBefore = timeOf(claims, 'nbf');
  // One that never ends could not be got rid of.
  if (expires === undefined) throw badCredential('claims');
  if (expires <= seconds) throw badCredential('expired');
  if (Math.max(notBefore ?? 0, issued ?? 0) > seconds + TOLERANCE) throw badCredential('not-yet-valid');
  // Of one that does not say when it was issued, the rest must be short enough.
  if ((expires - (issued ?? seconds)) * 1000 > maxLifetime) throw badCredential('lifetime');

  const { iss: issuer, aud: audience, jti, sub } = claims;
  if (![issuer, jti, sub].every((text) => text === undefined || typeof text === 'string')) throw badCredential('claims');
  if (issuers.length > 0 && !issuers.includes(issuer as string)) throw badCredential('issuer');
  const intended = Array.isArray(audience) ? audience : audience === undefined ? [] : [audience];
  if (!intended.every((text) => typeof text === 'string')) throw badCredential('claims');
  if (audiences.length > 0 && !intended.some((one) => audiences.includes(one))) throw badCredential('audience');
  return { expiresAt: expires * 1000, ...(issued !== undefined && { issuedAt: issued * 1000 }) };
}

/** A point in time, in s since 1970, perhaps with a fraction (RFC 7519 §2). */
function timeOf(claims: Claims, name: string): number | undefined {
  const value = claims[name];
  // `1e999` is legal JSON, and infinite.
  if (value !== undefined && !Number.isFinite(value)) throw badCredential('claims');
  return value as number | undefined;
}
