import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { PROGRAM, ROOT, Running, run, startProgram, temporaryFolder } from '../support/program.ts';
import { spawnPty } from '../support/pty.ts';
import { openStream } from './reader.ts';

const COMMAND = [process.execPath, ...PROGRAM].map((word) => `'${word}'`).join(' ');

describe('sse-server top', () => {
  it('has a line a second where no person looks, with what happened in it', async (t) => {
    const program = await startProgram(t);
    await openStream(t, `${program.sse}?login=ada`);
    const top = new Running(['top', '--json', '--url', program.url], {});
    t.after(() => top.kill());
    const lines = () => top.stdout.split('\n').slice(0, -1);
    const readings = () => lines().map((line) => JSON.parse(line));
    await top.until('it has a line', () => lines().length > 0);
    for (let i = 0; i < 10; i++) await program.publish({ data: 'x' });
    const told = await top.until('it has told of them', () => readings().find(({ events }) => events === 10));
    assert.deepEqual([told.clients, told.gaps, told.slowCloses], [1, 0, 0]);
    const busy = await top.until('it knows who got them', () => readings().find(({ busiest }) => busiest.length > 0));
    assert.equal(busy.busiest[0].login, 'ada');
    assert(readings().some(({ deliveriesPerSecond }) => deliveriesPerSecond > 0));
    assert.equal((await top.stop('SIGINT')).code, 130);
  });

  it('prints one and ends, from a socket too', async (t) => {
    const socket = join(temporaryFolder(), 'admin.sock');
    const program = await startProgram(t, ['--admin-listen', `unix:${socket}`]);
    await openStream(t, program.sse);
    const { code, stdout, stderr } = await run(t, ['top', '--once', '--url', `unix:${socket}`]);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^\d\d:\d\d:\d\d {2}1 client {2}0 slow .* 0\.0 events\/s {2}[^\n]*\n$/);
  });

  it('fills a terminal, and Ctrl-C leaves it as it was', async (t) => {
    const program = await startProgram(t);
    await openStream(t, `${program.sse}?login=ada&profile=Administrator`);
    const pty = spawnPty(
      '/bin/sh',
      ['-c', `trap : INT; stty -g; ${COMMAND} top --url ${program.url}; echo "code $?"; stty -g`],
      {},
      { cwd: ROOT },
    );
    t.after(() => pty.kill());
    const [, before] = await pty.waitFor(/^(\S+)\n/);
    await pty.waitFor(/1 client · 0 slow/);
    await pty.waitFor(/0\.0 events\/s · 0\.0 deliveries\/s/);
    await program.publish({ data: 'x' });
    await pty.waitFor(/busiest +who[^\n]*\n\w+ +ada +Administrator/);
    pty.send('\x03');
    const [, after] = await pty.waitFor(/code 130\n(\S+)\n/);
    assert.equal(after, before);
    const { raw } = pty;
    assert(raw.indexOf('\u001b[?1049h') < raw.indexOf('busiest'));
    assert(raw.lastIndexOf('\u001b[?25h\u001b[?1049l') > raw.lastIndexOf('busiest'));
  });

  it('Ctrl-Z gives the terminal back and stops, fg draws anew, and q ends it with 0', async (t) => {
    const program = await startProgram(t);
    const pty = spawnPty('bash', ['--norc', '--noprofile', '-i'], { PS1: 'shell> ', HISTFILE: undefined }, { cwd: ROOT });
    t.after(() => pty.kill());
    await pty.waitFor(/shell> /);
    const [shown, hidden] = ['\u001b[?25h\u001b[?1049l', '\u001b[?1049h\u001b[?25l'];
    pty.send(`${COMMAND} top --url ${program.url}\r`);
    await pty.waitFor(/0 clients · 0 slow/);
    pty.send('\x1a');
    await pty.waitFor(/Stopped/);
    await pty.waitFor(/shell> /);
    assert(pty.raw.lastIndexOf(shown) > pty.raw.lastIndexOf(hidden), 'it has left');
    pty.send('stty -a\r');
    await pty.waitFor(/[ ;\n]icanon.*[ ;\n]echo\b/s);
    await pty.waitFor(/shell> /);
    await openStream(t, program.sse);
    pty.send('fg\r');
    await pty.waitFor(/1 client · 0 slow/);
    assert(pty.raw.lastIndexOf(hidden) > pty.raw.lastIndexOf(shown), 'it is back');
    pty.send('q');
    await pty.waitFor(/shell> /);
    pty.send('echo "code=$?"; stty -a\r');
    await pty.waitFor(/code=0\n.*[ ;\n]icanon.*[ ;\n]echo\b/s);
    assert(pty.raw.lastIndexOf(shown) > pty.raw.lastIndexOf(hidden), 'it has left for good');
  });

  it('says once that the server is away, and goes on when it is back', async (t) => {
    const program = await startProgram(t);
    const top = new Running(['top', '--url', program.url], {});
    t.after(() => top.kill());
    await top.until('it has a line', () => top.stdout.includes('0 clients'));
    await program.stop();
    await top.until('it says so', () => /no server listens there.*; trying again\n/.test(top.stderr));
    // Somebody else there who never answers, and is asked three times.
    let asked = 0;
    const other = createServer((socket) => void (++asked && socket.destroy())).listen(program.port, '127.0.0.1');
    while (asked < 3) await once(other, 'connection');
    await new Promise((resolve) => other.close(resolve));
    const lines = top.stderr.trimEnd().split('\n');
    assert.equal(new Set(lines).size, lines.length, top.stderr);
    const again = await startProgram(t, ['--port', String(program.port)]);
    await openStream(t, again.sse);
    await top.until('it goes on', () => /\d\d:\d\d:\d\d {2}1 client /.test(top.stdout));
  });

  it('--once ends when its server goes away before it has a second to tell of', async (t) => {
    const program = await startProgram(t);
    const front = createServer((client) => {
      const server = connect(program.port, '127.0.0.1');
      let told = 0;
      client.on('data', (bytes) => server.write(bytes)).on('close', () => server.destroy());
      server.on('data', (bytes) => {
        told += bytes.toString('latin1').split('event: stats').length - 1;
        if (told > 1) client.destroy();
        else client.write(bytes);
      });
    });
    await once(front.listen(0, '127.0.0.1'), 'listening');
    t.after(() => void front.close());
    const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}/`;
    const { code, stdout, stderr } = await run(t, ['top', '--once', '--url', url]);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^sse-server: http:\S+ (went away|ended its stream)[^\n]*\n$/);
  });

  it('ends where there is no server to begin with, or none that lets it look', async (t) => {
    const program = await startProgram(t, ['--admin-listen', '0']);
    const { code, stdout, stderr } = await run(t, ['top', '--once', '--url', program.url]);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^sse-server: http:\S+ answers 404: .*\n$/);
    await program.stop();
    const lost = await run(t, ['top', '--url', program.url]);
    assert.equal(lost.code, 1);
    assert.match(lost.stderr, /^sse-server: http:\S+ does not answer: no server listens there; [^\n]*\n$/);
  });
});
