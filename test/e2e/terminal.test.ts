import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { whyNo } from '../support/needs.ts';
import { PROGRAM, ROOT, startProgram } from '../support/program.ts';
import { type Pty, spawnPty } from '../support/pty.ts';
import { openStream, type Reader } from './reader.ts';

/** The whole program under a pseudo-terminal, in an interactive shell where it matters: only that has job control. */
const COMMAND = `'${process.execPath}' ${PROGRAM.map((argument) => `'${argument}'`).join(' ')} --port 0`;
const PROMPT = 'shell> ';
const ADMIN = 'profile == "Administrator"';
const [CTRL_C, CTRL_Z] = ['\x03', '\x1a'];

interface Session {
  readonly pty: Pty;
  readonly sse: string;
}

/** Types a command into a shell and waits until it serves. */
async function inShell(t: TestContext, command: string): Promise<Session> {
  const pty = spawnPty(
    'bash',
    ['--norc', '--noprofile', '-i'],
    { PS1: PROMPT, HISTFILE: undefined, NODE_ENV: undefined },
    { cwd: ROOT, columns: 120 },
  );
  t.after(() => pty.kill());
  await pty.waitFor(/shell> /);
  pty.send(`${command}\r`);
  // Or the next prompt, if it ends instead.
  const [, url] = await pty.waitFor(/Local\s+(http:\/\/localhost:\d+\/)|shell> /, 30_000);
  assert(url, pty.text);
  await pty.waitFor(/0 events\/s/);
  return { pty, sse: `${url}sse` };
}

/** After the program has ended: how it ended, and that the terminal is as a shell wants it. */
async function assertCooked(pty: Pty, code: number): Promise<void> {
  await pty.waitFor(/shell> /);
  pty.send('echo "code=$?"; stty -a\r');
  const [, ended] = await pty.waitFor(/code=(\d+)/);
  assert.equal(Number(ended), code);
  const [settings] = await pty.waitFor(/speed .*echoctl/s);
  for (const mode of ['icanon', 'echo', 'isig', 'icrnl', 'opost'])
    assert.match(settings, new RegExp(`[ ;\n]${mode}\\b`), `${mode} is on`);
}

/** Lets two clients join, and sees that the terminal says so. */
async function twoClients(t: TestContext, { pty, sse }: Session): Promise<{ admin: Reader; guest: Reader }> {
  const admin = await openStream(t, `${sse}?profile=Administrator&login=ada`);
  await pty.waitFor(/\+ ada \(Administrator\) joined · 1 client/);
  const guest = await openStream(t, sse);
  await pty.waitFor(/\+ anonymous \S+ joined · 2 clients/);
  return { admin, guest };
}

