import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { whyNo } from '../support/needs.ts';
import { type Cleanup, Running, temporaryFolder } from '../support/program.ts';

/** What the manuals of event streams tell people to write. */
export const STREAM_LINES = "proxy_http_version 1.1; proxy_set_header Connection ''; proxy_buffering off;";

/** Debian has it where only root looks. */
const PATH = ['/usr/sbin', process.env.PATH].join(delimiter);

/** For the `skip` of a suite. */
export const whyNoNginx = (): string | false => whyNo('nginx', ['nginx', '-v'], { ...process.env, PATH });

/** An nginx in front of a server of this machine, on a free port, with nothing of the system's configuration. Answers its URL. */
export async function startNginx(t: Cleanup, { upstream, lines = '' }: { upstream: string; lines?: string }): Promise<string> {
  const prefix = temporaryFolder();
  mkdirSync(join(prefix, 'temp'));
  const port = await freePort();
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path temp/${kind};`).join(' ');
  writeFileSync(
    join(prefix, 'nginx.conf'),
    // One process, so that it needs no user of its own and ends with its one id.
    `daemon off; master_process off; pid nginx.pid; error_log stderr notice;
    events { worker_connections 256; }
    http {
      access_log off; ${temp}
      server {
        listen 127.0.0.1:${port};
        location / { proxy_pass ${upstream}; ${lines} }
      }
    }
    `,
  );
  const nginx = new Running(['-p', prefix, '-c', 'nginx.conf', '-e', 'stderr'], { command: ['nginx'], env: { PATH } });
  t.after(() => nginx.kill());
  await nginx.until('it runs', () => {
    if (nginx.ended) throw new Error(`nginx ended: ${nginx.stderr}`);
    return nginx.stderr.includes('start worker process') || nginx.stderr.includes('using the "epoll" event method');
  });
  await answers(port);
  return `http://127.0.0.1:${port}/`;
}

/** It cannot be told to take a free one itself. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

/** The socket is bound before the first line of the log. */
async function answers(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
}
