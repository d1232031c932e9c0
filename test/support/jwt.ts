import { constants, createHmac, type KeyObject, sign as signBytes } from 'node:crypto';

/** What a token is made of: an object is written as JSON, text and bytes stand as they are. */
type Part = object | string | Uint8Array;

export function encoded(part: Part): string {
  const bytes = part instanceof Uint8Array ? part : typeof part === 'string' ? part : JSON.stringify(part);
  return Buffer.from(bytes).toString('base64url');
}

/**
 * Signs a token by the letter of RFC 7518, whatever is wrong with it: header, payload and key need not fit each other.
 * Made with Node alone, so that the verifier is not tested against the library that it uses.
 *
 * @param algorithm default: what the header says
 */
export function signed(header: Part, payload: Part, key: KeyObject, algorithm: string = algorithmIn(header)): string {
  const text = `${encoded(header)}.${encoded(payload)}`;
  return `${text}.${signature(text, key, algorithm).toString('base64url')}`;
}

function algorithmIn(header: Part): string {
  return typeof header === 'object' && 'alg' in header ? String(header.alg) : 'HS256';
}

function signature(text: string, key: KeyObject, algorithm: string): Buffer {
  const bytes = Buffer.from(text);
  const hash = `sha${algorithm.slice(2)}`;
  if (algorithm.startsWith('HS')) return createHmac(hash, key).update(bytes).digest();
  if (algorithm.startsWith('Ed')) return signBytes(null, bytes, key);
  if (algorithm.startsWith('ES')) return signBytes(hash, bytes, { key, dsaEncoding: 'ieee-p1363' });
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return signBytes(hash, bytes, algorithm.startsWith('PS') ? { key, ...pss } : key);
}

/** Now, in s since 1970, or so many later. */
export function seconds(later = 0): number {
  return Math.floor(Date.now() / 1000) + later;
}
