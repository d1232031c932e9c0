import { connect } from 'node:net';

/* Clients that open a stream, read its opening, and go: half of them with a goodbye, half with a reset. In a process of its own. */

/** What this process is told, as a message, each time that it is to do it; it answers how many failed. */
export interface Churn {
  readonly url: string;
  readonly connections: number;
}

const AT_ONCE = 100;

process.on('message', async ({ url, connections }: Churn) => {
  const { hostname, port, pathname } = new URL(url);
  const head = `GET ${pathname} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`;
  let next = 0;
  let failed = 0;
  const visit = (number: number): Promise<void> =>
    new Promise((resolve) => {
      let isOpen = false;
      const socket = connect(Number(port), hostname);
      socket.on('data', (bytes) => {
        if (isOpen || !bytes.includes('sse.open')) return;
        isOpen = true;
        if (number % 2) socket.resetAndDestroy();
        else socket.destroy();
      });
      socket.on('error', () => {});
      socket.on('close', () => {
        if (!isOpen) failed++;
        resolve();
      });
      socket.write(head);
    });
  const some = async (): Promise<void> => {
    while (next < connections) await visit(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, some));
  process.send?.(failed);
});
