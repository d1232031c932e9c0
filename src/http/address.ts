import type { IncomingMessage } from 'node:http';
import proxyAddr from 'proxy-addr';

/**
 * Finds the address of the client behind a request.
 *
 * @param proxies the proxies that may name it in `X-Forwarded-For`: `loopback`, `linklocal`, `uniquelocal`, addresses
 *   or CIDR ranges. The right-most address that is not one of them counts, since anything left of it may be made up. None: the peer's.
 */
export function clientAddress(proxies: readonly string[]): (req: IncomingMessage) => string {
  if (proxies.length === 0) return (req) => plain(req.socket.remoteAddress);
  const trust = proxyAddr.compile([...proxies]);
  return (req) => plain(proxyAddr(req, trust));
}

/** IPv4 written as IPv6 is IPv4, so that one client has one address. */
function plain(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
}
