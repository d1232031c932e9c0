import { Agent, request } from 'node:http';
import { connect } from 'node:net';

/*
 * The load beside an open dashboard, in a process of its own: clients that only take what they get, and a publisher that
 * keeps to a rate.
 */

/** What this process is told, as JSON, in its argument. */
export interface Load {
  readonly sse: string;
  readonly admin: string;
  readonly clients: number;
  /** So many of them have the profile that the events are for. */
  readonly chosen: number;
  /** Events a second. */
  readonly rate: number;
}

/** What it says: how many are connected, and after each second how many events were taken and how many bytes came. */
export type Said = { readonly connected: number } | { readonly published: number; readonly bytes: number };

/** So many connect at a time. */
const AT_ONCE = 50;
/** Between two groups of events, in ms. */
const TICK = 10;

const { sse, admin, clients, chosen, rate } = JSON.parse(process.argv[2] ?? '') as Load;
const say = (said: Said): void => void process.send?.(said);
const { hostname, port, pathname } = new URL(sse);
let bytes = 0;

function open(index: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const who = `id=${index}&login=user${index}&profile=${index < chosen ? 'Chosen' : 'Member'}`;
    const socket = connect(Number(port), hostname);
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      resolve();
    });
    socket.write(`GET ${pathname}?${who} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`);
  });
}

let next = 0;
async function openSome(): Promise<void> {
  while (next < clients) await open(next++);
}
await Promise.all(Array.from({ length: AT_ONCE }, openSome));
say({ connected: clients });

const agent = new Agent({ keepAlive: true, maxSockets: 32 });
const url = new URL('broadcast', admin);
const headers = { 'content-type': 'application/json' };
let published = 0;
function publish(number: number): void {
  const asked = request(url, { method: 'POST', agent, headers }, (response) => {
    response.resume();
    if (response.statusCode === 202) published++;
  });
  asked.end(JSON.stringify({ event: 'price', data: { number, text: 'x'.repeat(80) }, filter: { profile: 'Chosen' } }));
}
const begun = performance.now();
let asked = 0;
setInterval(() => {
  const due = Math.floor(((performance.now() - begun) * rate) / 1000);
  while (asked < due) publish(asked++);
}, TICK);
setInterval(() => {
  say({ published, bytes });
  published = 0;
  bytes = 0;
}, 1000);
