import type { OutgoingHttpHeaders } from 'node:http';
import { SseError } from '../errors.ts';
import { isLoopbackName } from '../loopback.ts';
import { isSameHost } from './host.ts';

/** Which pages of other origins may open the stream. */
export interface CorsOptions {
  /** Origins such as `https://app.example.com`, or `*` for any, without cookies. */
  readonly origins: readonly string[];
  /** Whether pages served by this machine may too: the default while the server is not exposed. */
  readonly loopback: boolean;
}

/**
 * The CORS headers of an answer of the stream (Fetch standard, "CORS protocol").
 * An origin that is not allowed is refused outright: its browser would drop the events and hold a connection.
 *
 * @throws SseError `forbidden`
 */
export function corsHeaders(origin: string | undefined, host: string | undefined, options: CorsOptions): OutgoingHttpHeaders {
  if (origin === undefined || isSameHost(origin, host)) return { vary: 'Origin' };
  if (isAllowedOrigin(origin, host, options))
    return { vary: 'Origin', 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' };
  if (options.origins.includes('*')) return { 'access-control-allow-origin': '*' };
  // What is opened from a disk, and what is sandboxed, has no origin (HTML, "opaque origin").
  const pages =
    origin === 'null'
      ? 'pages that come from no server, such as a file opened in the browser,'
      : `pages of ${JSON.stringify(origin)}`;
  throw new SseError('forbidden', `${pages} may not open this stream; see --cors`);
}

/** Whether pages of an origin may act in the name of whoever looks at them: it is this server's own, or allowed by its name. */
export function isAllowedOrigin(origin: string, host: string | undefined, { origins, loopback }: CorsOptions): boolean {
  if (isSameHost(origin, host) || origins.includes(origin)) return true;
  return loopback && URL.canParse(origin) && isLoopbackName(new URL(origin).hostname);
}

/** The answer to a preflight, besides the headers above. */
export function preflight(methods: string): OutgoingHttpHeaders {
  return {
    'access-control-allow-methods': methods,
    'access-control-allow-headers': 'Authorization, Cache-Control, Last-Event-ID',
    'access-control-max-age': '600',
  };
}
