import { SseError } from '../errors.ts';
import { anonymous, type Identity } from '../event/identity.ts';
import { badCredential, type Grant, NOTHING_SHOWN } from './grant.ts';

/** What a request shows of who sent it, already taken out of its headers. Secrets: never logged. */
export interface Evidence {
  /** The `Authorization` header, whole. */
  readonly authorization?: string;
  /** The value of the authentication cookie. */
  readonly cookie?: string;
  /** The query, in which a client may declare itself where that counts. */
  readonly query: URLSearchParams;
}

/** One way to find out what a token proves: a users file, JWT; others stand beside them. */
export interface TokenVerifier {
  /**
   * What a token proves; undefined if it is none of this verifier's, who must then take the same time whatever of it is right.
   * @throws SseError `invalid-credential` for one of its own that is no good: nobody else is asked then.
   *   `unverifiable` where that cannot be found out now
   */
  verify(token: string): Promise<Grant | undefined>;
}

export interface AuthenticationOptions {
  /** None: no authentication is configured, and credentials mean nothing. */
  readonly verifiers: readonly TokenVerifier[];
  /** Whether clients without a credential are refused. */
  readonly required: boolean;
  /** Whether a client's own word counts now (design: "Who a client is"). */
  readonly selfDeclared: () => boolean;
}

/** Finds out who a client is. */
export class Authentication {
  readonly #options: AuthenticationOptions;

  constructor(options: AuthenticationOptions) {
    this.#options = options;
  }

  /**
   * @throws SseError `unauthenticated` where a credential is required and none is shown; `invalid-credential` for a
   *   bad one, with one message for every defect; `unverifiable`. A bad credential is never taken for none.
   */
  async identify(evidence: Evidence): Promise<Grant> {
    const { verifiers, required, selfDeclared } = this.#options;
    if (verifiers.length > 0) {
      const token = tokenOf(evidence);
      if (token !== undefined) return this.#verify(token);
    }
    if (required)
      throw new SseError('unauthenticated', 'this stream needs a credential: a bearer token or the authentication cookie');
    return verifiers.length === 0 && selfDeclared() ? declared(evidence.query) : NOTHING_SHOWN;
  }

  async #verify(token: string): Promise<Grant> {
    // What is no token at all is asked of nobody.
    for (const verifier of token === '' ? [] : this.#options.verifiers) {
      const found = await verifier.verify(token);
      if (found) return found;
    }
    throw badCredential('unknown');
  }
}

/** RFC 6750 §2.1, scheme in any case. Another scheme is a credential too, and no good one. */
function tokenOf({ authorization, cookie }: Evidence): string | undefined {
  if (authorization === undefined) return cookie;
  return /^bearer +([A-Za-z0-9\-._~+/]+=*) *$/i.exec(authorization)?.[1] ?? '';
}

const DECLARED = ['id', 'login', 'name', 'mail', 'profile'] as const;
const MAX_DECLARED = 256;
const MAX_ROLES = 64;

/** What a client declares of itself: `?id=7&profile=Administrator&roles=ops,dev`. Never authenticated; nothing if it declares nothing. */
function declared(query: URLSearchParams): Grant {
  const parts: { -readonly [K in keyof Identity]?: Identity[K] } = {};
  for (const field of DECLARED) {
    const value = query.get(field);
    if (value) parts[field] = value.slice(0, MAX_DECLARED);
  }
  const roles = query.getAll('roles').flatMap((value) => value.split(','));
  const named = roles.map((role) => role.trim().slice(0, MAX_DECLARED)).filter((role) => role !== '');
  if (named.length > 0) parts.roles = named.slice(0, MAX_ROLES);
  return Object.keys(parts).length === 0 ? NOTHING_SHOWN : { identity: Object.freeze({ ...anonymous, ...parts }) };
}
