/** The name in a `Host` header, without port, in lower case; undefined if it is none. */
export function hostName(host: string | undefined): string | undefined {
  return /^(\[[0-9a-f:.]+\]|[^:/?#@\s[\]]+)(?::\d*)?$/i.exec(host ?? '')?.[1]?.toLowerCase();
}

/** Whether an `Origin` or a `Referer` is of the host that a request was sent to, whatever the scheme. */
export function isSameHost(url: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(url)) return false;
  const { protocol, host: theirs, username, password } = new URL(url);
  if ((protocol !== 'http:' && protocol !== 'https:') || username !== '' || password !== '') return false;
  const ours = URL.canParse(`${protocol}//${host}`) ? new URL(`${protocol}//${host}`).host : undefined;
  return theirs !== '' && theirs === ours;
}
