import { networkInterfaces } from 'node:os';
import type { Addresses, App } from '../app.ts';

/** What a person reads first, for a terminal: where it listens, the line to paste, and which identities count. */
export function banner(app: App, addresses: Addresses, notice?: string): string {
  const { url, sse, admin } = addresses;
  const { options } = app;
  const rows: [string, string][] = [['Local', url]];
  for (const network of networkUrls(app, addresses)) rows.push(['Network', network]);
  rows.push(['Stream', options.ssePath.length === 1 ? sse : options.ssePath.map((path) => url.slice(0, -1) + path).join('  ')]);
  const page = dashboardUrl(addresses);
  if (page !== undefined) rows.push(['Dashboard', page]);
  rows.push(['Publish', publishLine(admin, options.adminTokenFile)]);
  rows.push(['Clients', identities(app)]);
  if (notice !== undefined) rows.push(['Notice', notice]);
  return `\n${rows.map(([name, value]) => `  ${name.padEnd(9)} ${value}`).join('\n')}\n`;
}

/** The dashboard's page; undefined where admin has a socket, which no browser opens. */
export function dashboardUrl({ admin }: Addresses): string | undefined {
  return admin.startsWith('unix:') ? undefined : admin;
}

/** A line to paste that publishes. */
function publishLine(admin: string, tokenFile: string | undefined): string {
  const token = tokenFile === undefined ? '' : ` -H "Authorization: Bearer $(cat ${quoted(tokenFile)})"`;
  if (admin.startsWith('unix:'))
    return `curl --unix-socket ${quoted(admin.slice(5))}${token} -d hello http://localhost/admin/broadcast`;
  return `curl${token} -d hello ${admin}broadcast`;
}

function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Which identities count, in one line. */
export function identities({ options, selfDeclared, exposed }: App): string {
  const { users, jwtSecretFile, jwtKeyFile, jwksUrl, authUrl } = options;
  const keys = [jwtSecretFile, jwtKeyFile, jwksUrl].filter((place) => place !== undefined);
  const known = [
    ...(users === undefined ? [] : [`the tokens in ${users}`]),
    ...(authUrl === undefined ? [] : [`what ${authUrl} answers`]),
    ...(keys.length > 0 ? [`JWTs that ${keys.join(' or ')} verifies`] : []),
  ];
  if (known.length > 0)
    return `known by ${known.join(' and ')}${options.requireAuth || authUrl !== undefined ? '; others are refused' : '; others are anonymous'}`;
  if (selfDeclared)
    return `may declare themselves (${options.ssePath[0]}?profile=Administrator), because only this machine can connect`;
  return `are all anonymous, because ${exposed ? 'others than this machine can connect' : 'a reverse proxy was seen'}; --users, a JWT key or --auth-url makes them known`;
}

/** The URLs under which others reach a server that listens for all. */
export function networkUrls({ options }: App, { port }: Addresses): string[] {
  return networkAddresses(options.host).map((address) => `http://${address}:${port}/`);
}

/** The addresses under which others reach a server that listens for all. */
function networkAddresses(host: string | undefined): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [];
  const found = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return found.filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => address);
}
