import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** A server of event streams, any there may be: it answers each request as the next of its answers says. */
export class StreamDouble {
  /** The headers of what it was asked. */
  readonly asked: IncomingHttpHeaders[] = [];
  readonly #server: Server;

  private constructor(answers: readonly ((res: ServerResponse) => void)[]) {
    this.#server = createServer((req, res) => {
      const answer = answers[this.asked.length];
      this.asked.push(req.headers);
      if (answer) answer(res);
      else res.writeHead(204).end();
    });
  }

  /** @param answers after them all there is no more: 204 */
  static async start(t: TestContext, ...answers: readonly ((res: ServerResponse) => void)[]): Promise<StreamDouble> {
    const double = new StreamDouble(answers);
    await once(double.#server.listen(0, '127.0.0.1'), 'listening');
    t.after(() => {
      double.#server.closeAllConnections();
      double.#server.close();
    });
    return double;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** The cursors that clients came with. */
  get cursors(): (string | undefined)[] {
    return this.asked.map((headers) => headers['last-event-id'] as string | undefined);
  }
}

/** Streams these bytes, and ends. */
export function stream(...pieces: readonly (string | Uint8Array)[]): (res: ServerResponse) => void {
  return (res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    for (const piece of pieces) res.write(piece);
    res.end();
  };
}

/** Streams these bytes, and breaks off. */
export function broken(bytes: string): (res: ServerResponse) => void {
  return (res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write(bytes, () => res.destroy());
  };
}

/** Another answer than a stream. */
export function status(code: number, headers: Readonly<Record<string, string>> = {}, body = ''): (res: ServerResponse) => void {
  return (res) => void res.writeHead(code, headers).end(body);
}
