import assert from 'node:assert/strict';
import { fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parseDraft } from '../../src/event/draft.ts';
import { LevelLog } from '../../src/store/level-log.ts';
import { encodeRecord } from '../../src/store/record.ts';
import { startProgram, temporaryFolder } from '../support/program.ts';
import type { Bench } from './bench.ts';
import { type Figure, median } from './figures.ts';
import { publisher } from './publisher.ts';

/** The disk and the log take turns, so that a machine that is busy for a while is busy for both. */
const ROUNDS = 7;
const SERIAL = 150;
const IN_FLIGHT = 64;
const DATA = 'x'.repeat(100);

/** Durable publishes a second, against the disk's own rate. */
export async function appends(bench: Bench): Promise<Figure[]> {
  bench.progress('appends');
  const folder = temporaryFolder();
  const plain = plainFile(join(folder, 'plain'));
  const log = await LevelLog.open({
    directory: join(folder, 'log'),
    epoch: 'bench',
    retention: { events: 1e9, age: 1e12, bytes: 1e12 },
    warn: (message) => assert.fail(message),
  });
  bench.after(() => log.close());
  log.follow(() => 0);
  const draft = parseDraft({ data: DATA });
  const append = (): Promise<unknown> => log.append([draft]);
  const program = await startProgram(bench, ['--store', join(folder, 'served'), '--log-level', 'silent']);
  const post = publisher(bench, program.admin);
  const publish = (): Promise<unknown> => post(DATA);

  const rates: Record<'plain' | 'serial' | 'grouped' | 'served' | 'servedGrouped', number[]> = {
    plain: [],
    serial: [],
    grouped: [],
    served: [],
    servedGrouped: [],
  };
  for (let round = 0; round < ROUNDS; round++) {
    rates.plain.push(await rate(plain, SERIAL, 1));
    rates.serial.push(await rate(append, SERIAL, 1));
    rates.grouped.push(await rate(append, SERIAL * IN_FLIGHT, IN_FLIGHT));
  }
  // Apart, since LevelDB compacts in the background what so many have written.
  for (let round = 0; round < ROUNDS; round++) {
    rates.served.push(await rate(publish, SERIAL, 1));
    rates.servedGrouped.push(await rate(publish, SERIAL * 16, IN_FLIGHT));
  }
  const of = (name: keyof typeof rates): number => median(rates[name]);
  const told = (what: string, name: keyof typeof rates): Figure[] => [
    { what, value: of(name), unit: '/s' },
    { what: `${what}, each`, value: 1000 / of(name), unit: 'ms' },
  ];
  return [
    ...told('append and sync of a plain file, serial', 'plain'),
    ...told('EventLog.append, serial', 'serial'),
    { what: '  times a plain append and sync', value: of('plain') / of('serial'), unit: '×', atMost: 2.5 },
    ...told(`EventLog.append, ${IN_FLIGHT} in flight`, 'grouped'),
    { what: '  times the serial rate', value: of('grouped') / of('serial'), unit: '×', atLeast: 8 },
    ...told('POST /admin/broadcast, serial', 'served'),
    ...told(`POST /admin/broadcast, ${IN_FLIGHT} in flight`, 'servedGrouped'),
  ];
}

/** How often a second something can be done, with so many at a time. */
async function rate(act: () => Promise<unknown>, count: number, inFlight: number): Promise<number> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await act();
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: inFlight }, worker));
  return (count * 1000) / (performance.now() - began);
}

/** Appends a record to a file and syncs it, without a change of threads: the least that a durable log can do. */
function plainFile(path: string): () => Promise<void> {
  const descriptor = openSync(path, 'a');
  const { event, audience } = parseDraft({ data: DATA });
  const record = encodeRecord({ id: 'bench-1000', sequence: 1000, time: Date.now(), event, audience });
  return async () => {
    writeSync(descriptor, record);
    fdatasyncSync(descriptor);
  };
}
