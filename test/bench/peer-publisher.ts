import { connect } from 'node:net';
import type { PublishForm } from './contenders.ts';
import { PAYLOAD } from './peer-settings.ts';

/* Publishers on connections that are kept, in a process of their own. */

/** What this process is told: how long it publishes, or how often, and how. */
export interface PublishOrder {
  readonly port: number;
  readonly form: PublishForm;
  /** So many publishers, each of which waits for the answer before it goes on. */
  readonly publishers: number;
  /** In ms. */
  readonly span?: number;
  readonly count?: number;
  /** Events a second, whatever the answers do; not given: as fast as they are answered. */
  readonly rate?: number;
  /** Events for one of so many clients, in turn. */
  readonly clients: number;
}

/** What it answers in the end. */
export interface Published {
  readonly accepted: number;
  readonly failed: string;
}

const FILLING = 'x'.repeat(PAYLOAD - 'T=;'.length - 19);

async function publish({
  port,
  form,
  publishers,
  span = Infinity,
  count = Infinity,
  rate,
  clients,
}: PublishOrder): Promise<Published> {
  let sent = 0;
  let accepted = 0;
  let failed = '';
  const began = performance.now();
  const next = async (): Promise<string | undefined> => {
    if (failed !== '' || sent >= count || performance.now() - began >= span) return undefined;
    const number = sent++;
    const early = rate === undefined ? 0 : (number * 1000) / rate - (performance.now() - began);
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    const stamp = String(process.hrtime.bigint()).padStart(19, '0');
    // A step that meets all clients, far from each other.
    const client = String((number * 7919) % clients);
    const body = form.body.replace('{data}', `T=${stamp};${FILLING}`).replace('{n}', client);
    const path = form.path.replace('{n}', client);
    return `POST ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Type: ${form.type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  };
  const publisher = (): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      const goOn = async (): Promise<void> => {
        const request = await next();
        if (request === undefined) socket.destroy();
        else socket.write(request);
      };
      let answer = '';
      socket.on('data', (bytes) => {
        answer += bytes.toString('latin1');
        if (!isWhole(answer)) return;
        if (/^HTTP\/1\.1 20\d/.test(answer)) accepted++;
        else failed ||= answer.slice(0, 300);
        answer = '';
        void goOn();
      });
      socket.on('error', (error) => {
        failed ||= error.message;
      });
      socket.on('close', () => resolve());
      void goOn();
    });
  await Promise.all(Array.from({ length: publishers }, publisher));
  return { accepted, failed };
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = /^content-length: *(\d+)/im.exec(answer.slice(0, end))?.[1];
  return length === undefined ? answer.endsWith('0\r\n\r\n') : answer.length >= end + 4 + Number(length);
}

process.on('message', async (order: PublishOrder) => void process.send?.(await publish(order)));
process.once('disconnect', () => process.exit());
