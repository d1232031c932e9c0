import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { inNetworkOf, OWN_NETWORK, whyNoFirewall } from '../support/network.ts';
import { PROGRAM, type Program, startProgram, temporaryFolder, Waiting } from '../support/program.ts';

/** Asks admin by its unix socket, which reaches into any network. */
function ask(socketPath: string, path: string, body?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const headers = { host: 'localhost', ...(body !== undefined && { 'content-type': 'text/plain' }) };
    request({ socketPath, path, method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve(text));
    })
      .on('error', reject)
      .end(body);
  });
}

interface Reader {
  readonly child: ChildProcess;
  readonly id: string;
}

/** curl beside the program, in its network. */
async function reads(t: { after(done: () => void): void }, program: Program, port: number): Promise<Reader> {
  const [file, ...args] = [
    ...inNetworkOf(program.pid),
    'curl',
    '-sN',
    '--local-port',
    String(port),
    program.sse.replace('localhost', '127.0.0.1'),
  ];
  const child = spawn(file as string, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => void child.kill('SIGKILL'));
  let text = '';
  const waiting = new Waiting(() => text);
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    if (text.length < 1000) text += part;
    waiting.changed();
  });
  return { child, id: await waiting.until('its stream is open', () => /"client":"(\w+)"/.exec(text)?.[1]) };
}

/** The kernel's lines of the connections from a port of a client, as fields. */
function rows(program: Program, port: number): string[][] {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = readFileSync(`/proc/${program.pid}/net/tcp`, 'latin1').split('\n');
  return lines.map((line) => line.trim().split(/\s+/)).filter(([, , remote]) => remote?.endsWith(end));
}

describe('a client that is cut off by a firewall', { skip: whyNoFirewall() }, () => {
  it('is gone from the list within 30 s, and one that only does not read is not', { timeout: 60_000 }, async (t) => {
    const socket = join(temporaryFolder(), 'admin');
    const args = [
      '--heartbeat',
      '1s',
      '--stall-time',
      '1h',
      '--history-bytes',
      '256mb',
      '--retry',
      '500ms',
      '--admin-listen',
      `unix:${socket}`,
    ];
    const program = await startProgram(t, args, { command: [...OWN_NETWORK, process.execPath, ...PROGRAM] });
    const [cut, stopped, fine] = [await reads(t, program, 4001), await reads(t, program, 4002), await reads(t, program, 4003)];
    assert.equal(rows(program, 4003)[0]?.[5]?.split(':')[0], '02', 'while nothing is under way, TCP keepalive is');

    // Its kernel takes what there is room for, and then says that there is none.
    stopped.child.kill('SIGSTOP');
    const clients = async () =>
      new Map(
        (JSON.parse(await ask(socket, '/admin/clients')) as { clients: { client: string; state: string }[] }).clients.map(
          ({ client, state }) => [client, state],
        ),
      );
    while ((await clients()).get(stopped.id) !== 'blocked') await ask(socket, '/admin/broadcast', 'x'.repeat(1_000_000));

    const [enter, ...inside] = [...inNetworkOf(program.pid), 'iptables', '-A', 'INPUT', '-p', 'tcp'];
    for (const end of ['--sport', '--dport']) execFileSync(enter as string, [...inside, end, '4001', '-j', 'DROP']);
    const began = performance.now();
    const closed = await new Promise<Record<string, unknown>>((resolve, reject) => {
      setTimeout(() => reject(new Error('still there after 30 s')), 30_000 - (performance.now() - began)).unref();
      const look = setInterval(() => {
        const line = program.log.find(({ msg, client }) => msg === 'stream closed' && client === cut.id);
        if (!line) return;
        clearInterval(look);
        resolve(line);
      }, 50);
      t.after(() => clearInterval(look));
    });
    t.diagnostic(`gone after ${((performance.now() - began) / 1000).toFixed(1)} s`);
    assert.equal(closed.reason, 'left');
    assert.equal(closed.vanished, true);
    assert.deepEqual([...(await clients()).keys()].sort(), [stopped.id, fine.id].sort());
    assert.match(await ask(socket, '/metrics'), /^sse_vanished_total 1$/m);
    assert.equal(rows(program, 4002)[0]?.[5]?.split(':')[0], '04', 'the one without room is asked whether it has some');
  });
});
