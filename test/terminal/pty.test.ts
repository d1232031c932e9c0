import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Pty, spawnPty } from '../support/pty.ts';

const PROGRAM = `"${process.execPath}" --import tsx test/terminal/menu-program.ts`;
const MENU = /\(S\)end · \(A\)dmins · \(F\)ilter · \(M\)essage · \(C\)lients · \(T\)ick · \(H\)elp · \(Q\)uit/;
const COOKED = [/[^-]icanon/, /[^-]isig/, /[^-]icrnl/, /[^-]echo\b/];

const started = (t: TestContext, script: string): Pty => {
  const pty = spawnPty('/bin/sh', ['-c', script]);
  t.after(() => pty.kill());
  return pty;
};
/** A shell with job control, as a person has one. */
const shell = async (t: TestContext): Promise<Pty> => {
  const pty = spawnPty('/bin/bash', ['--norc', '--noprofile', '-i'], { PS1: 'shell> ', HISTFILE: undefined });
  t.after(() => pty.kill());
  await pty.waitFor(/shell> /);
  return pty;
};
/** The program, and after its end its exit code and the mode that it left the terminal in. */
const menu = async (t: TestContext, clients = 3): Promise<Pty> => {
  const pty = started(t, `CLIENTS=${clients} ${PROGRAM}; echo "exit code $?"; stty -a`);
  await pty.waitFor(MENU);
  await pty.waitFor(new RegExp(`${clients} clients · 0 events · 0 events/s`));
  return pty;
};
/** The first screen is shown, with a cursor. */
const isBack = (pty: Pty) => {
  const [other, cursor] = ['?1049', '?25'].map(
    (mode) => pty.raw.lastIndexOf(`\u001b[${mode}h`) - pty.raw.lastIndexOf(`\u001b[${mode}l`),
  );
  assert.ok((other ?? 0) < 0 && (cursor ?? 0) > 0);
};
const endsCooked = async (pty: Pty, code: number) => {
  await pty.waitFor(new RegExp(`exit code ${code}\\b`));
  await pty.exit;
  for (const mode of COOKED) assert.match(pty.text, mode);
  assert.ok(pty.raw.lastIndexOf('\u001b[?25h') > pty.raw.lastIndexOf('\u001b[?25l'), 'the cursor is visible');
};

test('S, A and H answer, Q quits with 0 and a cooked terminal', async (t) => {
  const pty = await menu(t);
  pty.send('s');
  await pty.waitFor(/sent message "hello" to 3 clients · e-1/);
  pty.send('A');
  await pty.waitFor(/sent message "hello" to 1 client matching profile == "Administrator" · e-2/);
  await pty.waitFor(/3 clients · 2 events/);
  pty.send('?');
  await pty.waitFor(/Ctrl-Z suspends/);
  pty.send('q');
  await endsCooked(pty, 0);
});

test('F sends to a filter, R repeats it, and T ticks until it is pressed again', async (t) => {
  const pty = await menu(t);
  pty.send('f');
  await pty.waitFor(/everyone: 3 clients/);
  pty.send('profile == "Guest"');
  await pty.waitFor(/matches 1 of 3/);
  pty.send('\r');
  await pty.waitFor(/sent message "hello" to 1 client matching profile == "Guest" · e-1/);
  pty.send('r');
  await pty.waitFor(/sent message "hello" to 1 client matching profile == "Guest" · e-2/);
  pty.send('t');
  await pty.waitFor(/the ticker sends message "hello" to everyone every 50ms/);
  await pty.waitFor(/3 clients · \d+ events · \S+ events\/s · tick 50ms/);
  pty.send('t');
  await pty.waitFor(/the ticker is off/);
  pty.send('r');
  await pty.waitFor(/sent message "hello" to 1 client matching profile == "Guest"/);
  pty.send('q');
  await endsCooked(pty, 0);
});

test('C lists ten thousand clients, follows a resize, filters and kicks, and Escape gives back the first screen', async (t) => {
  const pty = await menu(t, 10_000);
  pty.send('c');
  await pty.waitFor(/Clients · 10000[\s\S]*› c1 +Ada +Administrator[\s\S]*Esc back/);
  pty.send('\u001b[F');
  await pty.waitFor(/› c10000 +/);
  pty.resize(60, 12);
  await pty.waitFor(/Clients · 10000[\s\S]*› c10000 +/);
  pty.send('k');
  await pty.waitFor(/Clients · 9999[\s\S]*› c10000 +that client has left[\s\S]*kicked c10000/);
  pty.send('/');
  await pty.waitFor(/filter: /);
  pty.send('profile == "Crowd"\r');
  await pty.waitFor(/Clients · 9996 of 9999/);
  pty.send('\u001b');
  await pty.waitFor(/- anonymous \(Crowd\) 127\.0\.0\.1 left after 12 s · 9999 clients \(kicked\)/);
  await pty.waitFor(/9999 clients · 0 events/);
  isBack(pty);
  pty.send('q');
  await endsCooked(pty, 0);
});

