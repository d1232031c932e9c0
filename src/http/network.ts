/**
 * Whose address it is, as far as limits go: an IPv4 address is itself, an IPv6 address stands for its /64, which is the least that
 * anybody is given (RFC 6177): whoever has one has 2^64 addresses. Empty for none, as of a unix socket.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const groups = groupsOf(address);
  // Written in one of the other ways that IPv4 has in IPv6 (RFC 4291 §2.5.5.2).
  const isIpv4 = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isIpv4)
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 255])
      .join('.');
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/** The eight groups of an IPv6 address, whatever way it is written; without its zone, which others cannot see. */
function groupsOf(address: string): number[] {
  const [plain = ''] = address.split('%', 1);
  const url = `http://[${plain}]`;
  // In one spelling of many, with no dotted part (WHATWG URL, "IPv6 serializer").
  const canonical = URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : '::';
  const [head = '', tail] = canonical.split('::');
  const read = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const [before, after] = [read(head), read(tail ?? '')];
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}
