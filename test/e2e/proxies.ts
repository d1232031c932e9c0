import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { whyNo } from '../support/needs.ts';
import { type Cleanup, PATIENCE, ROOT, Running, temporaryFolder } from '../support/program.ts';
import { freePort } from './nginx.ts';

/**
 * The proxies as `config/` tells people to set them up: these very files are started, and only what config/README.md says
 * is everybody's own is another here: the name, the ports, the paths of the certificate, and the folders of the system.
 */

export type ProxyName = 'nginx' | 'HAProxy' | 'Caddy';
export const PROXIES: readonly ProxyName[] = ['nginx', 'HAProxy', 'Caddy'];

/** A proxy that runs. */
export interface RunningProxy {
  readonly name: ProxyName;
  /** `https://localhost:…/` */
  readonly url: string;
  /** `http://localhost:…/`, which only leads to the other. */
  readonly plain: string;
  /** All that it has written: its output, its access log and its error log. */
  written(): string;
}

/** Debian has them where only root looks. */
const PATH = ['/usr/sbin', process.env.PATH].join(delimiter);
const env = { ...process.env, PATH };

/** For the `skip` of a suite. */
export const whyNoProxies = (): string | false =>
  whyNo('nginx', ['nginx', '-v'], env) ||
  whyNo('HAProxy', ['haproxy', '-v'], env) ||
  whyNo('Caddy', ['caddy', 'version'], env) ||
  whyNo('openssl', ['openssl', 'version'], env);

/** A certificate for `localhost`, in the three files that the configurations name, in a folder of its own. */
export function makeCertificate(): string {
  const folder = temporaryFolder();
  const file = (kind: string) => join(folder, `events.example.com.${kind}`);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', file('key')];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  execFileSync('openssl', ['req', '-x509', ...key, ...names, '-days', '2', '-out', file('crt')], { stdio: 'pipe' });
  writeFileSync(file('pem'), readFileSync(file('crt'), 'utf8') + readFileSync(file('key'), 'utf8'));
  return folder;
}

interface Place {
  readonly folder: string;
  readonly plainPort: number;
  readonly port: number;
  /** Another free one, for what a proxy serves beside. */
  readonly adminPort: number;
}

interface Kind {
  readonly file: string;
  /** What is everybody's own, beside the name, the certificate and the server's port, which are the same in all three. */
  adapt(text: string, place: Place): string;
  command(config: string, place: Place): [string, ...string[]];
  readonly logs: readonly string[];
}

const KINDS: Readonly<Record<ProxyName, Kind>> = {
  nginx: {
    file: 'nginx.conf',
    adapt: (text, { folder, plainPort, port }) =>
      ipv6(text, /^ *listen \[::\].*\n/gm)
        .replace(/^( *listen (?:\[::\]:)?)80\b/gm, `$1${plainPort}`)
        .replace(/^( *listen (?:\[::\]:)?)443\b/gm, `$1${port}`)
        .replaceAll(/server_name .*;/g, 'server_name localhost;')
        .replaceAll('/var/log/nginx/', `${folder}/`)
        .replace('/run/nginx.pid', `${folder}/nginx.pid`)
        // Its folders for temporary files are made when it starts, needed or not, and by default in the system's.
        .replace('http {', (line) => `${line}\n${temporaryPaths(folder)}`),
    // One process, so that it needs no user of its own and ends with its one id.
    command: (config, { folder }) => [
      'nginx',
      '-p',
      folder,
      '-c',
      config,
      '-e',
      'stderr',
      '-g',
      'daemon off; master_process off;',
    ],
    logs: ['access.log', 'error.log'],
  },
  HAProxy: {
    file: 'haproxy.cfg',
    adapt: (text, { plainPort, port }) =>
      ipv6(text, /,:::\d+ v6only/g)
        .replaceAll(/:80\b/g, `:${plainPort}`)
        .replaceAll(/:443\b/g, `:${port}`),
    command: (config) => ['haproxy', '-db', '-f', config],
    logs: [],
  },
  Caddy: {
    file: 'Caddyfile',
    adapt: (text, { plainPort, port, adminPort }) =>
      text
        .replace('localhost:2019', `localhost:${adminPort}`)
        .replace('events.example.com {', 'localhost {')
        .replace('http_port 80', `http_port ${plainPort}`)
        .replace('https_port 443', `https_port ${port}`)
        // Nobody would certify this machine.
        .replace('# tls ', 'tls '),
    command: (config) => ['caddy', 'run', '--config', config, '--adapter', 'caddyfile'],
    logs: [],
  },
};

/** Starts a proxy before a server of this machine, as its own process, with nothing of the system's. */
export async function startProxy(t: Cleanup, name: ProxyName, upstream: number, certificates: string): Promise<RunningProxy> {
  const kind = KINDS[name];
  const folder = temporaryFolder();
  const place: Place = { folder, plainPort: await freePort(), port: await freePort(), adminPort: await freePort() };
  const config = join(folder, kind.file);
  const documented = readFileSync(join(ROOT, 'config', kind.file), 'utf8');
  const text = kind.adapt(documented, place);
  writeFileSync(config, text.replaceAll('/etc/ssl', certificates).replaceAll('127.0.0.1:2015', `127.0.0.1:${upstream}`));
  const [file, ...args] = kind.command(config, place);
  const home = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const running = new Running(args, { command: [file], cwd: folder, env: { PATH, ...home } });
  t.after(() => running.kill());
  for (const port of [place.plainPort, place.port]) await listening(running, port);
  return {
    name,
    url: `https://localhost:${place.port}/`,
    plain: `http://localhost:${place.plainPort}/`,
    written: () =>
      running.stdout +
      running.stderr +
      kind.logs.map((log) => (existsSync(join(folder, log)) ? readFileSync(join(folder, log), 'utf8') : '')).join(''),
  };
}

/** Takes away what listens on IPv6 where the machine has none. */
function ipv6(text: string, lines: RegExp): string {
  const has = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ family }) => family === 'IPv6'));
  return has ? text : text.replaceAll(lines, '');
}

function temporaryPaths(folder: string): string {
  mkdirSync(join(folder, 'temp'));
  return ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${folder}/temp/${kind};`)
    .join(' ');
}

/** Settles when a port takes connections. */
function listening(proxy: Running, port: number): Promise<void> {
  return eventually(`port ${port} is open`, () => {
    if (proxy.ended) throw new Error(`it ended: ${proxy.stdout}${proxy.stderr}`);
    return new Promise<boolean>((resolve) => {
      const socket = connect(port, 'localhost', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
  });
}

/** Settles when a condition holds that nobody tells of: it can only be looked at again. Rejects when patience ends. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await delay(20);
  }
}
