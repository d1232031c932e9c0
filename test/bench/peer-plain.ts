import type { ServerResponse } from 'node:http';
import { type Order, servePeer } from './peer-server.ts';

/* The loop that people write first: a set of responses, and a write to each. No history, and nobody looks whether a client keeps up. */

const clients = new Map<ServerResponse, string | null>();
let last = 0;

servePeer({
  stream(req, res, login) {
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    res.flushHeaders();
    clients.set(res, login);
    req.on('close', () => clients.delete(res));
  },
  publish({ data, to }: Order) {
    const frame = Buffer.from(`id: ${++last}\ndata: ${data}\n\n`);
    for (const [res, login] of clients) if (to === undefined || to === login) res.write(frame);
  },
});
