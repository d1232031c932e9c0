import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Running, run, startProgram, temporaryFolder } from '../support/program.ts';
import { Relay } from '../support/relay.ts';
import { openStream } from './reader.ts';

describe('sse-server send', () => {
  it('reaches those it names, from an argument, a file and a pipe', async (t) => {
    const program = await startProgram(t);
    const [ada, bob] = [await openStream(t, `${program.sse}?id=7&login=ada`), await openStream(t, `${program.sse}?login=bob`)];
    const folder = temporaryFolder();
    const env = { SSE_SERVER_READY_FILE: join(folder, 'ready.json') };
    writeFileSync(env.SSE_SERVER_READY_FILE, JSON.stringify(program.ready));
    writeFileSync(join(folder, 'note.txt'), 'Grüße\nvon der Datei\n');
    const send = async (...args: string[]) => {
      const { code, stdout, stderr } = await run(t, ['send', ...args], { env });
      assert.deepEqual([code, stderr], [0, '']);
      return JSON.parse(stdout).matched;
    };
    assert.equal(await send('to all', '--event', 'notice'), 2);
    assert.equal(await send(`@${join(folder, 'note.txt')}`, '--to', '7'), 1);
    assert.equal(await send('to bob', '--to', 'bob', '--to', 'nobody'), 1);
    const piped = new Running(['send', '--filter', 'login == "bob"', '--to', 'bob'], { env, stdin: 'pipe' });
    t.after(() => piped.kill());
    piped.child.stdin?.end('from a pipe\n');
    assert.equal((await piped.exit).code, 0);
    await program.publish({ data: 'end' });
    await Promise.all([ada.has(3), bob.has(4)]);
    assert.deepEqual(ada.data, ['to all', 'Grüße\nvon der Datei', 'end']);
    assert.deepEqual(bob.data, ['to all', 'to bob', 'from a pipe', 'end']);
    assert.equal(ada.events[0]?.type, 'notice');
  });

  it('with a thousand clients, one of them stalled, says that it alone is behind, and the server names it', {
    timeout: 60_000,
  }, async (t) => {
    const program = await startProgram(t, ['--stall-time', '1m']);
    const stalled = connect(program.port, '127.0.0.1');
    t.after(() => stalled.destroy());
    stalled.write('GET /sse?id=stalled HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n');
    await once(stalled, 'readable');
    // From here on nobody reads it.
    for (let open = 0; open < 999; open += 37) await Promise.all(Array.from({ length: 37 }, () => openStream(t, program.sse)));
    const big = join(temporaryFolder(), 'big.txt');
    writeFileSync(big, 'x'.repeat(900_000));
    const fill = ['send', `@${big}`, '--to', 'stalled', '--count', '12', '--url', program.url];
    assert.equal((await run(t, fill)).code, 0);
    const began = performance.now();
    const { code, stdout } = await run(t, ['send', 'to all', '--wait', '2s', '--url', program.url]);
    const took = performance.now() - began;
    const { id, matched, flushed, behind, closed } = JSON.parse(stdout);
    assert.deepEqual({ code, matched, flushed, behind, closed }, { code: 0, matched: 1000, flushed: 999, behind: 1, closed: 0 });
    assert(took >= 2000, `it waited its time, and took ${took} ms`);
    const answer = await fetch(`${program.url}admin/broadcasts/${id}?clients=1`);
    const { clients } = (await answer.json()) as { clients: { id: string; state: string }[] };
    assert.equal(clients.length, 1000);
    assert.deepEqual(
      clients.filter(({ state }) => state !== 'flushed').map(({ id, state }) => [id, state]),
      [['stalled', 'behind']],
    );
  });

  it('waits until all have it, and says who is behind when the time is over', { timeout: 60_000 }, async (t) => {
    const program = await startProgram(t, ['--stall-time', '1m']);
    const relay = await Relay.start(t, program.port);
    await openStream(t, program.sse);
    await openStream(t, relay.through(`${program.sse}?id=stalled`));
    const send = async (...args: string[]) => {
      const { code, stdout, stderr } = await run(t, ['send', ...args, '--url', program.url]);
      const { matched, written, flushed, behind, closed } = JSON.parse(stdout);
      return { code, stderr, counts: [matched, written, flushed, behind, closed] };
    };
    assert.deepEqual(await send('hello', '--wait', '5s'), { code: 0, stderr: '', counts: [2, 2, 2, 0, 0] });
    relay.stall();
    const big = join(temporaryFolder(), 'big.txt');
    writeFileSync(big, 'x'.repeat(900_000));
    // Until the socket of the one who does not read is full.
    for (let i = 0; i < 50; i++) if ((await send(`@${big}`, '--to', 'stalled', '--wait', '100ms')).counts[3] === 1) break;
    const { code, stderr, counts } = await send('to all', '--wait', '300ms');
    assert.deepEqual([code, counts[0], counts[2], counts[3], counts[4]], [0, 2, 1, 1, 0]);
    assert.match(
      stderr,
      /^sse-server: 1 of 2 clients did not have it in time; GET \/admin\/broadcasts\/\S+\?clients=1 says who\n$/,
    );
    const refused = await run(t, ['send', 'x', '--wait', '61s', '--url', program.url]);
    assert.deepEqual([refused.code, refused.stderr], [2, "sse-server: --wait: must be at most 60s, not '61s'\n"]);
  });

  it('repeats until Ctrl-C, at its pace, and says how many', async (t) => {
    const program = await startProgram(t);
    const reader = await openStream(t, program.sse);
    const send = new Running(['send', 'tick', '--rate', '50', '--url', program.url], {});
    t.after(() => send.kill());
    await reader.has(10);
    const { code } = await send.stop('SIGINT');
    const [, sent] = /^sse-server: (\d+) sent in \d+\.\d s\n$/.exec(send.stderr) ?? [];
    assert.equal(code, 130);
    assert.equal(send.stdout.split('\n').length - 1, Number(sent));
    assert.equal((await reader.has(Number(sent))).length, Number(sent), 'each was answered, and none came after');
  });

  it('finds an admin that listens for itself, on a port or a socket', async (t) => {
    const socket = join(temporaryFolder(), 'admin.sock');
    const program = await startProgram(t, ['--admin-listen', `unix:${socket}`]);
    const lost = await run(t, ['send', 'x', '--url', program.url]);
    assert.equal(lost.code, 1);
    assert.match(
      lost.stderr,
      /^sse-server: http:\S+ answers 404: .*; if admin has a listener of its own, --url must name that: .*\n$/,
    );
    assert.equal((await run(t, ['send', 'x', '--url', `unix:${socket}`])).code, 0);
  });

  it('ends with a line and no stack for what goes wrong', async (t) => {
    const program = await startProgram(t);
    await program.stop();
    for (const [args, code, line] of [
      [['send', 'x', '--url', program.url], 1, /does not answer: no server listens there; --url says where a server is$/],
      [['send', '@nowhere', '--url', program.url], 2, /nowhere: cannot be read: no such file$/],
      [['send', '-x'], 2, /unknown option '-x'$/],
      [['send', 'x', '--ready-file', 'nowhere'], 1, /--ready-file: there is no 'nowhere': is its server running\?$/],
    ] as const) {
      const ended = await run(t, args);
      assert.deepEqual([ended.code, ended.stdout, ended.stderr.split('\n').length], [code, '', 2], ended.stderr);
      assert.match(ended.stderr.trimEnd(), line);
    }
  });
});