test('Ctrl-C in the list only leaves it, and the server goes on; the next one ends it', async (t) => {
  const pty = await menu(t);
  pty.send('c');
  await pty.waitFor(/› c1/);
  pty.send('\u0003');
  await pty.waitFor(/3 clients · 0 events/);
  isBack(pty);
  pty.send('s');
  await pty.waitFor(/sent message "hello" to 3 clients · e-1/);
  pty.send('\u0003');
  await endsCooked(pty, 130);
});

test('M composes: its own Ctrl-C cancels, a bad filter gets a caret, a good one tells whom it selects', async (t) => {
  const pty = await menu(t);
  pty.send('m');
  await pty.waitFor(/Type/);
  pty.send('\u0003');
  await pty.waitFor(/nothing sent/);
  pty.send('m');
  await pty.waitFor(/Type/);
  pty.send('sse.x\r');
  await pty.waitFor(/must not begin with "sse\."/);
  pty.send('\u0015notice\r');
  await pty.waitFor(/Data/);
  pty.send('\r');
  await pty.waitFor(/everyone: 3 clients/);
  pty.send('profle == "Guest"');
  await pty.waitFor(/profle == "Guest" *\n│ {2}\^\n└ {2}unknown name 'profle'; did you mean 'profile'\?/);
  pty.send('\u0015');
  await pty.waitFor(/everyone: 3 clients/);
  pty.send('profile == "Guest"');
  await pty.waitFor(/matches 1 of 3/);
  pty.send('\r');
  await pty.waitFor(/sent notice "hello" to 1 client matching profile == "Guest" · e-1/);
  pty.send('q');
  await endsCooked(pty, 0);
});

test('Ctrl-C ends with 130, and the one that cancels the composer does not count', async (t) => {
  const pty = await menu(t);
  pty.send('m');
  await pty.waitFor(/Type/);
  pty.send('\u0003');
  await pty.waitFor(/nothing sent/);
  pty.send('\u0003');
  await pty.waitFor(/stopped by interrupt/);
  await endsCooked(pty, 130);
});

test('a resize cuts the status line to the new width', async (t) => {
  const pty = await menu(t);
  pty.resize(20, 24);
  await pty.waitFor(/3 clients · 0 even…/);
  pty.resize(100, 24);
  await pty.waitFor(/3 clients · 0 events · 0 events\/s/);
});

test('under a shell Ctrl-Z suspends, fg brings it back, bg lets it serve on, and fg takes the keys again', async (t) => {
  const pty = await shell(t);
  pty.send(`${PROGRAM}\r`);
  const [, pid] = await pty.waitFor(/pid (\d+)\./);
  const logs = () => process.kill(Number(pid), 'SIGUSR2');

  pty.send('\u001a');
  await pty.waitFor(/Stopped[\s\S]*shell> /);
  pty.send('fg\r');
  await pty.waitFor(/3 clients · 0 events/);
  pty.send('s');
  await pty.waitFor(/sent message "hello" to 3 clients · e-1/);

  pty.send('\u001a');
  await pty.waitFor(/Stopped[\s\S]*shell> /);
  pty.send('bg\r');
  await pty.waitFor(/shell> /);
  logs();
  await pty.waitFor(/first log line/);
  pty.send('jobs\r');
  await pty.waitFor(/Running/);
  pty.send('fg\r');
  await pty.waitFor(/3 clients · 1 event\b/);
  pty.send('a');
  await pty.waitFor(/· e-2/);

  pty.send('m');
  await pty.waitFor(/Type/);
  pty.send('\u001a');
  await pty.waitFor(/Stopped[\s\S]*shell> /);
  pty.send('fg\r');
  await pty.waitFor(/3 clients · 2 events/);

  pty.send('c');
  await pty.waitFor(/› c1/);
  pty.send('\u001a');
  await pty.waitFor(/Stopped[\s\S]*shell> /);
  isBack(pty);
  pty.send('stty -a\r');
  await pty.waitFor(/[ ;\n]icanon[\s\S]*shell> /);
  pty.send('fg\r');
  await pty.waitFor(/3 clients · 2 events/);
  isBack(pty);
  pty.send('q');
  await pty.waitFor(/stopped by quit[\s\S]*shell> /);
  assert.doesNotMatch(pty.text, /tty output|tty input/, 'it was never stopped for touching a terminal that was not its own');
});

test('started in the background it serves, and fg gives it the terminal', async (t) => {
  const pty = await shell(t);
  pty.send(`${PROGRAM} &\r`);
  await pty.waitFor(/pid (\d+)\./);
  pty.send('jobs\r');
  await pty.waitFor(/Running/);
  pty.send('fg\r');
  await pty.waitFor(/3 clients · 0 events/);
  pty.send('q');
  await pty.waitFor(/stopped by quit/);
  assert.doesNotMatch(pty.text, /Stopped/);
});

test('with its output in a pipe it takes lines, and prints nothing for a person', async (t) => {
  const pty = started(t, `${PROGRAM} | cat; stty -a`);
  pty.send('s\r');
  await pty.waitFor(/sent message "hello" to 3 clients · e-1\n/);
  pty.send('quit\r');
  await pty.waitFor(/stopped by quit/);
  await pty.exit;
  assert.doesNotMatch(pty.text, MENU);
  assert.equal(pty.raw.includes('\u001b'), false);
});
