import { SseError } from '../errors.ts';
import type { Evidence } from '../identity/authenticate.ts';
import { type CorsOptions, isAllowedOrigin } from './cors.ts';
import { type Exchange, header } from './exchange.ts';

export interface EvidenceOptions {
  /** The name of the authentication cookie. */
  readonly authCookie: string;
  /** Whether `?jwt=` counts. */
  readonly allowQueryToken: boolean;
  readonly cors: CorsOptions;
}

/** Takes out of a request what it shows of who sent it. @throws SseError `forbidden` for a cookie that another site made a browser send */
export function evidenceOf(exchange: Exchange, { authCookie, allowQueryToken, cors }: EvidenceOptions): Evidence {
  const { req, query, ip, severalCredentials } = exchange;
  // Of several, none counts.
  const authorization = severalCredentials ? '' : req.headers.authorization;
  const cookie = cookieOf(req.headers.cookie, authCookie);
  if (cookie !== undefined && authorization === undefined) checkOrigin(exchange, cors);
  const ticket = query.get('ticket');
  // A HEAD opens nothing, so it takes the place of nothing.
  const lastEventId = exchange.method === 'GET' ? header(req, 'last-event-id') : undefined;
  const queryToken = query.get('jwt');
  return {
    ...(authorization !== undefined && { authorization }),
    ...(cookie !== undefined && { cookie }),
    ...(ticket !== null && { ticket }),
    ...(queryToken !== null && (allowQueryToken ? { queryToken } : { ignoredToken: true })),
    ...(lastEventId !== undefined && { lastEventId }),
    request: { headers: req.headers, query, ip, isGone: () => req.socket.destroyed },
  };
}

/** Browsers send cookies with whatever any page asks for. `--cors '*'` opens the stream to every page, but not in somebody's name. */
function checkOrigin({ req }: Exchange, cors: CorsOptions): void {
  const { origin, host } = req.headers;
  const site = header(req, 'sec-fetch-site');
  const allowed =
    origin === undefined ? site === undefined || site === 'same-origin' || site === 'none' : isAllowedOrigin(origin, host, cors);
  if (!allowed)
    throw new SseError('forbidden', 'the cookie does not count for pages of this origin; name it with --cors if it is yours');
}

/** The first cookie of that name (RFC 6265 §5.4 puts the most specific one first). */
export function cookieOf(cookies: string | undefined, name: string): string | undefined {
  for (const pair of cookies?.split(';') ?? []) {
    const [key = '', ...value] = pair.split('=');
    if (key.trim() === name)
      return value
        .join('=')
        .trim()
        .replace(/^"(.*)"$/, '$1');
  }
  return undefined;
}
