/** Whether an address is this machine's own: 127.0.0.0/8, ::1, and the first written as IPv6. */
export function isLoopbackAddress(address: string): boolean {
  const ipv4 = address.replace(/^::ffff:(?=\d+\.)/i, '');
  return address === '::1' || /^127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/.test(ipv4);
}

/** Whether a host name means this machine wherever it is looked up: `localhost`, `*.localhost` (RFC 6761 §6.3) or a loopback address. */
export function isLoopbackName(name: string): boolean {
  return /^([^.].*\.)?localhost\.?$/i.test(name) || isLoopbackAddress(name.replace(/^\[(.*)\]$/, '$1'));
}
