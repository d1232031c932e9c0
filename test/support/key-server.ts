import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Cleanup } from './program.ts';

/** An identity provider's key server, on loopback. What it answers can be changed at any time. */
export class KeyServer {
  url = '';
  /** How often it was asked. */
  requests = 0;
  /** Default: the keys as JSON. */
  answer: (response: ServerResponse) => void = (response) => void response.end(JSON.stringify({ keys: this.keys }));
  keys: readonly object[];

  private constructor(keys: readonly object[]) {
    this.keys = keys;
  }

  static async start(t: Cleanup, keys: readonly object[] = []): Promise<KeyServer> {
    const keyServer = new KeyServer(keys);
    const server = createServer((_, response) => {
      keyServer.requests++;
      keyServer.answer(response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    keyServer.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    return keyServer;
  }
}
