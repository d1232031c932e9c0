import { chmodSync, lstatSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect, type ListenOptions } from 'node:net';
import { SseError } from '../errors.ts';

/** Where to listen. */
export type Where =
  /** `host` undefined: both loopback addresses. Port 0: a free one. `mayMove`: a busy port is left for the next free one. */
  | { readonly host?: string; readonly port: number; readonly mayMove: boolean }
  /** A unix socket, for its owner only. */
  | { readonly path: string };

/** Servers that listen at one place. */
export interface Listener {
  /** 0 for a unix socket. */
  readonly port: number;
  /** Takes no new connections; settles when the last one is gone. */
  close(): Promise<void>;
  /** Ends whatever is still open. */
  destroy(): void;
}

/** How many ports a default one may move on. */
const MOVES = 100;
const LOOPBACK = ['127.0.0.1', '::1'] as const;

/**
 * Listens.
 * @param make a server for each address; they share whatever handles their requests
 * @throws SseError `address-in-use` when the port is taken, `start-failed` when it can't be had for another reason
 */
export async function listen(make: () => Server, where: Where): Promise<Listener> {
  if ('path' in where) return listenUnix(make, where.path);
  for (let moves = 0; ; moves++) {
    const port = where.port === 0 ? 0 : where.port + moves;
    try {
      const servers =
        where.host === undefined ? await listenLoopback(make, port) : [await listenAt(make(), { host: where.host, port })];
      return listenerOf(servers);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      // With port 0, the free one of the first address may be taken at the second: another try finds another.
      const again = where.port === 0 || where.mayMove;
      if (code === 'EADDRINUSE' && again && moves < MOVES && port < 65_535) continue;
      const at = `${where.host ?? 'localhost'}:${port}`;
      if (code === 'EADDRINUSE')
        throw new SseError('address-in-use', `${at} is in use by another program; give another --port, or 0 for a free one`);
      if (code === 'EACCES')
        throw new SseError('start-failed', `${at} may not be listened at by this user; ports below 1024 need a right for it`);
      throw new SseError('start-failed', `cannot listen at ${at}: ${message}`);
    }
  }
}

async function listenLoopback(make: () => Server, port: number): Promise<Server[]> {
  const [ipv4, ipv6] = LOOPBACK;
  const first = await listenAt(make(), { host: ipv4, port });
  try {
    return [first, await listenAt(make(), { host: ipv6, port: portOf(first) })];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A machine without IPv6 has only the one.
    if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return [first];
    first.close();
    throw error;
  }
}

async function listenUnix(make: () => Server, path: string): Promise<Listener> {
  const attempt = async () => {
    const server = await listenAt(make(), { path });
    chmodSync(path, 0o600);
    return listenerOf([server]);
  };
  try {
    return await attempt();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE') throw new SseError('start-failed', `cannot listen at unix:${path}: ${message}`);
    // Left behind by a process that was killed: a socket at which nobody answers. Anything else is not ours to remove.
    if (!lstatSync(path).isSocket())
      throw new SseError('start-failed', `cannot listen at unix:${path}: there is a file of that name`);
    if (!(await isAbandoned(path))) throw new SseError('address-in-use', `unix:${path} is in use by another program`);
    rmSync(path);
    return attempt();
  }
}

function isAbandoned(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    const socket = connect(path, () => done(false)).on('error', (error: NodeJS.ErrnoException) =>
      done(error.code === 'ECONNREFUSED'),
    );
  });
}

function listenAt(server: Server, options: ListenOptions): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // A backlog for clients that all come back at once.
    server.listen({ ...options, backlog: 4096 }, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function listenerOf(servers: readonly Server[]): Listener {
  return {
    port: portOf(servers[0] as Server),
    close: async () => {
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    },
    destroy: () => {
      for (const server of servers) server.closeAllConnections();
    },
  };
}
