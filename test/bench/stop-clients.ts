import { connect } from 'node:net';

/*
 * Clients that are there when the server stops, in a process of their own: they note the reconnection time that each is
 * given and when it was ended. Some read nothing any more once they are told to.
 */

/** What this process is told, as JSON, in its argument. */
export interface Staying {
  readonly port: number;
  readonly clients: number;
  /** Of these, so many stop reading. */
  readonly stalled: number;
}

/** What it says once all are in: how fast the server took them, at most, in a second. */
export interface Entered {
  readonly accepted: number;
}

/** What it says once all are ended. */
export interface Ended {
  /** Of each that had a goodbye: when it is back, in ms after the first goodbye. */
  readonly returns: readonly number[];
  /** Ended without a goodbye. */
  readonly unheard: number;
}

const { port, clients, stalled } = JSON.parse(process.argv[2] ?? '') as Staying;
const opened: number[] = [];
const byes: { readonly at: number; readonly retry: number }[] = [];
let left = clients;

for (let n = 0; n < clients; n++) {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  let tail = '';
  let isIn = false;
  let isHeard = false;
  socket.setEncoding('latin1').on('data', (text: string) => {
    tail = (tail + text).slice(-2000);
    if (!isIn && tail.includes('sse.open')) {
      isIn = true;
      if (n < stalled) socket.pause();
      if (opened.push(performance.now()) === clients) process.send?.({ accepted: fastest(opened) } satisfies Entered);
    }
    const [goodbye = ''] = tail.split('\n\n').slice(-2);
    if (isHeard || !tail.endsWith('\n\n') || !goodbye.includes('event: sse.bye')) return;
    isHeard = true;
    const [, retry] = /^retry: (\d+)$/m.exec(goodbye) ?? [];
    byes.push({ at: performance.now(), retry: Number(retry) });
  });
  socket.on('close', () => {
    if (--left > 0) return;
    const first = Math.min(...byes.map(({ at }) => at));
    const returns = byes.map(({ at, retry }) => at - first + retry);
    process.send?.({ returns, unheard: clients - byes.length } satisfies Ended);
  });
  socket.write('GET /sse HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n');
}

// A stalled client closes nothing by itself: only what the server does to it counts, and that is seen once it reads.
process.on('message', () => process.exit(0));

/** Over the whole crowd: as many in a second as it really took, not what a burst may look like. */
function fastest(times: readonly number[]): number {
  const first = times[0] as number;
  const last = times.at(-1) as number;
  return (times.length / Math.max(1, last - first)) * 1000;
}
