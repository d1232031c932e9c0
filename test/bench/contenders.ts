import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { type Cleanup, Running, startProgram, temporaryFolder } from '../support/program.ts';
import { HISTORY, HISTORY_AGE } from './peer-settings.ts';

/** A publish request. `{data}` stands for the event's data, `{n}` for the number of the client it is for. */
export interface PublishForm {
  readonly path: string;
  readonly type: string;
  readonly body: string;
}

/** A server that runs. In `ownStream`, `{n}` stands for the number of the client. */
export interface Served {
  /** Of the process that does the work. */
  readonly pid: number;
  readonly port: number;
  readonly stream: string;
  readonly ownStream: string;
  readonly toAll: PublishForm;
  readonly toOne: PublishForm;
  stop(): Promise<unknown>;
}

/** A server that is measured. */
export interface Contender {
  readonly name: string;
  /** Whether clients that return get what they missed. */
  readonly replays: boolean;
  /** Why it can't be measured on this machine, if so. */
  whyNot(): string | undefined;
  start(t: Cleanup): Promise<Served>;
}

const JSON_TYPE = 'application/json';

const ours: Contender = {
  name: 'sse-server',
  replays: true,
  whyNot: () => undefined,
  async start(t) {
    const args = ['--max-clients', '20000', '--log-level', 'warn'];
    const program = await startProgram(t, [...args, '--history-events', `${HISTORY}`, '--history-age', `${HISTORY_AGE}s`]);
    return {
      pid: program.pid,
      port: program.port,
      stream: '/sse',
      ownStream: '/sse?login=user-{n}',
      toAll: { path: '/admin/broadcast', type: JSON_TYPE, body: '{"data":"{data}"}' },
      toOne: { path: '/admin/broadcast', type: JSON_TYPE, body: '{"data":"{data}","filter":{"login":"user-{n}"}}' },
      stop: () => program.kill(),
    };
  },
};

/** One that is made here, on Node's own HTTP server. */
function made(name: string, file: URL, replays: boolean): Contender {
  return {
    name,
    replays,
    whyNot: () => undefined,
    async start(t) {
      const child = fork(file, { execArgv: ['--import', 'tsx'] });
      t.after(() => void child.kill('SIGKILL'));
      const [port] = (await once(child, 'message')) as [number];
      return {
        pid: child.pid as number,
        port,
        stream: '/sse',
        ownStream: '/sse?login=user-{n}',
        toAll: { path: '/publish', type: JSON_TYPE, body: '{"data":"{data}"}' },
        toOne: { path: '/publish', type: JSON_TYPE, body: '{"data":"{data}","to":"user-{n}"}' },
        stop: () => ended(child),
      };
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Where Debian and others put nginx's modules. */
const MODULES = ['/usr/lib/nginx/modules', '/usr/lib64/nginx/modules', '/usr/share/nginx/modules'];
const MODULE = MODULES.map((folder) => join(folder, 'ngx_nchan_module.so')).find((file) => existsSync(file));
const PATH = `/usr/sbin:${process.env.PATH}`;

const nchan: Contender = {
  name: 'nchan',
  replays: true,
  whyNot() {
    if (spawnSync('nginx', ['-v'], { env: { PATH } }).status !== 0) return 'there is no nginx (Debian: nginx-light)';
    return MODULE ? undefined : 'there is no nchan for nginx (Debian: libnginx-mod-nchan)';
  },
  async start(t) {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'temp'));
    const port = await freePort();
    writeFileSync(join(folder, 'nginx.conf'), nchanConfig(port));
    const nginx = new Running(['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'], { command: ['nginx'], env: { PATH } });
    t.after(() => nginx.kill());
    const pid = await nginx.until('its worker runs', () => {
      if (nginx.ended) throw new Error(`nginx ended: ${nginx.stderr}`);
      const started = /start worker process (\d+)/.exec(nginx.stderr);
      return started && Number(started[1]);
    });
    return {
      pid,
      port,
      stream: '/sse',
      ownStream: '/sse?to=user-{n}',
      toAll: { path: '/publish', type: 'text/plain', body: '{data}' },
      toOne: { path: '/publish?to=user-{n}', type: 'text/plain', body: '{data}' },
      stop: () => nginx.stop(),
    };
  },
};

/** As nchan's manual has it: a channel for all, and one for each who is to be reached alone; one worker, nothing logged for a request. */
function nchanConfig(port: number): string {
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path temp/${kind};`);
  return `load_module ${MODULE}; daemon off; pid nginx.pid; error_log stderr notice; user ${userName()};
worker_processes 1; worker_rlimit_nofile ${fileLimit()};
events { worker_connections ${fileLimit() - 100}; }
http {
  access_log off; tcp_nodelay on; keepalive_requests 1000000; ${temp.join(' ')}
  nchan_shared_memory_size 256m;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /sse { nchan_subscriber eventsource; nchan_channel_id "c-$arg_to"; nchan_subscriber_first_message newest; }
    location = /publish {
      nchan_publisher; nchan_channel_id "c-$arg_to";
      nchan_message_buffer_length ${HISTORY}; nchan_message_timeout ${HISTORY_AGE}s;
    }
  }
}
`;
}

function userName(): string {
  return spawnSync('id', ['-un'], { encoding: 'utf8' }).stdout.trim();
}

/** How many files a process may open. */
function fileLimit(): number {
  const limit = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);
  return Number.isFinite(limit) ? limit : 65_536;
}

/** nginx cannot be told to take one itself. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

/** All of them, ours first. */
export const CONTENDERS: readonly Contender[] = [
  ours,
  nchan,
  made('better-sse', new URL('peer-better-sse.ts', import.meta.url), true),
  made('plain res.write', new URL('peer-plain.ts', import.meta.url), false),
];
