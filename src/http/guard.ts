import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import { SseError } from '../errors.ts';
import type { Observe } from '../hub/activity.ts';
import { isLoopbackAddress, isLoopbackName } from '../loopback.ts';
import { header } from './exchange.ts';
import { hostName, isSameHost } from './host.ts';
import { sessionOf } from './session.ts';
import type { Sessions } from './sessions.ts';

const NONE: ReadonlySet<string> = new Set();

/** What admin asks for. It may be replaced while the server runs. */
export interface AdminRules {
  /** Host names besides loopback ones under which admin answers. */
  readonly adminHosts: readonly string[];
  /** What admin requests must show as a bearer token, if anything. */
  readonly adminToken: string | undefined;
}

export interface GuardOptions extends AdminRules {
  /** Whether strangers can reach the public port (design: "Where admin lives"). */
  readonly exposed: boolean;
  /** Who has shown it before, and has a cookie in its place. */
  readonly sessions: Sessions;
  readonly observe: Observe;
}

interface AdminRequest {
  readonly shared: boolean;
  readonly page?: boolean;
  readonly checkMethod: () => void;
}

/**
 * Decides whether a request may be looked at, before anything of it is.
 *
 * A server that is not exposed trusts whoever is on this machine; a reverse proxy before it would lend that trust to
 * strangers. So the first request that shows a proxy ends the trust until the restart: fail closed, and say why.
 */
export class Guard {
  readonly #options: Omit<GuardOptions, keyof AdminRules>;
  /** As `hostName` writes them. */
  #adminHosts: ReadonlySet<string> = NONE;
  #adminToken: string | undefined;
  #proxySign: string | undefined;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.ask(options);
  }

  /** What admin asks for from now on. @returns whether its token is another one: whoever is in by the former must go */
  ask({ adminHosts, adminToken }: AdminRules): boolean {
    const isOther = adminToken !== this.#adminToken;
    this.#adminHosts = new Set(adminHosts.map((host) => (isIPv6(host) ? `[${host}]` : host).toLowerCase()));
    this.#adminToken = adminToken;
    return isOther;
  }

  /** Whether admin has a token: else there is nothing to sign in to. */
  get hasToken(): boolean {
    return this.#adminToken !== undefined;
  }

  /** Whether the word of whoever is on this machine counts: shared-port admin and self-declared identities. */
  get trustsLocal(): boolean {
    return !this.#options.exposed && this.#proxySign === undefined;
  }

  /** For every request on the public port, admin's aside. @throws SseError `misdirected`, `forbidden` */
  checkPublic(req: IncomingMessage): void {
    if (this.#options.exposed) return;
    this.#checkHost(req, NONE);
    this.#checkProxy(req);
  }

  /**
   * For every request to admin, in the order of design §6, up to what needs the route (method) and the body (size, syntax).
   * @param shared whether it came to the public port
   * @param checkMethod throws if the route does not have the method
   * @param page whether it is for the dashboard's page, which asks for the token and holds nothing itself
   * @throws SseError
   */
  checkAdmin(req: IncomingMessage, { shared, page = false, checkMethod }: AdminRequest): void {
    const adminToken = this.#adminToken;
    const authorized = adminToken !== undefined && (page || this.#isAuthorized(req, adminToken));
    // A unix socket has no address: whoever may open the file is local.
    const peer = req.socket.remoteAddress;
    if (peer !== undefined && !isLoopbackAddress(peer) && !authorized)
      throw new SseError('forbidden', 'admin answers to this machine only, or to its token');
    this.#checkHost(req, this.#adminHosts);
    if (!(page && isNavigation(req))) checkOrigin(req);
    if (shared) this.#checkProxy(req);
    if (shared && this.#proxySign !== undefined) throw closedByProxy(this.#proxySign);
    checkMethod();
    if (adminToken !== undefined && !authorized) {
      const shown = req.headers.authorization !== undefined;
      throw new SseError(
        shown ? 'invalid-credential' : 'unauthenticated',
        shown
          ? 'the token that was shown is not the one that admin has now'
          : 'admin needs its token: Authorization: Bearer <token>',
      );
    }
  }

  /** A header that is shown counts alone: behind a bad one, nobody looks for a good cookie. */
  #isAuthorized(req: IncomingMessage, adminToken: string): boolean {
    if (req.headers.authorization !== undefined) return isToken(req, adminToken);
    const session = sessionOf(req);
    return session !== undefined && this.#options.sessions.has(session);
  }

  #checkHost(req: IncomingMessage, others: ReadonlySet<string>): void {
    const name = hostName(req.headers.host);
    if (name !== undefined && (isLoopbackName(name) || others.has(name))) return;
    const option =
      others === this.#adminHosts
        ? '--admin-host'
        : '--trust-proxy if a reverse proxy is meant to stand before it, or --host to listen for others';
    throw new SseError(
      'misdirected',
      `this server answers to localhost only, not to ${JSON.stringify(req.headers.host ?? '')}; see ${option}`,
    );
  }

  #checkProxy(req: IncomingMessage): void {
    const sign = proxySign(req);
    if (sign === undefined) return;
    if (this.#proxySign === undefined) {
      this.#proxySign = sign;
      this.#options.observe({ kind: 'proxy-seen', sign });
    }
    throw closedByProxy(sign);
  }
}

function closedByProxy(sign: string): SseError {
  return new SseError(
    'forbidden',
    `a reverse proxy was seen before this server (${sign}), which was started for this machine alone; restart it: with --trust-proxy if there is one`,
  );
}

/** What shows that a request came through a reverse proxy. A bare one can be indistinguishable; a browser behind it tells by its `Referer`. */
function proxySign(req: IncomingMessage): string | undefined {
  for (const name of Object.keys(req.headers)) {
    if (name === 'forwarded' || name === 'via' || name === 'x-real-ip' || name.startsWith('x-forwarded-'))
      return `the header ${name}`;
  }
  // No browser and no tool of today speaks it by itself; nginx does by default.
  if (req.httpVersion === '1.0') return 'HTTP/1.0';
  const { host, referer, origin } = req.headers;
  const site = header(req, 'sec-fetch-site');
  // Browsers send no Sec-Fetch-Site to plain http hosts other than localhost: then a request without Origin is a same-origin one or a navigation.
  const sameOrigin = site === 'same-origin' || (site === undefined && origin === undefined);
  if (sameOrigin && referer !== undefined && !isSameHost(referer, host))
    return 'a Referer of another host in a same-origin request';
  if (site === 'same-origin' && origin !== undefined && !isSameHost(origin, host))
    return 'an Origin of another host in a same-origin request';
  return undefined;
}

/** No page of another origin may steer the server (cross-site request forgery, DNS rebinding). */
function checkOrigin(req: IncomingMessage): void {
  const { origin, host } = req.headers;
  if (origin !== undefined && !isSameHost(origin, host))
    throw new SseError('forbidden', 'admin does not answer to pages of another origin');
  const site = header(req, 'sec-fetch-site');
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    throw new SseError('forbidden', 'admin does not answer to requests that another site made');
}

/** Whether a person follows a link to a document, from wherever it is: nothing of it can be read there, and it cannot be framed. */
function isNavigation(req: IncomingMessage): boolean {
  const isRead = req.method === 'GET' || req.method === 'HEAD';
  return isRead && header(req, 'sec-fetch-mode') === 'navigate' && header(req, 'sec-fetch-dest') === 'document';
}

function isToken(req: IncomingMessage, token: string): boolean {
  const given = Buffer.from(/^bearer +(\S+) *$/i.exec(req.headers.authorization ?? '')?.[1] ?? '');
  const expected = Buffer.from(token);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
