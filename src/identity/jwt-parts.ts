import type { Claims } from './claims.ts';
import { badCredential } from './grant.ts';
import { type Algorithm, isAlgorithm } from './jwt-algorithms.ts';

/** A token taken apart. Nothing in it is proved. */
export interface JwtParts {
  readonly algorithm: Algorithm;
  readonly keyId: string | undefined;
  readonly claims: Claims;
}

/** Longer than any that fits into a request's head beside what else stands there. */
const MAX_TOKEN = 8 * 1024;
const MAX_KEY_ID = 256;

/** Header parameters by which a token would bring its own key, or the place to fetch it from (RFC 7515 §4.1.2–4.1.6). */
const OWN_KEYS = ['jku', 'jwk', 'x5u', 'x5c'];
/** Extensions that must be understood, none of which is (§4.1.11), and one that changes what is signed (RFC 7797). */
const EXTENSIONS = ['crit', 'b64'];

/** Whether a token has the form of a JWT (RFC 7519 §3): three parts with dots between. */
export function looksLikeJwt(token: string): boolean {
  return token.split('.', 4).length === 3;
}

/**
 * Takes a token apart, and refuses whatever is not written in the one canonical way: what two readers could read
 * differently must not be one token for both.
 *
 * @throws SseError `invalid-credential`
 */
export function parseJwt(token: string): JwtParts {
  if (token.length > MAX_TOKEN) throw badCredential('malformed');
  const [header = '', payload = '', signature = ''] = token.split('.');
  const { alg, kid, typ, ...rest } = objectIn(header);
  if (decoded(signature).length === 0 && alg !== 'none') throw badCredential('malformed');
  if ([...OWN_KEYS, ...EXTENSIONS].some((name) => Object.hasOwn(rest, name))) throw badCredential('header');
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > MAX_KEY_ID)) throw badCredential('header');
  // RFC 8725 §3.11: a token that was made for something else must not pass. Those of access tokens are RFC 9068 §2.1.
  if (typ !== undefined && !(typeof typ === 'string' && /^(application\/)?(at\+)?jwt$/i.test(typ))) throw badCredential('type');
  if (!isAlgorithm(alg)) throw badCredential('algorithm');
  return { algorithm: alg, keyId: kid, claims: objectIn(payload) };
}

/** The JSON object that a part holds, as the parser made it: its names are own properties, `__proto__` too. */
function objectIn(part: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(decoded(part)));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) throw badCredential('malformed');
    throw error;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badCredential('malformed');
  return value as Record<string, unknown>;
}

/** Base64url without padding (RFC 7515 §2). Node reads much more, and ignores bits that do not matter; another spelling of the same bytes is refused. */
function decoded(part: string): Buffer {
  const bytes = Buffer.from(part, 'base64url');
  if (bytes.toString('base64url') !== part) throw badCredential('malformed');
  return bytes;
}
