import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SseError } from '../../src/errors.ts';
import { compileFilter } from '../../src/event/filter.ts';
import { MENU } from '../../src/terminal/menu.ts';
import { openTerminal } from '../../src/terminal/open-terminal.ts';
import { clientOf, entryOf, eventually, FakeControl, FakeKeyboard } from './fixtures.ts';
import { ScreenModel } from './screen-model.ts';

const CLOCK = new Date(0).toTimeString().slice(0, 8);
const STATUS = '2 clients · 0 events · 0 events/s';

const opened = (t: TestContext, { foreground = () => true }: { foreground?: () => boolean } = {}) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const input = new FakeKeyboard();
  const screen = new ScreenModel(100);
  const control = new FakeControl();
  let time = 1_000_000;
  const terminal = openTerminal({ input, output: screen, control, colors: false, now: () => time, foreground });
  terminal.start();
  t.after(() => terminal.close());
  const pass = (ms: number) => {
    time += ms;
    t.mock.timers.tick(ms);
  };
  /** Types keys one by one, each in a piece of its own, and waits until they were taken. */
  const type = async (...keys: string[]) => {
    for (const key of keys) {
      input.write(key);
      await eventually(() => input.readableLength === 0);
    }
  };
  const printed = () => screen.lines.slice(1, -1);
  return { input, screen, control, terminal, pass, type, printed };
};

test('it begins with the menu and a status line, in raw mode', (t) => {
  const { input, screen } = opened(t);
  assert.deepEqual(screen.lines, [MENU, STATUS]);
  assert.equal(input.rawMode, true);
});

test('S sends the default event to everyone and A to the key filter, in either case', async (t) => {
  const { control, type, printed } = opened(t);
  await type('s', 'S', 'a');
  await eventually(() => printed().length === 3);
  assert.deepEqual(
    control.sent.map(({ filter }) => filter),
    [undefined, undefined, 'profile == "Administrator"'],
  );
  assert.equal(printed()[0], 'sent message "hello" to 2 clients · e-1');
});

test('what could not be sent says why, and for a filter where', async (t) => {
  const { control, type, printed } = opened(t);
  control.failure = SseError.of('invalid-filter', [{ pointer: '/filter', detail: 'is bad', position: 2, excerpt: 'a bad\n  ^' }]);
  await type('a');
  await eventually(() => printed().length === 3);
  assert.deepEqual(printed(), ['not sent: filter: is bad', 'a bad', '  ^']);
});

test('Q quits, Ctrl-C interrupts, and both may be repeated while the server stops', async (t) => {
  const { control, type } = opened(t);
  await type('q', '\u0003', 'Q');
  assert.deepEqual(control.stops, ['quit', 'interrupt', 'quit']);
});

test('Enter leaves an empty line, H and ? help, and no line of them is wider than 80 columns', async (t) => {
  const { type, printed } = opened(t);
  await type('\r', 'h', '?');
  assert.equal(printed()[0], '');
  assert.equal(printed().filter((line) => line.startsWith('Q      quit')).length, 2);
  assert.ok([MENU, ...printed()].every((line) => line.length < 80));
});

test('F asks for a filter, says whom it has, and sends the default event', async (t) => {
  const { screen, control, type, printed } = opened(t);
  const shows = (text: string) => eventually(() => screen.lines.join('\n').includes(text), text);
  await type('f');
  await shows('◆  Filter (empty: everyone)\n│\n└  everyone: 2 clients');
  await type('id == "7"');
  await shows('└  matches 1 of 2');
  await type('\r');
  await shows('sent message');
  assert.deepEqual(control.sent, [{ event: 'message', data: 'hello', filter: 'id == "7"' }]);
  assert.equal(printed().at(-1), 'sent message "hello" to 1 client matching id == "7" · e-1');
  await type('F');
  await eventually(() => screen.lines.join('\n').endsWith('everyone: 2 clients'));
  await type('\u0003');
  await shows('nothing sent');
  assert.equal(control.sent.length, 1);
});

