import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What is published to a peer that is made here: to everyone, or to one login. */
export interface Order {
  readonly data: string;
  readonly to?: string;
}

interface Peer {
  stream(req: IncomingMessage, res: ServerResponse, login: string | null): void | Promise<void>;
  publish(order: Order): void;
}

/** What our server is given in place of a framework: `GET /sse?login=`, and `POST /publish` with JSON. Says its port when it listens. */
export function servePeer(peer: Peer): void {
  const server = createServer({ noDelay: true }, async (req, res) => {
    const url = new URL(req.url ?? '/', 'http://localhost');
    if (req.method !== 'POST') return void (await peer.stream(req, res, url.searchParams.get('login')));
    let body = '';
    for await (const part of req.setEncoding('utf8')) body += part;
    peer.publish(JSON.parse(body) as Order);
    res.writeHead(202, { 'content-length': 0 }).end();
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => process.send?.((server.address() as AddressInfo).port));
  process.once('disconnect', () => process.exit());
}
