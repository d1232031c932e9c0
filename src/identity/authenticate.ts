import { createHash, randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { SseError } from '../errors.ts';
import { anonymous, type Identity } from '../event/identity.ts';
import type { Authority, RequestView } from './authority.ts';
import { badCredential, type Grant, NOTHING_SHOWN } from './grant.ts';
import type { Revocations } from './revocations.ts';
import type { Tickets, TicketUse } from './tickets.ts';

/** What a request shows of who sent it, already taken out of it. Secrets: never logged. */
export interface Evidence {
  /** The `Authorization` header, whole. */
  readonly authorization?: string;
  /** The value of the authentication cookie. */
  readonly cookie?: string;
  readonly ticket?: string;
  /** A token in the URL, where that is allowed. */
  readonly queryToken?: string;
  /** Whether there is one where it is not allowed. */
  readonly ignoredToken?: boolean;
  /** Where it says that a stream of its own has broken off. */
  readonly lastEventId?: string;
  readonly request: RequestView;
}

/** One way to find out what a token proves: a users file, JWT; others stand beside them. */
export interface TokenVerifier {
  /**
   * What a token proves; undefined if it is none of this verifier's, who must then take the same time whatever of it is right.
   * @throws SseError `invalid-credential` for one of its own that is no good: nobody else is asked then.
   *   `unverifiable` where that cannot be found out now
   */
  verify(token: string): Promise<Grant | undefined>;
  /** What an entry of a users file proves now, if it is still there. */
  entry?(name: string): Grant | undefined;
}

/** What finds out who clients are, as the configuration says: another one brings another. */
export interface Means {
  /** None, and no authority: no authentication is configured, and credentials mean nothing. */
  readonly verifiers: readonly TokenVerifier[];
  /** Decides by the whole request, in place of verifiers. */
  readonly authority?: Authority;
  /** Whether clients without a credential are refused. */
  readonly required: boolean;
}

export interface AuthenticationOptions extends Means {
  readonly tickets: Tickets;
  readonly revocations: Revocations;
  /** Whether a client's own word counts now (design: "Who a client is"). */
  readonly selfDeclared: () => boolean;
}

/** Who a client was found to be; the ticket it used must be released. */
export interface Identified {
  readonly grant: Grant;
  readonly ticket?: TicketUse;
}

/** Finds out who a client is. The first credential of these counts, good or bad: bearer header, cookie, ticket, token in the URL. */
export class Authentication {
  readonly #options: Omit<AuthenticationOptions, keyof Means>;
  #means: Means;

  constructor({ tickets, revocations, selfDeclared, ...means }: AuthenticationOptions) {
    this.#options = { tickets, revocations, selfDeclared };
    this.#means = means;
  }

  /** Whether there is anything to find out by. */
  get isConfigured(): boolean {
    const { verifiers, authority } = this.#means;
    return verifiers.length > 0 || authority !== undefined;
  }

  /** Goes by other means from now on. Who is being identified meanwhile is held against them by `check`. */
  use(means: Means): void {
    this.#means = means;
  }

  /**
   * Finds out who opens a stream.
   * @throws SseError `unauthenticated` where a credential is required and none is shown; `invalid-credential` for a
   *   bad one, with one message for every defect; `forbidden`, `unverifiable`. A bad credential is never taken for none.
   */
  async identify(evidence: Evidence): Promise<Identified> {
    const { selfDeclared } = this.#options;
    const { isConfigured } = this;
    const { required } = this.#means;
    if (isConfigured && evidence.ticket !== undefined && !this.#showsToken(evidence)) return this.#byTicket(evidence);
    const grant = await this.#find(evidence);
    if (grant) return { grant };
    // Whoever shows a token, wherever it is, does not want to be anonymous.
    if (isConfigured && evidence.ignoredToken)
      throw new SseError(
        'unauthenticated',
        '?jwt= counts with --allow-query-token only; a ticket does as well: POST to this path and /ticket',
      );
    if (required) throw nothingShown();
    return { grant: !isConfigured && selfDeclared() ? declared(evidence.request.query) : NOTHING_SHOWN };
  }

  /**
   * Looks once more at what was found before, by what counts now: right before something is granted, since what took its time
   * may have been overtaken, and after the configuration was read anew. A credential holds as long as its users file has it, as
   * long as the application that vouched for it is the one that is asked, or to its own end: what it was signed with may be replaced meanwhile.
   * @returns what it proves now: another value only if that is something else
   * @throws SseError `invalid-credential`, `unauthenticated`
   */
  check(grant: Grant): Grant {
    this.#options.revocations.check(grant);
    const { required, verifiers, authority } = this.#means;
    if (grant.authority !== undefined && grant.authority !== authority) throw badCredential('unknown');
    if (grant.entry !== undefined) return inFile(grant, grant.entry, verifiers);
    if (grant.identity.authenticated) return grant;
    // Nobody vouches for it.
    if (required) throw nothingShown();
    if (grant !== NOTHING_SHOWN && (this.isConfigured || !this.#options.selfDeclared())) throw nothingShown();
    return grant;
  }

  /** What a request proves by a credential other than a ticket. @throws SseError as above, and `unauthenticated` where there is none */
  async prove(evidence: Evidence): Promise<Grant> {
    const grant = await this.#find(evidence);
    if (!grant) throw nothingShown();
    return grant;
  }

  /** Whether something counts before a ticket. An authority has cookies of its own, which come with every request. */
  #showsToken({ authorization, cookie }: Evidence): boolean {
    return authorization !== undefined || (cookie !== undefined && this.#means.verifiers.length > 0);
  }

  #byTicket({ ticket = '', lastEventId }: Evidence): Identified {
    const use = this.#options.tickets.take(ticket, lastEventId);
    try {
      return { grant: this.check(use.grant), ticket: use };
    } catch (error) {
      use.release();
      throw error;
    }
  }

  async #find(evidence: Evidence): Promise<Grant | undefined> {
    const { revocations } = this.#options;
    const { verifiers, authority } = this.#means;
    const token = verifiers.length > 0 ? tokenOf(evidence) : undefined;
    const grant = token === undefined ? await this.#ask(authority, evidence) : await this.#verify(token, verifiers);
    if (grant) revocations.check(grant);
    return grant;
  }

  async #ask(authority: Authority | undefined, { authorization, request }: Evidence): Promise<Grant | undefined> {
    // There were several, of which none counts; the authority would see one.
    if (authority && authorization === '') throw badCredential('malformed');
    const grant = await authority?.(request);
    // Each answer is a credential of its own: it can be taken back, and the next one is for the authority to give.
    return grant && authority && { ...grant, authority, fingerprint: randomUUID() };
  }

  async #verify(token: string, verifiers: readonly TokenVerifier[]): Promise<Grant> {
    // What is no token at all is asked of nobody.
    for (const verifier of token === '' ? [] : verifiers) {
      const found = await verifier.verify(token);
      if (found) return { ...found, fingerprint: fingerprintOf(token) };
    }
    throw badCredential('unknown');
  }
}