test('R repeats what was last sent from here, and says so when that is nothing', async (t) => {
  const { control, type, printed } = opened(t);
  await type('r');
  await eventually(() => printed().length === 1);
  assert.equal(printed()[0], 'not sent: nothing was sent from here yet');
  await type('a');
  await eventually(() => printed().length === 2);
  await type('R');
  await eventually(() => printed().length === 3);
  assert.deepEqual(control.sent[1], control.sent[0]);
  assert.equal(printed()[2], 'sent message "hello" to 1 client matching profile == "Administrator" · e-2');
});

test('T starts a ticker that is seen in the status line, and stops it; R does not repeat a tick', async (t) => {
  const { screen, control, type, pass, printed } = opened(t);
  await type('t');
  await eventually(() => control.sent.length === 1 && printed().length === 1);
  assert.equal(printed()[0], 'the ticker sends message "hello" to everyone every 1s');
  pass(250);
  assert.equal(screen.lines.at(-1), `${STATUS} · tick 1s`);
  for (const count of [2, 3]) {
    pass(1000);
    await eventually(() => control.sent.length === count);
  }
  await type('T');
  await eventually(() => printed().at(-1) === 'the ticker is off');
  pass(5000);
  assert.equal(screen.lines.at(-1), STATUS);
  assert.equal(control.sent.length, 3);
  await type('r');
  await eventually(() => printed().at(-1) === 'not sent: nothing was sent from here yet');
});

test('a ticker that fails stops and tells why, once; one that is stopped by closing tells nothing', async (t) => {
  const { control, terminal, type, pass, printed } = opened(t);
  control.failure = new SseError('stopping', 'the server is stopping');
  await type('t');
  await eventually(() => printed().includes('the ticker stopped: the server is stopping'));
  control.failure = undefined;
  pass(5000);
  assert.equal(control.sent.length, 0);
  await type('t');
  await eventually(() => control.sent.length === 1);
  terminal.close();
  pass(5000);
  assert.equal(control.sent.length, 1);
});

test('E shows the last events, the newest last, their data cut and escaped', async (t) => {
  const { control, type, printed } = opened(t);
  await type('e');
  await eventually(() => printed().length === 1);
  assert.equal(printed()[0], 'no events');
  const filter = compileFilter('profile == "Guest"');
  control.past = [
    entryOf(1, 'first'),
    entryOf(2, `\u001b[2J\n${'x'.repeat(100)}`, { filter }),
    entryOf(3, '{"a":1}', { topics: ['a', 'b'] }),
  ];
  await type('E');
  await eventually(() => printed().length === 5);
  assert.deepEqual(
    printed()
      .slice(1)
      .map((line) => line.replace(/ {2,}/g, '  ')),
    [
      'time  id  type  data  for',
      `${CLOCK}  e-1  price  first  everyone`,
      `${CLOCK}  e-2  price  \\u{1b}[2J\\u{a}${'x'.repeat(46)}…  profile == "Guest"`,
      `${CLOCK}  e-3  price  {"a":1}  topics a b`,
    ],
  );
});

test('L goes through the log levels, and what a person is told follows them', async (t) => {
  const { control, terminal, type, printed } = opened(t);
  terminal.observe({ kind: 'opened', client: clientOf(), clients: 1 });
  await type('l');
  await eventually(() => printed().length === 2);
  terminal.observe({ kind: 'opened', client: clientOf(), clients: 2 });
  terminal.observe({ kind: 'failed', what: 'a thing', error: 'why' });
  assert.deepEqual(printed(), ['+ anonymous 127.0.0.1 joined · 1 client', 'log level warn', '! a thing: why']);
  for (const level of ['error', 'fatal', 'silent', 'trace', 'debug', 'info']) {
    await type('L');
    await eventually(() => printed().at(-1) === `log level ${level}`);
  }
  assert.equal(control.level, 'info');
});

