import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { parseDraft } from '../../src/event/draft.ts';
import type { LogEntry } from '../../src/hub/event-log.ts';
import { LevelLog } from '../../src/store/level-log.ts';
import type { Retention } from '../../src/store/retention.ts';

const KEEP_ALL: Retention = { events: 1_000_000, age: 3_600_000, bytes: 1024 * 1024 * 1024 };

function place(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sse-store-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'log');
}

async function open(
  directory: string,
  { epoch = 'e1', retention = {}, now = Date.now }: { epoch?: string; retention?: Partial<Retention>; now?: () => number } = {},
): Promise<{ log: LevelLog; warnings: string[] }> {
  const warnings: string[] = [];
  const log = await LevelLog.open({
    directory,
    epoch,
    now,
    retention: { ...KEEP_ALL, ...retention },
    warn: (message) => void warnings.push(message),
  });
  log.follow(() => 0);
  return { log, warnings };
}

async function fill(log: LevelLog, count: number, size = 100): Promise<void> {
  const drafts = Array.from({ length: count }, (_, i) => parseDraft({ data: `${i}:${'x'.repeat(size)}` }));
  await Promise.all(drafts.map((draft) => log.append([draft])));
}

async function everything(log: LevelLog): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for (let next = log.oldest; next <= log.head; ) {
    const page = await log.read(next);
    entries.push(...page.entries);
    next = page.next;
  }
  return entries;
}

test('the directory is its owner’s alone', async (t) => {
  const directory = place(t);
  const { log } = await open(directory);
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  await log.close();
});

test('a directory that another has open is refused', async (t) => {
  const directory = place(t);
  const { log } = await open(directory);
  await assert.rejects(open(directory), { code: 'store-in-use' });
  await log.close();
});

test('an event comes back as it was: type, data, retry, audience and time', async (t) => {
  const directory = place(t);
  const { log } = await open(directory, { now: () => 1_700_000_000_123 });
  const draft = parseDraft({
    event: 'price',
    data: ' a\r\nb\u2028\ufeff😀',
    retry: 3000,
    filter: { profile: 'Administrator', roles: ['ops', 'dev'] },
    topics: ['a', 'b'],
    except: ['7'],
  });
  await log.append([draft]);
  await log.append([parseDraft({ data: 'by function', filter: () => true })]);
  await log.close();
  const { log: again } = await open(directory, { epoch: 'e2' });
  const [entry, byFunction] = await everything(again);
  assert.deepEqual(entry?.event, draft.event);
  assert.equal(entry?.audience.filter?.source, draft.audience.filter?.source);
  assert.deepEqual(entry?.audience.topics, ['a', 'b']);
  assert.deepEqual(entry?.audience.except, ['7']);
  assert.equal(entry?.time, 1_700_000_000_123);
  assert.equal(byFunction?.audience.match?.({} as never), false, 'nobody can be told again what a function chose');
  await again.close();
});

test('each opening has an epoch of its own, and the sequence goes on', async (t) => {
  const directory = place(t);
  for (const epoch of ['a', 'b', 'c', 'd']) {
    const { log } = await open(directory, { epoch });
    // The third opening issues nothing.
    if (epoch !== 'c') assert.equal((await log.append([parseDraft({ data: 'x' })]))[0]?.id.split('-')[0], epoch);
    await log.close();
  }
  const { log } = await open(directory, { epoch: 'e' });
  assert.deepEqual(log.epochs, [
    { name: 'a', first: 1 },
    { name: 'b', first: 2 },
    { name: 'd', first: 3 },
    { name: 'e', first: 4 },
  ]);
  assert.deepEqual(
    (await everything(log)).map(({ id }) => id),
    ['a-1', 'b-2', 'd-3'],
  );
  await log.close();
});

test('a page that ends by its bytes loses nothing', async (t) => {
  const { log } = await open(place(t));
  // 256 records of about 2 KB are about as much as a page holds, with their keys or without.
  for (let size = 1900; size < 2060; size += 8) await fill(log, 300, size);
  const sequences = (await everything(log)).map(({ sequence }) => sequence);
  assert.deepEqual(
    sequences,
    Array.from({ length: log.head }, (_, index) => index + 1),
  );
  await log.close();
});

test('old events go by count, by bytes and by age, and the newest stays', async (t) => {
  let time = 1_700_000_000_000;
  for (const retention of [{ events: 500 }, { bytes: 100_000 }, { age: 1000 }]) {
    const { log } = await open(place(t), { retention, now: () => time });
    await fill(log, 2000);
    time += 2000;
    await fill(log, 1);
    await log.trimmed();
    const kept = await everything(log);
    assert.equal(kept.at(-1)?.sequence, 2001);
    assert.equal(kept.length, log.head - log.oldest + 1);
    const expected = 'events' in retention ? 500 : 'age' in retention ? 1 : undefined;
    if (expected) assert.equal(kept.length, expected);
    else assert(kept.length > 100 && kept.length < 800, `${kept.length} kept`);
    await log.close();
  }
});

test('a restart drops nothing that is within the bounds, though what was dropped before still takes room', async (t) => {
  const directory = place(t);
  const retention = { bytes: 5_000_000 };
  const { log } = await open(directory, { retention });
  for (let i = 0; i < 30; i++) await fill(log, 100, 10_000);
  await log.trimmed();
  const before = log.head - log.oldest + 1;
  await log.close();
  const { log: again } = await open(directory, { epoch: 'e2', retention });
  await fill(again, 1);
  await again.trimmed();
  const after = again.head - again.oldest + 1;
  assert(after > before * 0.9, `${after} of ${before} kept`);
  await again.close();
});

