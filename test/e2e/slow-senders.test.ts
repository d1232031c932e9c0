import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { type Program, startProgram } from '../support/program.ts';

/** So many of each kind; `npm run bench` does it with a thousand. */
const MANY = 50;
/** Until the last of them is cut off, in ms. */
const LATEST = 12_000;
/** How often one of them sends a byte more, in ms. */
const PACE = 500;

/** Sends a head, then a byte at a time for as long as it may. @returns what it heard, and after how many ms it was cut off */
function drip(t: TestContext, { url }: Program, head: string): Promise<{ heard: string; time: number }> {
  const began = performance.now();
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  t.after(() => void socket.destroy());
  let heard = '';
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`not cut off in ${LATEST} ms: ${head}`)), LATEST);
    const dripping = setInterval(() => socket.write('x'), PACE);
    socket.setEncoding('latin1').on('data', (text: string) => {
      heard += text;
    });
    socket.write(head);
    // What it goes on to write meets a reset.
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(late);
      clearInterval(dripping);
      resolve({ heard, time: performance.now() - began });
    });
  });
}

describe('at its real settings, the program', () => {
  it('cuts slow headers and slow bodies off within 12 s, and answers everybody else meanwhile', async (t) => {
    const program = await startProgram(t, ['--log-format', 'json']);
    const publish = 'POST /admin/broadcast HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\nhalf';
    const heads = ['GET /sse HTTP/1.1\r\nHost: localhost\r\nX-Slow: ', publish].flatMap((head) => Array<string>(MANY).fill(head));
    let over = false;
    const cut = Promise.all(heads.map((head) => drip(t, program, head))).finally(() => {
      over = true;
    });
    let longest = 0;
    while (!over) {
      const began = performance.now();
      assert.equal((await fetch(`${program.url}livez`)).status, 200);
      longest = Math.max(longest, performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    for (const { heard, time } of await cut) {
      assert.match(heard, /^HTTP\/1\.1 408 Request Timeout\r\n/);
      assert(time > 5000, `a slow network is no attack: ${time} ms`);
    }
    assert(longest < 2000, `others waited ${longest} ms`);
    const metrics = await (await fetch(`${program.url}metrics`)).text();
    assert.match(metrics, new RegExp(`^sse_refusals_total\\{code="timeout"\\} ${2 * MANY}$`, 'm'));
  });
});