/** What a users file says now of who came by one of its entries. @throws SseError `invalid-credential` */
function inFile(grant: Grant, entry: string, verifiers: readonly TokenVerifier[]): Grant {
  for (const verifier of verifiers) {
    const found = verifier.entry?.(entry);
    if (!found) continue;
    const now = { ...found, ...(grant.fingerprint !== undefined && { fingerprint: grant.fingerprint }) };
    return isDeepStrictEqual(now, grant) ? grant : now;
  }
  throw badCredential('unknown');
}

/** Of a JWT without its signature: of some algorithms, anybody can make another one that is as good (ECDSA, (r, n − s)). */
function fingerprintOf(token: string): string {
  const [header, payload, signature, more] = token.split('.');
  const isJwt = signature !== undefined && more === undefined;
  return createHash('sha256')
    .update(isJwt ? `${header}.${payload}` : token)
    .digest('base64url');
}

function nothingShown(): SseError {
  return new SseError('unauthenticated', 'this needs a credential: a bearer token, the authentication cookie or a ticket');
}

/** RFC 6750 §2.1, scheme in any case. Another scheme is a credential too, and no good one. */
function tokenOf({ authorization, cookie, queryToken }: Evidence): string | undefined {
  if (authorization === undefined) return cookie ?? queryToken;
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
