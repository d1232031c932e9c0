import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ClassicLevel } from 'classic-level';
import { whyNo } from '../support/needs.ts';
import { PROGRAM, run, startProgram, temporaryFolder } from '../support/program.ts';
import { SmallDisk, whyNoDisk } from '../support/small-disk.ts';

/** A disk that does not let a store be opened is no damage: nothing is repaired, renamed or begun anew. */

/** A store with one event in its journal. */
async function storeIn(t: TestContext, folder: string): Promise<string> {
  const store = join(folder, 'log');
  const program = await startProgram(t, ['--store', store]);
  await program.publish({ data: 'kept' });
  await program.stop();
  return store;
}

/** Every file of a store, but the notes of LevelDB and its lock, with what stands in it. */
function filesIn(store: string): Record<string, string> {
  const names = readdirSync(store, { recursive: true, encoding: 'utf8' }).filter((name) => !/^LO(G|CK)/.test(name));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(store, name), 'latin1')]));
}

/** Starts in vain. @returns what is said of it */
async function refusal(t: TestContext, store: string, before: readonly string[] = []): Promise<string> {
  const [file, ...args] = [...before, process.execPath, ...PROGRAM];
  const { code, stdout, stderr } = await run(t, ['--store', store, '--port', '0'], { command: [file as string, ...args] });
  assert.deepEqual([code, stdout], [1, '']);
  const [line = '', ...others] = stderr.trimEnd().split('\n');
  assert.deepEqual(others, [], 'one line');
  return line;
}

async function holdsAfterAll(t: TestContext, store: string): Promise<void> {
  const program = await startProgram(t, ['--store', store]);
  assert.match(await (await fetch(`${program.admin}history`)).text(), /"data":"kept"/);
  await program.stop();
}

describe('a store on a disk', { skip: whyNoDisk() }, () => {
  it('that is mounted to be read only is left as it is', async (t) => {
    const disk = new SmallDisk(t, 1024);
    const store = await storeIn(t, disk.path);
    const before = filesIn(store);
    disk.setReadOnly();
    const line = await refusal(t, store);
    assert.match(
      line,
      /^sse-server: --store: .*log cannot be used \(.*Read-only file system\).*: mount it so that it can be written/,
    );
    assert.deepEqual([readdirSync(disk.path), filesIn(store)], [['log'], before]);
  });

  it('that is mounted to be read only is not made there', async (t) => {
    const disk = new SmallDisk(t, 1024);
    disk.setReadOnly();
    assert.match(await refusal(t, join(disk.path, 'log')), /\(EROFS: .*mount it so that it can be written/);
  });

  it('that is full is left as it is, and serves again when there is room', async (t) => {
    const disk = new SmallDisk(t, 1024);
    const store = await storeIn(t, disk.path);
    disk.fill();
    assert.match(await refusal(t, store), /No space left on device\).*: make room, then start again$/);
    disk.makeRoom();
    await holdsAfterAll(t, store);
  });

  it('that has no room for a repair is not repaired: LevelDB would put its journals away', async (t) => {
    const disk = new SmallDisk(t, 2048);
    const store = await storeIn(t, disk.path);
    truncateSync(join(store, 'CURRENT'));
    disk.fill(8192);
    const before = filesIn(store);
    assert.match(await refusal(t, store), /is damaged, and repairing it takes 2 MiB, .*make room, then start again$/);
    assert.deepEqual(filesIn(store), before);
    disk.makeRoom();
    await holdsAfterAll(t, store);
  });

  it('that is a mount of its own is set aside within it, if no repair helps', async (t) => {
    const store = new SmallDisk(t, 4096).path;
    await spoilt(t, store);
    const aside = readdirSync(store).filter((name) => name.startsWith('damaged-'));
    assert.equal(aside.length, 1);
    assert(readdirSync(join(store, aside[0] as string)).includes('CURRENT'));
  });
});

it('a store that no repair helps is set aside, and a new one begun', async (t) => {
  const folder = temporaryFolder();
  await spoilt(t, join(folder, 'log'));
  const [log, aside] = readdirSync(folder).sort();
  assert.equal(log, 'log');
  assert.match(aside ?? '', /^log\.damaged-\d{4}-/);
});

