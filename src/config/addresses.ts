import { isIP } from 'node:net';
import type { z } from 'zod';
import { isLoopbackName } from '../loopback.ts';
import { didYouMean } from '../nearest.ts';
import { quoted, structured } from './values.ts';

/** Where the admin listener stands: a TCP port — 0 is a free one; without a host on loopback — or a Unix socket. */
export type AdminListen = { readonly host?: string; readonly port: number } | { readonly path: string };

/** Whether a host to listen on can be reached from this machine only; no host is loopback. */
export function isLoopbackHost(host: string | undefined): boolean {
  return host === undefined || isLoopbackName(host);
}

/** All rules for a host to listen on. */
export function hostProblem(host: string): string | undefined {
  if (isIP(host) !== 0) return undefined;
  if (/^\[.*\]$/.test(host) && isIP(host.slice(1, -1)) === 6)
    return `an IPv6 address stands without brackets here: ${host.slice(1, -1)}`;
  if (host === '*') return `must be an address or a name; 0.0.0.0 listens on every IPv4 address, :: on every address`;
  if (/^[^:]+:\d+$/.test(host)) return `must be an address or a name without a port, not ${quoted(host)}; see --port`;
  return nameProblem(host);
}

/** All rules for a name that `Host` headers may carry. */
export function nameProblem(name: string): string | undefined {
  if (isIP(name) !== 0) return undefined;
  if (name.includes('://')) return `must be a host, not a URL: ${quoted(name)}`;
  // RFC 1123 §2.1, and the underscore that container platforms put into names.
  if (/^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/i.test(name))
    return undefined;
  return `must be a host name or an address, not ${quoted(name)}`;
}

function parseAdminListen(value: string): AdminListen | string {
  if (value.startsWith('unix:')) return value.length > 5 ? { path: value.slice(5) } : 'needs a path after unix:';
  const [, bracketed, plain, digits] = /^(?:(?:\[([^\]]*)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(value) ?? [];
  const host = bracketed ?? plain;
  if (digits === undefined) return `must be PORT, HOST:PORT, [IPv6]:PORT or unix:PATH, not ${quoted(value)}`;
  if (Number(digits) > 65_535) return `must have a port from 0 to 65535, not ${digits}`;
  if (host === undefined) return { port: Number(digits) };
  if (bracketed !== undefined && isIP(bracketed) !== 6)
    return `must have an IPv6 address in its brackets, not ${quoted(bracketed)}`;
  const problem = hostProblem(host);
  return problem === undefined ? { host, port: Number(digits) } : `its host ${problem}`;
}

function formatAdminListen(listen: AdminListen): string {
  if ('path' in listen) return `unix:${listen.path}`;
  if (listen.host === undefined) return String(listen.port);
  return `${isIP(listen.host) === 6 ? `[${listen.host}]` : listen.host}:${listen.port}`;
}

/** `port`, `host:port`, `[v6]:port` or `unix:PATH`. */
export const adminListen: z.ZodType<AdminListen, string> = structured(parseAdminListen, formatAdminListen);

const RANGES = ['loopback', 'linklocal', 'uniquelocal'] as const;

/** All rules for a proxy to trust: an address, a CIDR range, or a name that proxy-addr has for several. */
export function proxyProblem(value: string): string | undefined {
  if ((RANGES as readonly string[]).includes(value) || isIP(value) !== 0) return undefined;
  const [, address = '', bits] = /^(.*)\/(\d{1,3})$/.exec(value) ?? [];
  const version = isIP(address);
  if (version !== 0 && Number(bits) <= (version === 6 ? 128 : 32))
    // Then anybody could say where a request comes from.
    return Number(bits) > 0 ? undefined : 'must not be every address there is';
  const what = 'must be an address, a range such as 10.0.0.0/8, or one of loopback, linklocal, uniquelocal';
  return `${what}, not ${quoted(value)}${value.includes(',') ? '; give the flag once for each' : didYouMean(value, RANGES)}`;
}

/** All rules for an origin whose pages may open the stream, or `*` for any (Fetch standard, "CORS protocol"). */
export function originProblem(value: string): string | undefined {
  if (value === '*') return undefined;
  // What sandboxed frames and local files send; every one of them, so nobody in particular would be allowed.
  if (value === 'null') return "must not be 'null': any page can send that";
  const url = URL.canParse(value) && /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? new URL(value) : undefined;
  if (!url?.host)
    return `must be an origin such as https://app.example.com, not ${quoted(value)}${value.includes(',') ? '; give the flag once for each' : ''}`;
  const origin = `${url.protocol}//${url.host}`;
  // Browsers send it in exactly this form, and it is compared as text.
  return value === origin ? undefined : `must be an origin and nothing else: ${origin}, not ${quoted(value)}`;
}

/** All rules for the URL of an application that is asked. Within a cluster it is plain http, so that is no mistake. */
export function applicationUrlProblem(value: string): string | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    return `must be a URL such as http://localhost:3000/sse-auth, not ${quoted(value)}`;
  return url.username !== '' || url.password !== '' ? 'must not have a user and a password in it' : undefined;
}

/** All rules for a URL to fetch keys from. */
export function keysUrlProblem(value: string): string | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    return `must be a URL such as https://login.example.com/jwks.json, not ${quoted(value)}`;
  // It would be shown wherever the option is.
  if (url.username !== '' || url.password !== '') return 'must not have a user and a password in it';
  // Whoever is on the way could put a key of their own there.
  if (url.protocol === 'http:' && !isLoopbackName(url.hostname))
    return `must be https, or http on this machine, not ${quoted(value)}`;
  return undefined;
}
