import { CLAIM_FIELDS, type ClaimField, type MappedClaim } from '../identity/claims.ts';
import { ALL_ALGORITHMS, type Algorithm } from '../identity/jwt-algorithms.ts';
import { didYouMean } from '../nearest.ts';
import { applicationUrlProblem, keysUrlProblem } from './addresses.ts';
import { duration } from './amounts.ts';
import { LONGEST, type Option, option } from './option.ts';
import { boolean, choice, list, optional, path, quoted, structured, text } from './values.ts';

const cookieName = text((name) =>
  // RFC 6265 §4.1.1: a token.
  /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name) ? undefined : 'must be a cookie name: letters, digits, - _ . and the like',
);

/** `FIELD=CLAIM`, as in `roles=realm_access.roles`. */
const mappedClaim = structured<MappedClaim>(
  (value) => {
    const [, field = '', claim = ''] = /^([^=]*)=(.+)$/s.exec(value) ?? [];
    if (claim === '') return `must be FIELD=CLAIM such as roles=realm_access.roles, not ${quoted(value)}`;
    if ((CLAIM_FIELDS as readonly string[]).includes(field)) return { field: field as ClaimField, claim };
    return `must begin with ${CLAIM_FIELDS.join('=, ')}=, not ${quoted(value)}${didYouMean(field, CLAIM_FIELDS)}`;
  },
  ({ field, claim }) => `${field}=${claim}`,
);

const algorithm = choice<Algorithm>(ALL_ALGORITHMS);

type File = Option<string | undefined, string | null>;
type Text = Option<string, string>;
type List<T = string> = Option<readonly T[], string | readonly string[]>;

interface Table {
  readonly users: File;
  readonly requireAuth: Option<boolean, boolean>;
  readonly authCookie: Text;
  readonly authUrl: Option<string | undefined, string | null>;
  readonly allowQueryToken: Option<boolean, boolean>;
  readonly expiryNotice: Option<number, string | number>;
  readonly topics: Option<'open' | 'claim', 'open' | 'claim'>;
  readonly jwtSecretFile: File;
  readonly jwtKeyFile: File;
  readonly jwksUrl: Option<string | undefined, string | null>;
  readonly jwtIssuer: List;
  readonly jwtAudience: List;
  readonly jwtMaxLifetime: Option<number, string | number>;
  readonly jwtAlgorithm: List<Algorithm>;
  readonly jwtClaim: List<MappedClaim>;
}

/** Their values, parsed. */
export type CredentialOptions = { readonly [K in keyof Table]: Table[K] extends Option<infer T, infer _> ? T : never };

/** The options under "Who clients are". */
export const CREDENTIAL_OPTIONS: Table = {
  users: option(optional(path()), null, {
    placeholder: 'FILE',
    description:
      'users and their tokens, see config/users.example.json; a tokenHash is sha256: and what ' +
      'printf %s "$TOKEN" | sha256sum prints',
    reloadable: true,
  }),
  requireAuth: option(boolean(), false, {
    kind: 'boolean',
    description: 'refuse clients without a credential; --no-require-auth overrides a file or a variable',
    reloadable: true,
  }),
  authCookie: option(cookieName, 'sse_token', {
    placeholder: 'NAME',
    description: 'cookie that may hold the token, since an EventSource can send no header',
    reloadable: true,
  }),
  authUrl: option(optional(text(applicationUrlProblem)), null, {
    placeholder: 'URL',
    description:
      "your application's answer to who a client is: it gets the request's headers and query, and answers 2xx with an " +
      'identity as JSON, or 401 or 403',
    reloadable: true,
  }),
  allowQueryToken: option(boolean(), false, {
    kind: 'boolean',
    description: 'let the token stand in the URL as ?jwt=, where logs and histories may keep it; a ticket is better',
    reloadable: true,
  }),
  expiryNotice: option(duration({ min: '0s', max: '1h' }), '30s', {
    placeholder: 'TIME',
    description: 'how long before its credential ends a client is told, so that it can renew it',
    reloadable: true,
  }),
  topics: option(choice(['open', 'claim']), 'open', {
    placeholder: 'WHO',
    description: "who may subscribe to a topic: open, everybody, or claim, those whose credential's topics have it or prefix/*",
    reloadable: true,
  }),
  jwtSecretFile: option(optional(path()), null, {
    placeholder: 'FILE',
    description: 'secret of JWTs (HS256, 384, 512): the bytes of the file without a line break at the end, at least 32',
    reloadable: true,
  }),
  jwtKeyFile: option(optional(path()), null, {
    placeholder: 'FILE',
    description: 'public keys of JWTs (RS, PS, ES, EdDSA): PEM, a JWK or a JWK set',
    reloadable: true,
  }),
  jwksUrl: option(optional(text(keysUrlProblem)), null, {
    placeholder: 'URL',
    description: 'where an identity provider publishes its public keys, its jwks_uri',
    reloadable: true,
  }),
  jwtIssuer: option(list(text(notEmpty)), [], {
    kind: 'list',
    placeholder: 'ISS',
    description: 'issuer that a JWT must be of; not set: whoever has the key',
    reloadable: true,
  }),
  jwtAudience: option(list(text(notEmpty)), [], {
    kind: 'list',
    placeholder: 'AUD',
    description: 'audience that a JWT must be for; not set: any',
    reloadable: true,
  }),
  jwtMaxLifetime: option(duration({ min: '1s', max: LONGEST }), '31d', {
    placeholder: 'TIME',
    description: 'longest that a JWT may be valid',
    reloadable: true,
  }),
  jwtAlgorithm: option(list(algorithm), [], {
    kind: 'list',
    placeholder: 'ALG',
    description: 'algorithm that a JWT may have; not set: those that fit the key, and of RSA only RS256',
    reloadable: true,
  }),
  jwtClaim: option(list(mappedClaim), [], {
    kind: 'list',
    placeholder: 'FIELD=CLAIM',
    description:
      'claim of a JWT that a field is taken from, as in roles=realm_access.roles; fields are id, login, name, mail, ' +
      'profile, roles and topics; not set: the names that are in use',
    reloadable: true,
  }),
};

function notEmpty(value: string): string | undefined {
  return value === '' ? 'must not be empty' : undefined;
}