test('U shows the URLs, O opens the page or says where it is, X and Ctrl-L clear the screen', async (t) => {
  const { screen, control, type, printed } = opened(t);
  await type('u', 'o');
  await eventually(() => printed().length === 4);
  assert.deepEqual(printed(), ['', '  Local    http://localhost:2015/', '', 'opened http://localhost:2015/']);
  control.opened = false;
  await type('O');
  await eventually(() => printed().length === 5);
  assert.equal(printed()[4], 'no browser could be opened here; the page is http://localhost:2015/');
  for (const key of ['x', '\u000c']) {
    await type('u', key);
    assert.deepEqual(
      screen.lines.filter((line) => line !== ''),
      [STATUS],
    );
    assert.equal(screen.lines[0], STATUS);
  }
});

test('an unknown key gives one hint until a known one is pressed; arrow keys give none', async (t) => {
  const { type, printed } = opened(t);
  await type('\u001b[A', '\u001bOP', 'y', 'b', '\u0001', '\r', 'z');
  assert.deepEqual(
    printed().map((line) => line.slice(0, 14)),
    ['no such key: y', '', 'no such key: z'],
  );
});

test('a paste fires no commands, not by its last piece either', async (t) => {
  const { control, type, pass, printed } = opened(t);
  await type('sss qqq aaa sss', 'q');
  assert.deepEqual([control.sent.length, control.stops.length, printed().length], [0, 0, 1]);
  assert.match(printed()[0] ?? '', /paste/);
  pass(200);
  await type('q');
  assert.deepEqual(control.stops, ['quit']);
});

test('the status line follows four times a second, above it the lines of log and activities', (t) => {
  const { screen, control, terminal, pass } = opened(t);
  control.figures = { clients: 3, events: 8 };
  assert.equal(screen.lines.at(-1), STATUS);
  pass(250);
  assert.equal(screen.lines.at(-1), '3 clients · 8 events · 4 events/s');
  terminal.destination.write('a line of log\n');
  terminal.observe({ kind: 'opened', client: clientOf(), clients: 3 });
  terminal.print('from the app');
  assert.deepEqual(screen.lines.slice(1), [
    'a line of log',
    '+ anonymous 127.0.0.1 joined · 3 clients',
    'from the app',
    '3 clients · 8 events · 4 events/s',
  ]);
});

test('ten thousand clients that come at once do not fill the screen', (t) => {
  const { terminal, printed, pass } = opened(t);
  for (let clients = 1; clients <= 10_000; clients++) terminal.observe({ kind: 'opened', client: clientOf(), clients });
  pass(250);
  assert.equal(printed().length, 101);
  assert.equal(printed().at(-1), '… 9900 more lines not shown');
});

test('M asks for type, data and filter, keeps log lines waiting, and sends', async (t) => {
  const { screen, control, terminal, type, pass, printed } = opened(t);
  const shows = (text: string) => eventually(() => screen.lines.join('\n').includes(text), text);
  await type('M');
  await shows('◆  Type\n│  message');
  terminal.destination.write('a line of log\n');
  control.figures = { clients: 9, events: 9 };
  pass(250);
  await type('notice\r');
  await shows('◇  Type\n│  notice\n│\n◆  Data\n│  hello');
  await type('\r');
  await shows('◆  Filter (empty: everyone)\n│\n└  everyone: 9 clients');
  await type('id == "7"');
  await shows('│  id == "7"\n└  matches 1 of 9');
  assert.ok(!screen.raw.includes('a line of log'));
  await type('\r');
  await shows('sent notice');
  assert.deepEqual(control.sent, [{ event: 'notice', data: 'hello', filter: 'id == "7"' }]);
  assert.deepEqual(printed().slice(-2), ['a line of log', 'sent notice "hello" to 1 client matching id == "7" · e-1']);
  assert.equal(screen.lines.at(-1), '9 clients · 9 events · 4.5 events/s');
  await type('q');
  assert.deepEqual(control.stops, ['quit'], 'the keys belong to the menu again');
});

