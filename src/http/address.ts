import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import proxyAddr from 'proxy-addr';
import { header } from './exchange.ts';

/**
 * Finds the address of the client behind a request.
 *
 * @param proxies the proxies that may name it in `X-Forwarded-For`: `loopback`, `linklocal`, `uniquelocal`, addresses
 *   or CIDR ranges. The right-most address that is not one of them counts, since anything left of it may be made up. None: the peer's.
 */
export function clientAddress(proxies: readonly string[]): (req: IncomingMessage) => string {
  if (proxies.length === 0) return (req) => plain(req.socket.remoteAddress);
  const trust = proxyAddr.compile([...proxies]);
  // A proxy that passes on whatever it gets would let clients choose any text for their address: what is none does not count.
  return (req) => plain(proxyAddr.all(req, trust).findLast((address) => isIP(address ?? '') !== 0));
}

/** Finds out whether a request comes straight from a trusted proxy. @param proxies as above */
export function cameByProxy(proxies: readonly string[]): (req: IncomingMessage) => boolean {
  const trust = proxyAddr.compile([...proxies]);
  return (req) => trust(plain(req.socket.remoteAddress), 0);
}

/** Finds out whether a client spoke HTTPS to the trusted proxy that handed its request on. @param proxies as above */
export function cameByHttps(proxies: readonly string[]): (req: IncomingMessage) => boolean {
  const isProxy = cameByProxy(proxies);
  // Of several, the last is what the nearest proxy says.
  return (req) => isProxy(req) && /(?:^|,)\s*https\s*$/i.test(header(req, 'x-forwarded-proto') ?? '');
}

/** IPv4 written as IPv6 is IPv4, so that one client has one address. */
function plain(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
}
