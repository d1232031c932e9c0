import type { Options } from '../config/options.ts';
import { printable } from '../config/values.ts';
import { type CredentialDefect, SseError } from '../errors.ts';
import type { Grant } from '../identity/grant.ts';
import { FORGETFUL } from '../identity/revocations.ts';
import { openAccess } from '../parts/access.ts';
import { formatDuration } from '../units.ts';

/** What there is to say of a token. */
export interface Explanation {
  readonly valid: boolean;
  /** Lines for a person; nothing in them moves a cursor. */
  readonly text: string;
}

/**
 * Says what a server with these options would make of a token.
 *
 * @param now in ms since 1970
 * @throws SseError `invalid-config`; `unverifiable` where keys cannot be fetched
 */
export async function explainToken(token: string, options: Options, now: number): Promise<Explanation> {
  let outage: SseError | undefined;
  const { authentication } = await openAccess(options, {
    observe: (activity) => {
      if (activity.kind === 'failed' && activity.error instanceof SseError) outage = activity.error;
    },
    keeper: FORGETFUL,
    authenticate: undefined,
    selfDeclared: () => false,
  });
  if (!authentication.isConfigured || options.authUrl !== undefined) {
    const detail = 'token verify: by which keys? --jwt-secret-file, --jwt-key-file, --jwks-url or --users say so';
    throw SseError.of('invalid-config', [{ pointer: '', detail }]);
  }
  try {
    const request = { headers: {}, query: new URLSearchParams(), ip: '' };
    const grant = await authentication.prove({ authorization: `Bearer ${token}`, request });
    return { valid: true, text: lines([['valid', validity(grant, now)], ...whoIs(grant)]) };
  } catch (error) {
    if (!(error instanceof SseError)) throw error;
    if (error.code !== 'invalid-credential')
      throw outage ? new SseError(error.code, `${error.message} (${outage.message})`) : error;
    const why = RULES[error.defect ?? 'unknown'](options);
    return { valid: false, text: lines([['not valid', why], ...contentsOf(token)]) };
  }
}

const listed = (words: readonly string[]) => words.join(' or ');

/** The rule that a token breaks, in words. */
const RULES: Readonly<Record<CredentialDefect, (options: Options) => string>> = {
  unknown: () => 'it is no JWT, and no user has it',
  malformed: () =>
    'it is not written as a JWT is: three parts of base64url without padding, of which the first two are JSON objects, and at most 8 KiB',
  header: () =>
    'its header has what must not count: a key of its own (jku, jwk, x5u, x5c), an extension (crit, b64), or a kid that is not text',
  type: () => 'its typ is neither JWT nor at+jwt: it was made for something else',
  algorithm: () =>
    'its alg is not one of those that the configured keys are for (token verify shows it in its first part; an RSA key is for RS256, unless --jwt-algorithm says otherwise)',
  'unknown-key': () => 'its kid is that of no configured key',
  signature: () => 'no configured key has signed it, or it was changed since',
  claims: () =>
    'a claim is not what it must be: exp has to be there, exp, nbf and iat are numbers, iss, sub and jti text; what an identity is ' +
    'made of is text of at most 256 characters, or at most 64 of it',
  expired: () => 'it has expired',
  'not-yet-valid': () => 'it is not valid yet: its nbf or iat is ahead by more than 5 s',
  lifetime: ({ jwtMaxLifetime }) => `it is valid for longer than --jwt-max-lifetime, ${formatDuration(jwtMaxLifetime)}`,
  issuer: ({ jwtIssuer }) => `its iss is not ${listed(jwtIssuer)}`,
  revoked: () => 'it was revoked',
  ticket: () => 'it is a ticket, which only the server that gave it knows',
  audience: ({ jwtAudience }) => `its aud is not ${listed(jwtAudience)}`,
};

function validity({ expiresAt }: Grant, now: number): string {
  if (expiresAt === undefined) return 'it does not expire';
  return `until ${timeOf(expiresAt / 1000)}, ${formatDuration(rounded(expiresAt - now))} from now`;
}

/** In the unit that a person would count it in. */
function rounded(ms: number): number {
  const unit = [86_400_000, 3_600_000, 60_000, 1000].find((each) => ms >= 2 * each) ?? 1;
  return Math.round(ms / unit) * unit;
}

function whoIs({ identity, tokenId, subject, topics }: Grant): [string, string][] {
  const { id, login, name, mail, profile, roles, claims } = identity;
  const texts: [string, string | undefined][] = [
    ...Object.entries({ id, login, name, mail, profile }),
    ['roles', roles.join(', ')],
    ['topics', topics?.join(', ') ?? ''],
    ['claims', Object.keys(claims).length === 0 ? '' : JSON.stringify(claims)],
    ['revoke by sub', subject],
    ['revoke by jti', tokenId],
  ];
  return texts.filter((entry): entry is [string, string] => Boolean(entry[1]));
}

/** What can be read in a bad token, as it says it: none of it is true because it stands there. */
function contentsOf(token: string): [string, string][] {
  const [header, payload] = token.split('.').map(jsonIn);
  const rows: [string, string][] = [];
  if (header !== undefined) rows.push(['header', JSON.stringify(header)]);
  if (payload === undefined) return rows;
  rows.push(['claims', JSON.stringify(payload)]);
  for (const name of ['iat', 'nbf', 'exp']) {
    const time = typeof payload === 'object' && payload !== null ? (payload as Record<string, unknown>)[name] : undefined;
    if (typeof time === 'number') rows.push([name, timeOf(time)]);
  }
  return rows;
}

function jsonIn(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    // Then there is nothing to show of it.
    return undefined;
  }
}

function timeOf(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? 'no time that a calendar has' : date.toISOString();
}

function lines(rows: readonly (readonly [string, string])[]): string {
  return rows.map(([name, value]) => `${name.padEnd(14)} ${printable(value)}\n`).join('');
}