test('what was redacted is in no file any more, nor after a restart; its sequence and its time stay', async (t) => {
  const directory = place(t);
  const holds = (text: string) => readdirSync(directory).some((name) => readFileSync(join(directory, name)).includes(text));
  // In a table, in the journal, and across a restart.
  for (const [round, epoch] of ['e1', 'e2', 'e3'].entries()) {
    const { log, warnings } = await open(directory, { epoch, now: () => 1_700_000_000_000 + round });
    await fill(log, 50);
    await log.append([
      parseDraft({ event: 'kept-type', data: `SECRET-${round}`, topics: ['SECRET-TOPIC'], id: 'mine', supersedes: 'SECRET-KEY' }),
    ]);
    assert.equal(holds(`SECRET-${round}`), true);
    const sequence = log.head;
    await log.redact([sequence]);
    assert.equal(holds('SECRET'), false);
    const entry = (await everything(log)).find((found) => found.sequence === sequence);
    assert.equal(entry?.event.data, '');
    assert.equal(entry?.audience.match?.({} as never), false);
    assert.equal(entry?.time, 1_700_000_000_000 + round);
    await log.close();
    assert.deepEqual(warnings, []);
  }
  const { log, warnings } = await open(directory, { epoch: 'e4' });
  assert.equal((await everything(log)).length, 3 * 51);
  assert.deepEqual(warnings, [], 'and is no damage');
  await log.close();
});

test('retention and redaction do not undo each other', async (t) => {
  const directory = place(t);
  const { log } = await open(directory, { retention: { events: 300 } });
  await fill(log, 1000);
  const redacting = log.redact(Array.from({ length: 1000 }, (_, i) => i + 1));
  await Promise.all([fill(log, 1000), redacting, log.redact([1, 2, 1500])]);
  await log.trimmed();
  const { oldest, head } = log;
  await log.close();
  await assert.rejects(log.redact([head]), { code: 'stopping' });
  const { log: again, warnings } = await open(directory, { epoch: 'e2' });
  assert.deepEqual([again.oldest, again.head], [oldest, head]);
  assert.equal((await everything(again)).length, head - oldest + 1);
  assert.deepEqual(warnings, []);
  await again.close();
});

test('damage is found, told once, and never gives altered data; the rest is still there', async (t) => {
  const original = place(t);
  const { log } = await open(original);
  const wrote = new Map<number, string>();
  for (let round = 0; round < 3; round++) {
    await fill(log, 400, 200);
    for (const entry of await everything(log)) wrote.set(entry.sequence, entry.event.data);
  }
  await log.close();
  // Opened once more, so that there are table files as well as a journal.
  await (await open(original, { epoch: 'e0' })).log.close();

  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.nat(), fc.boolean(), async (which, where, cut) => {
      const directory = place(t);
      cpSync(original, directory, { recursive: true });
      const files = readdirSync(directory).filter((name) => /\.(ldb|log)$|MANIFEST|CURRENT|HEAD/.test(name));
      const file = join(directory, files[which % files.length] as string);
      const { size } = statSync(file);
      if (size === 0) return;
      if (cut) truncateSync(file, where % size);
      else {
        const bytes = readFileSync(file);
        bytes[where % size] = (bytes[where % size] as number) ^ (1 << (where % 8));
        writeFileSync(file, bytes);
      }
      const { log: damaged, warnings } = await open(directory, { epoch: 'e9' });
      const found = await everything(damaged);
      for (const { sequence, event } of found) assert.equal(event.data, wrote.get(sequence), `event ${sequence}`);
      assert.equal(damaged.head, wrote.size, 'no sequence is given twice');
      const lost = wrote.size - found.length;
      if (lost > 0) assert(warnings.length > 0, `${lost} lost without a word`);
      await everything(damaged);
      assert.equal(warnings.filter((warning) => warning.includes('damaged')).length <= 1 || lost > 0, true);
      await damaged.append([parseDraft({ data: 'goes on' })]);
      await damaged.close();
      rmSync(directory, { recursive: true });
    }),
    { numRuns: Number(process.env.RUNS ?? 20) },
  );
});

test('the end of a log that is gone is told, and its sequences are not given again', async (t) => {
  const directory = place(t);
  const { log } = await open(directory);
  for (let i = 0; i < 10; i++) await fill(log, 1);
  await log.close();
  const journal = readdirSync(directory).find((name) => name.endsWith('.log')) as string;
  truncateSync(join(directory, journal), 1000);
  const { log: shorter, warnings } = await open(directory, { epoch: 'e2' });
  const kept = (await everything(shorter)).length;
  assert(kept > 0 && kept < 10, `${kept} kept`);
  assert.match(warnings[0] ?? '', new RegExp(`is damaged: events from ${kept + 1} to 10 are lost$`));
  assert.equal((await shorter.append([parseDraft({ data: 'x' })]))[0]?.id, 'e2-11');
  await shorter.close();
  const { log: again, warnings: none } = await open(directory, { epoch: 'e3' });
  assert.deepEqual(none, [], 'told once');
  assert.equal(again.head, 11);
  await again.close();
});

test('a note of how far the log had got that is damaged says nothing', async (t) => {
  const directory = place(t);
  const { log } = await open(directory);
  await fill(log, 10);
  await log.close();
  writeFileSync(join(directory, 'HEAD'), '90 00000000');
  const { log: again, warnings } = await open(directory, { epoch: 'e2' });
  assert.equal(again.head, 10);
  assert.deepEqual(warnings, []);
  await again.close();
});
