import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Cleanup } from './program.ts';

/** A connection from a client through the relay to the server. */
interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** How many bytes of the server's may still pass. */
  allowance: number;
}

/** What may stand between a client and a server, and fail: passes bytes on, cuts connections, stops reading. */
export class Relay {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #onCut: () => void = () => {};

  private constructor(target: number) {
    this.#server = createServer((client) => this.#join(client, connect(target, '127.0.0.1')));
  }

  /** Listens on a free port and passes on to another of this machine. Ends with the test. */
  static async start(t: Cleanup, target: number): Promise<Relay> {
    const relay = new Relay(target);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    t.after(() => relay.stop());
    return relay;
  }

  /** The same URL by way of this relay. */
  through(url: string): string {
    const through = new URL(url);
    through.hostname = '127.0.0.1';
    through.port = String((this.#server.address() as AddressInfo).port);
    return through.href;
  }

  /** Resets what is open: whatever is still on its way is lost. */
  cut(): void {
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  /** Lets each open connection pass so many bytes more from the server, and ends it there. Settles when the first has ended. */
  cutAfter(bytes: number): Promise<void> {
    for (const pair of this.#pairs) pair.allowance = bytes;
    return new Promise((resolve) => {
      this.#onCut = resolve;
    });
  }

  /** Reads no more from the server on the connections that are open now: to the server, their clients hang. */
  stall(): void {
    for (const { server } of this.#pairs) server.pause();
  }

  /** Goes on reading where it stalled, and finds what became of the connection meanwhile. */
  resume(): void {
    for (const { server } of this.#pairs) server.resume();
  }

  async stop(): Promise<void> {
    const closed = once(this.#server.close(), 'close');
    this.cut();
    await closed;
  }

  #join(client: Socket, server: Socket): void {
    const pair: Pair = { client, server, allowance: Infinity };
    this.#pairs.add(pair);
    client.setNoDelay(true);
    client.on('data', (bytes) => server.write(bytes));
    client.on('end', () => server.end());
    server.on('data', (bytes) => this.#pass(pair, bytes));
    server.on('end', () => client.end());
    // A reset on one side is one on the other, as if nothing stood between.
    client.on('error', () => server.resetAndDestroy());
    server.on('error', () => client.resetAndDestroy());
    client.on('close', () => server.destroy());
    server.on('close', () => {
      this.#pairs.delete(pair);
      if (!client.writableEnded) client.destroy();
    });
  }

  #pass(pair: Pair, bytes: Buffer): void {
    const passing = bytes.subarray(0, pair.allowance);
    pair.allowance -= passing.length;
    if (pair.allowance > 0) return void pair.client.write(passing);
    pair.client.end(passing);
    pair.server.destroy();
    this.#onCut();
  }
}
