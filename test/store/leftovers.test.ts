import assert from 'node:assert/strict';
import { copyFileSync, cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ClassicLevel } from 'classic-level';
import { parseDraft } from '../../src/event/draft.ts';
import { LevelLog } from '../../src/store/level-log.ts';
import { tablesInUse } from '../../src/store/manifest.ts';
import { temporaryFolder } from '../support/program.ts';

const BYTES = 5_000_000;

async function open(directory: string, epoch: string, bytes = BYTES): Promise<{ log: LevelLog; warnings: string[] }> {
  const warnings: string[] = [];
  const log = await LevelLog.open({
    directory,
    epoch,
    retention: { events: 1_000_000, age: 3_600_000, bytes },
    warn: (message) => void warnings.push(message),
    recovered: () => {},
  });
  log.follow(() => 0);
  return { log, warnings };
}

async function fill(log: LevelLog, count: number): Promise<void> {
  const drafts = Array.from({ length: count }, (_, i) => parseDraft({ data: `${i}:${'x'.repeat(10_000)}` }));
  await Promise.all(drafts.map((draft) => log.append([draft])));
}

/** A store of some tables, closed. */
async function filled(events: number, bytes?: number): Promise<{ directory: string; kept: number; tables: string[] }> {
  const directory = join(temporaryFolder(), 'log');
  const { log } = await open(directory, 'e1', bytes);
  for (let i = 0; i < events; i += 100) await fill(log, 100);
  await log.trimmed();
  const kept = log.head - log.oldest + 1;
  await log.close();
  return { directory, kept, tables: tablesIn(directory) };
}

function tablesIn(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.endsWith('.ldb'));
}

test('a table that was being written when the process ended is no damage', async () => {
  const { directory, kept, tables } = await filled(1500);
  const [table = ''] = tables;
  const half = readFileSync(join(directory, table)).subarray(0, 5000);
  writeFileSync(join(directory, '009999.ldb'), half);
  const { log, warnings } = await open(directory, 'e2');
  assert.deepEqual(warnings, []);
  assert.equal(existsSync(join(directory, '009999.ldb')), false, 'nobody needs it');
  await fill(log, 1);
  await log.trimmed();
  // As before, but for what the bytes of blocks and of one more event add.
  assert(log.head - log.oldest + 1 > kept - 5, `${log.head - log.oldest + 1} of ${kept} kept`);
  await log.close();
});

test('what a repair finds twice is counted once: nothing within the bounds goes', async () => {
  const { directory, kept } = await filled(900);
  // An opening puts into tables what is in the journal.
  await (await open(directory, 'e1b')).log.close();
  // As an interrupted compaction leaves it: whole, and with entries that are elsewhere too.
  for (const table of tablesIn(directory))
    copyFileSync(join(directory, table), join(directory, `00${8000 + Number.parseInt(table, 10)}.ldb`));
  writeFileSync(join(directory, 'CURRENT'), 'nothing\n');
  const { log, warnings } = await open(directory, 'e2');
  assert.match(warnings.join(), /being repaired/);
  assert.equal(log.head - log.oldest + 1, kept);
  assert(log.size.bytes > 1.5 * BYTES, 'they stand there twice');
  await fill(log, 1);
  await log.trimmed();
  assert(log.head - log.oldest + 1 >= kept, `${log.head - log.oldest + 1} of ${kept} kept`);
  await log.close();
});

test('a repair takes in no table that the store had done with', async () => {
  const { directory, tables } = await filled(900, 100_000_000);
  const before = tables.map((name) => [name, readFileSync(join(directory, name))] as const);
  const { log } = await open(directory, 'e2', 1_000_000);
  await fill(log, 1);
  await log.trimmed();
  await log.close();
  const level = new ClassicLevel(directory);
  await level.compactRange('', '\uffff');
  await level.close();
  // An opening takes away what was compacted, and puts what is in the journal into one more table.
  await (await open(directory, 'e3', 1_000_000)).log.close();
  // A reason to repair.
  const [damaged = ''] = tablesInUse(directory) ?? [];
  const bytes = readFileSync(join(directory, damaged));
  bytes[100] = (bytes[100] as number) ^ 1;
  writeFileSync(join(directory, damaged), bytes);
  const other = join(temporaryFolder(), 'log');
  cpSync(directory, other, { recursive: true });
  // As an end in the midst of a compaction leaves it.
  const left = before.filter(([name]) => !existsSync(join(other, name)));
  assert(left.length > 0);
  for (const [name, table] of left) writeFileSync(join(other, name), table);
  const repaired = [];
  for (const place of [directory, other]) {
    const { log, warnings } = await open(place, 'e4', 100_000_000);
    assert.match(warnings.join(), /being repaired/);
    repaired.push([log.oldest, log.head, log.size.bytes]);
    await log.close();
  }
  assert.deepEqual(repaired[1], repaired[0]);
});

test('a store that is closed in the midst of anything opens without a complaint, and keeps what is within the bounds', async () => {
  for (let round = 0; round < Number(process.env.ROUNDS ?? 4); round++) {
    const directory = join(temporaryFolder(), 'log');
    const { log } = await open(directory, 'e1');
    for (let i = 0; i < 24 + (round % 30); i++) await fill(log, 100);
    await log.close();
    const { log: again, warnings } = await open(directory, 'e2');
    assert.deepEqual(warnings, []);
    await fill(again, 1);
    await again.trimmed();
    const left = again.head - again.oldest + 1;
    assert(left > 480, `${left} kept in round ${round}`);
    await again.close();
  }
});

test('what a store is made of is not said when its manifest is not as it was written', async () => {
  const { directory, tables } = await filled(1500);
  const used = [...(tablesInUse(directory) ?? [])];
  assert(used.length > 0);
  assert.deepEqual(
    used.filter((table) => !tables.includes(table)),
    [],
  );
  const manifest = readdirSync(directory).find((name) => name.startsWith('MANIFEST')) as string;
  const whole = readFileSync(join(directory, manifest));
  for (let at = 0; at < whole.length; at++) {
    const flipped = Buffer.from(whole);
    flipped[at] = (flipped[at] as number) ^ 4;
    writeFileSync(join(directory, manifest), flipped);
    assert.equal(tablesInUse(directory), undefined, `byte ${at} of ${whole.length}`);
  }
  writeFileSync(join(directory, manifest), whole.subarray(0, -3));
  assert.equal(tablesInUse(directory), undefined);
});
