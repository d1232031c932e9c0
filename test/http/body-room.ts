import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { TestServer, type Wire } from '../support/server.ts';

/** What request bodies take together, and may take, in bytes. */
export interface Use {
  readonly limit: number;
  readonly used: number;
}

/** A server with room for two bodies of 1 KiB. */
export function startSmall(t: TestContext): Promise<TestServer> {
  return TestServer.start(t, { bodyLimit: '1kb' }, { memory: { heap: 1024, total: 1024 } });
}

export async function roomOf(server: TestServer): Promise<Use> {
  const { body } = await server.send('GET /admin/stats');
  return (JSON.parse(body) as { limits: { bodies: Use } }).limits.bodies;
}

/** Settles when bodies take so much. The server is asked again and again, by which time passes. */
export async function untilUsed(server: TestServer, bytes: number): Promise<void> {
  for (let n = 0; n < 1000; n++) if ((await roomOf(server)).used === bytes) return;
  assert.equal((await roomOf(server)).used, bytes);
}

/** Begins a body of this size: it takes its room until it is whole, or for 10 s. */
export function beginBody(server: TestServer, size: number): Wire {
  return server.connect().send(`POST /admin/broadcast HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${size}\r\n\r\nx`);
}

/** Takes all the room of a server that `startSmall` started. */
export async function takeRoom(server: TestServer): Promise<readonly [Wire, Wire]> {
  const wires = [beginBody(server, 1024), beginBody(server, 1024)] as const;
  await untilUsed(server, 2048);
  return wires;
}
