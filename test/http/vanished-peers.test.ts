import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { connectionKey } from '../../src/http/tcp-table.ts';
import { VanishedPeers } from '../../src/http/vanished-peers.ts';
import type { Activity } from '../../src/hub/activity.ts';
import { temporaryFolder } from '../support/program.ts';

const ENDS = { localAddress: '127.0.0.1', localPort: 8080, remoteAddress: '10.0.0.1', remotePort: 5000 };

interface Row {
  readonly timer: number;
  readonly retransmits: number;
  readonly queued?: number;
}

/** Watches one stream by a table that the test writes, and a clock that it sets. */
function watching() {
  const table = join(temporaryFolder(), 'tcp');
  const clock = { time: 0 };
  const peers = new VanishedPeers({ tables: [table], elapsed: () => clock.time, observe: () => {} });
  const stream = {
    queued: 0,
    vanished: false,
    vanish: () => {
      stream.vanished = true;
    },
  };
  const done = peers.watch(ENDS, stream);
  const hex = (value: number, digits: number) => value.toString(16).toUpperCase().padStart(digits, '0');
  const look = async (seconds: number, row?: Row) => {
    clock.time += seconds * 1000;
    const line = ({ timer, retransmits, queued = 100 }: Row) =>
      `   0: ${connectionKey(ENDS)} 01 ${hex(queued, 8)}:00000000 ${hex(timer, 2)}:00000BB8 ${hex(retransmits, 8)}     0        0 1 3 0 20 4 30 10 -1\n`;
    writeFileSync(table, `  sl  local_address rem_address\n${row ? line(row) : ''}`);
    await peers.scan();
  };
  return { stream, look, done };
}

test('a peer that acknowledges nothing for 15 s, however often it is sent to, has vanished', async () => {
  const { stream, look } = watching();
  await look(3, { timer: 1, retransmits: 1 });
  for (let retransmits = 2; retransmits <= 5; retransmits++) await look(3, { timer: 1, retransmits });
  assert.equal(stream.vanished, false);
  await look(3, { timer: 1, retransmits: 6 });
  assert.equal(stream.vanished, true);
});

test('two tries that were lost are no proof, and an acknowledgement in between begins the time anew', async () => {
  const { stream, look } = watching();
  for (let second = 0; second < 60; second += 3) await look(3, { timer: 1, retransmits: 2 });
  assert.equal(stream.vanished, false);
  for (let round = 0; round < 5; round++)
    for (let retransmits = 1; retransmits <= 4; retransmits++) await look(3, { timer: 1, retransmits });
  assert.equal(stream.vanished, false);
  await look(3);
  for (let retransmits = 3; retransmits <= 7; retransmits++) await look(3, { timer: 1, retransmits });
  assert.equal(stream.vanished, false);
});

test('a peer that has no room is slow and never vanished, and its stream knows what waits in the kernel', async () => {
  const { stream, look } = watching();
  for (let second = 0; second < 600; second += 3) await look(3, { timer: 4, retransmits: 9, queued: 5000 });
  assert.equal(stream.vanished, false);
  assert.equal(stream.queued, 5000);
  await look(3);
  assert.equal(stream.queued, 0);
});

test('a stream that has ended is not watched any more', async () => {
  const { stream, look, done } = watching();
  await look(3, { timer: 1, retransmits: 5 });
  done();
  await look(30, { timer: 1, retransmits: 9 });
  assert.equal(stream.vanished, false);
});

test('a system without such a list is left alone; one whose list cannot be read is told of, once', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const folder = temporaryFolder();
  for (const [table, kinds] of [
    [join(folder, 'none'), []],
    [folder, ['failed']],
  ] as const) {
    const activities: Activity[] = [];
    const peers = new VanishedPeers({ tables: [table], observe: (activity) => void activities.push(activity) });
    peers.watch(ENDS, { queued: 0, vanish: () => {} });
    peers.start();
    for (let round = 0; round < 3; round++) {
      t.mock.timers.tick(10_000);
      for (let turn = 0; turn < 5000; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(
      activities.map(({ kind }) => kind),
      kinds,
    );
    peers.stop();
  }
});