describe('the program in a terminal', () => {
  it('is driven by its keys: S, A, M, C, one that is none, Q', async (t) => {
    const session = await inShell(t, COMMAND);
    const { pty } = session;
    const { admin, guest } = await twoClients(t, session);

    pty.send('s');
    await pty.waitFor(/sent message "hello" to 2 clients/);
    pty.send('A');
    await pty.waitFor(/sent message "hello" to 1 client matching profile == "Administrator"/);

    pty.send('m');
    await pty.waitFor(/Type/);
    pty.send(`not this${CTRL_C}`);
    await pty.waitFor(/nothing sent/);

    pty.send('m');
    await pty.waitFor(/Type/);
    pty.send('notice\r');
    await pty.waitFor(/Data/);
    pty.send('from the menu\r');
    await pty.waitFor(/everyone: 2 clients/);
    pty.send(ADMIN);
    await pty.waitFor(/matches 1 of 2/);
    pty.send('\r');
    await pty.waitFor(/sent notice "from the menu" to 1 client matching/);

    pty.send('c');
    await pty.waitFor(/Clients · 2.*› \S+ +ada +Administrator.*anonymous.*Esc back/s);
    pty.send('s');
    await pty.waitFor(/to \S+ \(empty: hello\): /);
    pty.send('for ada\r');
    await pty.waitFor(/sent message "for ada" to 1 client matching client.id/);
    pty.send('\x1b');
    await pty.waitFor(/2 clients · 4 events/);
    pty.send('b');
    await pty.waitFor(/no such key: b/);

    guest.close();
    await pty.waitFor(/- anonymous \S+ left after .* · 1 client/);
    assert.deepEqual(guest.data, ['hello']);
    assert.deepEqual(
      admin.events.map(({ type, data }) => [type, data]),
      [
        ['message', 'hello'],
        ['message', 'hello'],
        ['notice', 'from the menu'],
        ['message', 'for ada'],
      ],
    );

    pty.send('q');
    await admin.ended;
    assert.deepEqual(admin.control('sse.bye'), [{ reason: 'shutdown' }]);
    await assertCooked(pty, 0);
  });

  it('sends to a filter with F, again with R, and again and again with T; E and U show what there is', async (t) => {
    const session = await inShell(t, `${COMMAND} --tick 50ms`);
    const { pty, sse } = session;
    const { admin, guest } = await twoClients(t, session);
    pty.send('f');
    await pty.waitFor(/everyone: 2 clients/);
    pty.send(ADMIN);
    await pty.waitFor(/matches 1 of 2/);
    pty.send('\r');
    await pty.waitFor(/sent message "hello" to 1 client matching profile == "Administrator"/);
    pty.send('r');
    await pty.waitFor(/sent message "hello" to 1 client matching profile == "Administrator"/);
    await admin.has(2);
    assert.deepEqual(guest.data, []);

    pty.send('e');
    await pty.waitFor(/time +id +type +data +for\n(.* message +hello +profile == "Administrator"\n){2}/);
    pty.send('u');
    await pty.waitFor(new RegExp(`Stream +${sse}`));
    await pty.waitFor(new RegExp(`Dashboard +${sse.replace(/sse$/, 'admin/')}`));
    pty.send('t');
    await pty.waitFor(/the ticker sends message "hello" to everyone every 50ms/);
    await pty.waitFor(/· tick 50ms/);
    await guest.has(4);
    pty.send('t');
    await pty.waitFor(/the ticker is off/);
    pty.send('q');
    await assertCooked(pty, 0);
  });

  it('kicks from the list of clients, which follows; a client kicked for good is told not to come back', async (t) => {
    const session = await inShell(t, COMMAND);
    const { pty, sse } = session;
    const { admin, guest } = await twoClients(t, session);
    pty.send('c');
    await pty.waitFor(/Clients · 2.*› \S+ +ada/s);
    pty.send('k');
    await admin.ended;
    assert.deepEqual(admin.control('sse.bye'), [{ reason: 'kicked' }]);
    await pty.waitFor(/Clients · 1.*kicked \w+/s);
    await openStream(t, `${sse}?login=late`);
    await pty.waitFor(/Clients · 2.*late +anonymous/s);
    // The selection stays with the one that has gone until the person moves it.
    pty.send('\x1b[B');
    await pty.waitFor(/›/);
    pty.send('K');
    await guest.ended;
    await pty.waitFor(/kicked \w+ for good/);
    const lastEventId = guest.all.at(-1)?.id ?? '';
    const again = await fetch(sse, { headers: { accept: 'text/event-stream', 'last-event-id': lastEventId } });
    assert.equal(again.status, 204);
    pty.send(CTRL_C);
    await pty.waitFor(/1 client · 0 events/);
    pty.send('q');
    await assertCooked(pty, 0);
  });

  it('is suspended by Ctrl-Z, with a cooked terminal, and goes on with fg', async (t) => {
    const session = await inShell(t, COMMAND);
    const { pty } = session;
    const { guest } = await twoClients(t, session);
    pty.send(CTRL_Z);
    await pty.waitFor(/Stopped/);
    await pty.waitFor(/shell> /);
    pty.send('stty -a\r');
    await pty.waitFor(/[ ;\n]icanon.*[ ;\n]echo\b/s);
    await pty.waitFor(/shell> /);
    pty.send('fg\r');
    await pty.waitFor(/2 clients · 0 events/);
    pty.send('s');
    await pty.waitFor(/sent message "hello" to 2 clients/);
    assert.deepEqual(
      (await guest.has(1)).map(({ data }) => data),
      ['hello'],
    );
    pty.send('q');
    await assertCooked(pty, 0);
  });

  it('ends with 130 after Ctrl-C', async (t) => {
    const { pty } = await inShell(t, COMMAND);
    pty.send(CTRL_C);
    await assertCooked(pty, 130);
  });

  it('fits its status line to the window, however that changes', async (t) => {
    const { pty } = await inShell(t, COMMAND);
    pty.resize(20, 24);
    await pty.waitFor(/0 clients · 0 even…/);
    pty.resize(100, 24);
    await pty.waitFor(/0 clients · 0 events · 0 events\/s/);
    pty.send('q');
    await assertCooked(pty, 0);
  });
});

describe('the program in tmux', { skip: whyNo('tmux', ['tmux', '-V']) }, () => {
  it('is driven by its keys', async (t) => {
    // A server of our own, so that nobody's sessions are touched.
    const socket = ['-L', `sse-server-${process.pid}`, '-f', '/dev/null'];
    const pty = spawnPty('tmux', [...socket, 'new-session', COMMAND], { TMUX: undefined, NODE_ENV: undefined }, { columns: 120 });
    t.after(() => {
      spawnSync('tmux', [...socket, 'kill-server']);
      pty.kill();
    });
    const [, url] = await pty.waitFor(/Local\s+(http:\/\/localhost:\d+\/)/);
    const client = await openStream(t, `${url}sse`);
    await pty.waitFor(/joined · 1 client/);
    pty.send('s');
    await pty.waitFor(/sent message "hello" to 1 client/);
    await client.has(1);
    pty.send('q');
    await pty.waitFor(/\[exited\]/);
    await client.ended;
    assert.deepEqual(client.control('sse.bye'), [{ reason: 'shutdown' }]);
  });
});

