import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

/** Whether an address is this machine's own: 127.0.0.0/8, ::1, and the first written as IPv6. */
export function isLoopbackAddress(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && loopback.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

/** Whether a host name means this machine wherever it is looked up: `localhost`, `*.localhost` (RFC 6761 §6.3) or a loopback address. */
export function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || isLoopbackAddress(name.replace(/^\[(.*)\]$/, '$1'));
}

/** The name in a `Host` header, without port, in lower case; undefined if it is none. */
export function hostName(host: string | undefined): string | undefined {
  return /^(\[[0-9a-f:.]+\]|[^:/?#@\s[\]]+)(?::\d*)?$/i.exec(host ?? '')?.[1]?.toLowerCase();
}

/** Whether an `Origin` or a `Referer` is of the host that a request was sent to, whatever the scheme. */
export function isSameHost(url: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(url)) return false;
  const { protocol, host: theirs } = new URL(url);
  const ours = URL.canParse(`${protocol}//${host}`) ? new URL(`${protocol}//${host}`).host : undefined;
  return theirs !== '' && theirs === ours;
}
