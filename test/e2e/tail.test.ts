import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { PROGRAM, Running, run, startProgram, temporaryFolder } from '../support/program.ts';
import { Relay } from '../support/relay.ts';

/** A `tail` that prints JSON, and what it has printed. */
class Tail extends Running {
  constructor(t: TestContext, ...args: string[]) {
    super(['tail', '--json', ...args], {});
    t.after(() => this.kill());
  }

  get events(): { id: string; event: string; data: string }[] {
    const lines = this.stdout.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line));
  }

  async has(count: number): Promise<string[]> {
    await this.until(`it prints ${count} events`, () => this.events.length >= count);
    return this.events.map(({ data }) => data);
  }
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => String(from + i));

describe('sse-server tail', () => {
  it('cut twenty times, misses and repeats nothing', async (t) => {
    const program = await startProgram(t, ['--retry', '500ms']);
    const relay = await Relay.start(t, program.port);
    const tail = new Tail(t, relay.through(program.sse), '--since', 'earliest', '--event', 'n');
    let sent = 0;
    let done = false;
    const publishing = (async () => {
      while (!done) {
        await program.publish({ event: 'n', data: String(sent) });
        sent++;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    await tail.has(1);
    const breaks = () => tail.stderr.split('\n').filter((line) => line.includes('broke off')).length;
    for (let cut = 1; cut <= 20; cut++) {
      // In the middle of a frame as often as between two.
      if (cut % 2 === 0) relay.cut();
      else await relay.cutAfter(cut * 37);
      await tail.until('it finds out', () => breaks() >= cut);
      await tail.has(tail.events.length + 5);
    }
    done = true;
    await publishing;
    assert.deepEqual(await tail.has(sent), numbers(0, sent));
    assert.equal(breaks(), 20);
    assert.doesNotMatch(tail.stderr, /gap/);
  });

  it('killed and started again with the last id, misses and repeats nothing', async (t) => {
    const program = await startProgram(t);
    const printed: string[] = [];
    let position: string[] = ['--since', 'earliest'];
    for (let round = 0; round < 4; round++) {
      for (const data of numbers(round * 50, round * 50 + 50)) await program.publish({ data });
      const tail = new Tail(t, program.sse, ...position);
      await tail.has(round === 3 ? 200 - printed.length : 20);
      await tail.stop('SIGKILL');
      const { events } = tail;
      printed.push(...events.map(({ data }) => data));
      position = ['--last-event-id', events.at(-1)?.id ?? ''];
    }
    assert.deepEqual(printed, numbers(0, 200));
  });

  it('outlives a restart of the server, with a store', async (t) => {
    const store = join(temporaryFolder(), 'log');
    const first = await startProgram(t, ['--store', store, '--retry', '500ms']);
    const tail = new Tail(t, first.sse, '--since', 'earliest');
    await first.publish({ data: 'before' });
    await tail.has(1);
    await first.stop();
    await tail.until('it hears why', () => tail.stderr.includes('the server ended the stream (shutdown); trying again in '));
    const second = await startProgram(t, ['--store', store, '--port', String(first.port)]);
    await second.publish({ data: 'after' });
    assert.deepEqual(await tail.has(2), ['before', 'after']);
    assert.equal((await tail.stop('SIGINT')).code, 130);
    assert.match(tail.stderr, /sse-server: --last-event-id [\w.~-]+ goes on from here\n$/);
  });

  it('tells what it missed', async (t) => {
    const program = await startProgram(t, ['--history-events', '2']);
    for (const data of numbers(0, 5)) await program.publish({ data });
    const { id } = await program.publish({ data: '5' });
    const asked = `${id.split('-')[0]}-1`;
    const { code, stdout, stderr } = await run(t, ['tail', program.url, '--last-event-id', asked, '--count', '2']);
    assert.deepEqual([code, stdout], [0, '4\n5\n']);
    assert.match(stderr, /^sse-server: gap: 3 events missed \(evicted\); going on after \w+-4\n$/);
  });

  it('is refused with the reason of the server, and times out with 4', async (t) => {
    const users = join(temporaryFolder(), 'users.json');
    writeFileSync(users, '{"users":[{"token":"a-token-for-trying","id":"7","topics":["a"]}]}');
    const program = await startProgram(t, ['--users', users, '--require-auth']);
    const token = join(temporaryFolder(), 'token');
    writeFileSync(token, 'a-token-for-trying\n');
    const anonymous = await run(t, ['tail', program.url]);
    assert.equal(anonymous.code, 1);
    assert.match(anonymous.stderr, /^sse-server: http:\/\/\S+ answers 401: .*\n$/);
    const silent = await run(t, ['tail', program.url, '--token-file', token, '--timeout', '300ms']);
    assert.equal(silent.code, 4);
    assert.match(silent.stderr, /^sse-server: nothing came for 300ms\n/);
    const elsewhere = await run(t, ['tail', `${program.url}nowhere`]);
    assert.match(elsewhere.stderr, /answers 404: .*\n$/);
    assert.equal(elsewhere.code, 1);
  });

  it('runs a command for each event, in order', async (t) => {
    const program = await startProgram(t);
    const file = join(temporaryFolder(), 'out');
    for (const data of ['two\nlines', 'b', 'c']) await program.publish({ event: 'n', data });
    const exec = `printf '%s %s\\n' "$SSE_EVENT" "$(cat)" | tee -a ${file}`;
    const { code, stdout } = await run(t, ['tail', program.url, '--since', 'earliest', '--exec', exec, '--count', '3']);
    assert.deepEqual([code, stdout], [0, 'n two\nlines\nn b\nn c\n']);
    assert.equal(readFileSync(file, 'utf8'), stdout);
  });

  it('ends when its reader has enough', async (t) => {
    const program = await startProgram(t);
    for (const data of numbers(0, 500)) await program.publish({ data });
    const script = `${process.execPath} "$@" | head -2`;
    const { code, stdout, stderr } = await run(
      t,
      ['-o', 'pipefail', '-c', script, 'bash', ...PROGRAM, 'tail', program.url, '--since', 'earliest'],
      { command: ['bash'] },
    );
    assert.deepEqual([code, stdout, stderr], [0, '0\n1\n', '']);
  });
});