describe('the program in a terminal, by way of npm', { skip: !existsSync(join(ROOT, 'dist')) && 'nothing is built' }, () => {
  it('can be run by itself: npx looks to that only when it makes its link, and a later build must not undo it', () => {
    accessSync(join(ROOT, 'dist/bin/sse-server.js'), constants.X_OK);
  });

  const WAYS = {
    'npx sse-server': 'npx --no-install sse-server --port 0',
    // Without the set-up that belongs to `npm start`, which the test run has done.
    'npm start': 'npm start --ignore-scripts --silent -- --port 0',
  };
  for (const [name, command] of Object.entries(WAYS)) {
    it(`${name}: S, Ctrl-Z and back, Q`, async (t) => {
      const session = await inShell(t, command);
      const { pty } = session;
      const guest = await openStream(t, session.sse);
      await pty.waitFor(/joined · 1 client/);
      pty.send('s');
      await pty.waitFor(/sent message "hello" to 1 client/);
      pty.send(CTRL_Z);
      await pty.waitFor(/Stopped/);
      await pty.waitFor(/shell> /);
      pty.send('fg\r');
      await pty.waitFor(/1 client · 1 event/);
      pty.send('s');
      await pty.waitFor(/sent message "hello" to 1 client/);
      pty.send('q');
      await assertCooked(pty, 0);
      assert.deepEqual(guest.data, ['hello', 'hello']);
    });

    it(`${name}: Ctrl-C`, async (t) => {
      const { pty } = await inShell(t, command);
      pty.send(CTRL_C);
      await assertCooked(pty, 130);
    });
  }
});

describe('the program without a terminal', () => {
  it('obeys lines on a pipe, answers beside the log, and serves on when they end', async (t) => {
    const program = await startProgram(t, [], { stdin: 'pipe' });
    const client = await openStream(t, program.sse);
    // As `(echo s; printf 'send notice {"x":1}') | sse-server`: the last line has no end.
    program.child.stdin?.end('s\nnonsense\nsend notice {"x":1}');
    const received = (await client.has(2)).map(({ type, data }) => [type, data]);
    assert.deepEqual(received, [
      ['message', 'hello'],
      ['notice', '{"x":1}'],
    ]);
    await program.until('it has answered all', () => /^sent notice .* to 1 client/m.test(program.stderr));
    assert.match(program.stderr, /^error: unknown command 'nonsense'/m);
    assert.equal((await program.publish({ data: 'still there' })).matched, 1);
    assert.deepEqual(await program.stop(), { code: 0, signal: null });
    assert(program.log.length >= 5, 'nothing but JSON stands on stdout');
  });

  it('has the words that look and steer: a client is listed, sent to, and kicked for good', async (t) => {
    const program = await startProgram(t, [], { stdin: 'pipe' });
    const [ada, guest] = [
      await openStream(t, `${program.sse}?profile=Administrator&login=ada`),
      await openStream(t, program.sse),
    ];
    const { client } = ada.control('sse.open')[0] as { client: string };
    const filter = 'filter profile == "Guest" || client.id == "nobody"';
    const lines = [
      'clients profile == "Administrator"',
      `to ${client} for you`,
      filter,
      'repeat',
      'events 1',
      `kick ${client} forever`,
    ];
    program.child.stdin?.write(`${lines.join('\n')}\nlevel error\nlevel\ntick 1ms\n`);
    await program.until('it has answered all', () => /^error: tick: must be at least 10ms/m.test(program.stderr));
    assert.match(program.stderr, new RegExp(`^${client} +Administrator +ada`, 'm'));
    assert.match(program.stderr, /^sent message "for you" to 1 client matching client.id/m);
    assert.equal(program.stderr.match(/^sent message "hello" to 0 clients/gm)?.length, 2);
    assert.match(program.stderr, new RegExp(`^kicked ${client} for good`, 'm'));
    assert.match(program.stderr, /^log level error\nlog level error$/m);
    await ada.ended;
    assert.deepEqual([ada.data, guest.data], [['for you'], []]);
    await program.stop();
  });

  it('quits at q, and serves on after the end of /dev/null', async (t) => {
    const piped = await startProgram(t, [], { stdin: 'pipe' });
    piped.child.stdin?.write('q\n');
    assert.deepEqual(await piped.exit, { code: 0, signal: null });

    const program = await startProgram(t);
    const client = await openStream(t, program.sse);
    assert.equal((await program.publish({ data: 'there' })).matched, 1);
    await client.has(1);
    await program.stop();
    assert.deepEqual(
      program.log.map(({ msg }) => msg.replace(/ at http.*/, '')),
      ['listening', 'stream opened', 'broadcast', 'SIGTERM: stopping', 'stream closed'],
    );
    assert.equal(program.stderr, '');
  });
});