test('what was typed behind M goes to the composer, in which keys are text and Ctrl-C cancels only it', async (t) => {
  const { screen, control, type, printed } = opened(t);
  const shows = (text: string) => eventually(() => screen.lines.join('\n').includes(text), text);
  await type('mqs');
  await shows('│  qs');
  await type('\u0003');
  await shows('nothing sent');
  assert.equal(printed().at(-1), 'nothing sent');
  assert.deepEqual([control.stops, control.sent], [[], []]);
});

test('closing or suspending in the middle of the composer takes the prompt away at once', async (t) => {
  for (const [key, end] of [
    ['\u001a', 'suspend'],
    ['', 'close'],
  ] as const) {
    const { input, screen, control, terminal, type } = opened(t);
    await type('m');
    await eventually(() => screen.lines.join('\n').includes('Type'));
    terminal.destination.write('held\n');
    if (key === '') terminal.close();
    else await type(key);
    assert.deepEqual(screen.lines.slice(-2), ['held', ''], end);
    assert.equal(screen.cursorVisible, true, end);
    assert.equal(input.rawMode, false, end);
    assert.equal(control.suspended, key === '' ? 0 : 1);
    terminal.close();
    t.mock.timers.reset();
  }
});

test('Ctrl-Z gives the terminal back before it suspends, and takes it again when it goes on', async (t) => {
  const { input, screen, control, terminal, type } = opened(t);
  const atSuspend: unknown[] = [];
  control.suspend = () => atSuspend.push(input.rawMode, screen.lines.at(-1), screen.cursorVisible);
  await type('\u001a');
  assert.deepEqual(atSuspend, [false, '', true]);
  assert.equal(input.rawMode, false);
  terminal.continued();
  assert.equal(input.rawMode, true);
  assert.equal(screen.lines.at(-1), STATUS);
  await type('q');
  assert.deepEqual(control.stops, ['quit']);
});

test('where nobody can suspend it, Ctrl-Z does no harm', async (t) => {
  const { input, screen, type, pass } = opened(t);
  await type('\u001a');
  pass(250);
  assert.equal(input.rawMode, true);
  assert.equal(screen.lines.at(-1), STATUS);
});

test('sent to the background it serves on without the terminal, and takes it when it is brought forward', async (t) => {
  let foreground = true;
  const { input, screen, control, terminal, type, pass } = opened(t, { foreground: () => foreground });
  await type('\u001a');
  foreground = false;
  const modes: boolean[] = [];
  input.setRawMode = (raw) => modes.push(raw);
  terminal.continued();
  pass(1000);
  terminal.destination.write('still serving\n');
  assert.deepEqual(modes, [], 'setting the mode would stop a background job');
  assert.equal(input.listenerCount('data'), 0);
  assert.deepEqual(screen.lines.slice(-2), ['still serving', '']);
  foreground = true;
  pass(250);
  assert.equal(modes.at(-1), true);
  await type('q');
  assert.deepEqual(control.stops, ['quit']);
});

test('closing leaves a cooked terminal without status line, may be repeated, and ends the keys', async (t) => {
  const { input, screen, control, terminal } = opened(t);
  terminal.close();
  terminal.close();
  input.write('q');
  assert.equal(input.rawMode, false);
  assert.equal(screen.lines.at(-1), '');
  assert.equal(screen.cursorVisible, true);
  assert.deepEqual(control.stops, []);
  terminal.continued();
  assert.equal(input.rawMode, false);
});

test('a terminal that hangs up ends the keys and nothing else', async (t) => {
  const { input, control } = opened(t);
  input.destroy(new Error('EIO'));
  await eventually(() => !input.rawMode);
  assert.deepEqual(control.stops, []);
});