/** Makes a store, damages it beyond repair, and starts twice with it. */
async function spoilt(t: TestContext, store: string): Promise<void> {
  const first = await startProgram(t, ['--store', store]);
  await first.publish({ data: 'lost' });
  await first.stop();
  rmSync(join(store, 'CURRENT'));
  mkdirSync(join(store, 'CURRENT'));
  const second = await startProgram(t, ['--store', store]);
  await second.logged({ level: 'error', msg: /does not open .*being repaired/ });
  await second.logged({ level: 'error', msg: /cannot be repaired .*it is kept as .*damaged-.*, and a new one is begun/ });
  await second.publish({ data: 'kept' });
  await second.stop();
  await holdsAfterAll(t, store);
}

it('a folder that holds files of somebody else is no place for one', async (t) => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'thesis.txt'), 'x');
  await assert.rejects(
    startProgram(t, ['--store', folder]),
    /holds other files \("thesis.txt"\) and no store of this server; name a directory/,
  );
  assert.deepEqual(readdirSync(folder), ['thesis.txt']);
  // As a git repository has them.
  writeFileSync(join(folder, 'HEAD'), 'ref: refs/heads/main\n');
  await assert.rejects(startProgram(t, ['--store', folder]), /holds other files \("(HEAD|thesis.txt)"\)/);
  assert.equal(readFileSync(join(folder, 'HEAD'), 'utf8'), 'ref: refs/heads/main\n');
  const mounted = temporaryFolder();
  mkdirSync(join(mounted, 'lost+found'));
  await (await startProgram(t, ['--store', mounted])).stop();
});

it('the LevelDB of another program is left as it is, and not repaired either', async (t) => {
  const store = join(temporaryFolder(), 'theirs');
  const db = new ClassicLevel(store);
  // Under the letters that ours have, too.
  await db.batch(['entry', 'x', 'x12345678'].map((key) => ({ type: 'put', key, value: 'precious' })));
  await db.close();
  const isRefused = async () => {
    const before = filesIn(store);
    assert.match(await refusal(t, store), /holds other files \(".*"\) and no store of this server; name a directory/);
    assert.deepEqual(filesIn(store), before);
  };
  await isRefused();
  writeFileSync(join(store, 'CURRENT'), 'MANIFEST-999999\n');
  await isRefused();
  rmSync(join(store, 'CURRENT'));
  await isRefused();
  // As a git repository has it.
  writeFileSync(join(store, 'HEAD'), 'ref: refs/heads/main\n');
  await isRefused();
});

it('logs of another program that have numbers for names are left as they are', async (t) => {
  const folder = temporaryFolder();
  for (const name of ['20260101.log', '1.log', 'LOG']) writeFileSync(join(folder, name), 'a line\n');
  assert.match(await refusal(t, folder), /holds other files/);
  assert.deepEqual(readdirSync(folder).sort(), ['1.log', '20260101.log', 'LOG']);
});

it('a store whose HEAD is gone is refused, with what makes it one again', async (t) => {
  const store = await storeIn(t, temporaryFolder());
  rmSync(join(store, 'HEAD'));
  const [, line, file] = /has lost its HEAD: echo '(.+)' > (.+)$/.exec(await refusal(t, store)) ?? [];
  writeFileSync(file as string, `${line}\n`);
  await holdsAfterAll(t, store);
});

it('a store whose place is a file, or within one, is refused', async (t) => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, 'x');
  assert.match(await refusal(t, file), /EEXIST.*: name a directory$/);
  assert.match(await refusal(t, join(file, 'log')), /ENOTDIR.*: name a directory$/);
  assert.equal(statSync(file).size, 1);
});

describe('a store that the system does not let this process use', { skip: whyNo('strace', ['strace', '-V']) }, () => {
  const cases = [
    { error: 'EACCES', file: 'LOCK', helps: /let the user of this process write there$/ },
    { error: 'EIO', file: 'CURRENT', helps: /look at the disk$/ },
    { error: 'EMFILE', file: 'CURRENT', helps: /raise the limit of open files \(ulimit -n\)$/ },
    { error: 'ELOOP', file: 'LOCK', helps: /name a directory that can be written$/ },
  ];
  for (const { error, file, helps } of cases)
    it(`is left as it is: ${error}`, async (t) => {
      const folder = temporaryFolder();
      const store = await storeIn(t, folder);
      const before = filesIn(store);
      const inject = ['-P', join(store, file), '-e', `inject=openat:error=${error}`];
      assert.match(await refusal(t, store, ['strace', '-f', '-o', '/dev/null', ...inject]), helps);
      assert.deepEqual([readdirSync(folder), filesIn(store)], [['log'], before]);
      await holdsAfterAll(t, store);
    });
});
