import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SseError } from '../../src/errors.ts';
import { openTerminal } from '../../src/terminal/open-terminal.ts';
import { clientOf, connected, eventually, FakeControl, FakeKeyboard } from './fixtures.ts';
import { ScreenModel } from './screen-model.ts';

const [UP, DOWN, PAGE_UP, PAGE_DOWN, HOME, END] = ['[A', '[B', '[5~', '[6~', '[H', '[F'].map((rest) => `\u001b${rest}`) as [
  string,
  string,
  string,
  string,
  string,
  string,
];
const [ESCAPE, ENTER, CTRL_C, CTRL_Z, CTRL_U] = ['\u001b', '\r', '\u0003', '\u001a', '\u0015'];
const KEYS = '↑↓ · Enter details · / filter · S send · K kick · Shift-K for good · Esc back';
const HEADER = '  client      who               profile         connected    events   behind   address          topics';

const PROFILES = ['Administrator', 'Guest'];
/** Client n of a crowd: every other one is a guest. */
const member = (n: number) =>
  connected(
    clientOf({ profile: PROFILES[n % 2] ?? '', login: `login${n}`, name: n === 0 ? 'Ada' : '' }, `c${n}`, ['news']),
    970_000,
    n,
  );

/** The list of a terminal with so many clients, as it stands when it has been drawn. */
const opened = async (
  t: TestContext,
  clients: number,
  { columns = 121, rows = 12 }: { columns?: number; rows?: number } = {},
) => {
  // The pauses between two paints are real.
  t.mock.timers.enable({ apis: ['setInterval'] });
  const input = new FakeKeyboard();
  const screen = new ScreenModel(columns, rows);
  const control = new FakeControl();
  control.list = Array.from({ length: clients }, (_, n) => member(n));
  control.figures = { clients, events: 0 };
  const terminal = openTerminal({ input, output: screen, control, colors: false, now: () => 1_000_000, foreground: () => true });
  terminal.start();
  t.after(() => terminal.close());
  const before = screen.lines;
  const type = async (...keys: string[]) => {
    for (const key of keys) {
      input.write(key);
      await eventually(() => input.readableLength === 0);
    }
  };
  const shows = (text: string) =>
    eventually(() => screen.lines.join('\n').includes(text), `${text} in\n${screen.lines.join('\n')}`);
  /** The clients on the screen, the selected one with its mark. */
  const listed = () => screen.lines.slice(2, -2).map((line) => line.replace(/^(›?) *(\S*).*$/, '$1$2'));
  const selects = (id: string) => eventually(() => listed().includes(`›${id}`), `${id} selected`);
  const leave = (n: number) => {
    const [gone] = control.list.splice(n, 1);
    if (!gone) throw new Error(`there is no client ${n}`);
    terminal.observe({
      kind: 'closed',
      client: gone.client,
      clients: control.list.length,
      reason: 'left',
      duration: 1,
      events: 0,
      bytes: 0,
    });
  };
  const join = (n: number) => {
    const client = member(n);
    control.list.push(client);
    terminal.observe({ kind: 'opened', client: client.client, clients: control.list.length });
  };
  await type('c');
  await shows('Clients · ');
  return { input, screen, control, terminal, before, type, shows, listed, selects, leave, join };
};

test('C shows who is connected, in the order in which they came, on a screen of its own', async (t) => {
  const { screen } = await opened(t, 2);
  assert.deepEqual(screen.lines, [
    'Clients · 2',
    HEADER,
    '› c0          Ada               Administrator   30 s         0        0        127.0.0.1        news',
    '  c1          login1            Guest           30 s         1        0        127.0.0.1        news',
    ...Array(6).fill(''),
    '',
    KEYS,
  ]);
  assert.equal(screen.cursorVisible, false);
});

test('Escape, Q and Ctrl-C go back, and leave the terminal as it was before, with what was told meanwhile', async (t) => {
  for (const key of [ESCAPE, 'q', CTRL_C]) {
    const { screen, control, terminal, before, type, shows } = await opened(t, 2);
    terminal.destination.write('a line of log\n');
    assert.ok(!screen.lines.includes('a line of log'));
    await type(key);
    await shows('a line of log');
    assert.deepEqual(screen.lines, [...before.slice(0, -1), 'a line of log', before.at(-1)]);
    assert.equal(screen.cursorVisible, true);
    await type('s');
    await shows('sent message');
    assert.deepEqual(control.stops, []);
    terminal.close();
    t.mock.timers.reset();
  }
});

test('Ctrl-Z and closing in the middle of it leave the first screen, a cooked terminal and a cursor', async (t) => {
  for (const end of ['suspend', 'close']) {
    const { input, screen, control, terminal, before, type } = await opened(t, 2);
    const then: unknown[] = [];
    control.suspend = () => void then.push(screen.isOther, input.rawMode, screen.cursorVisible);
    if (end === 'close') terminal.close();
    else {
      await type(CTRL_Z);
      assert.deepEqual(then, [false, false, true]);
    }
    assert.deepEqual([screen.isOther, input.rawMode, screen.cursorVisible], [false, false, true], end);
    assert.deepEqual(screen.lines, [...before.slice(0, -1), ''], end);
    terminal.continued();
    assert.equal(screen.isOther, false, 'it comes back to the menu');
    terminal.close();
    t.mock.timers.reset();
  }
});

test('arrow and page keys move the selection, and the list with it, up to its ends', async (t) => {
  const { type, listed, selects } = await opened(t, 20);
  assert.equal(listed().length, 8);
  await type(DOWN, DOWN, UP, DOWN);
  await selects('c2');
  await type(PAGE_DOWN);
  await selects('c10');
  assert.deepEqual([listed()[0], listed().at(-1)], ['c3', '›c10']);
  await type(END, DOWN);
  await selects('c19');
  await type(UP);
  await selects('c18');
  assert.deepEqual(listed().slice(-2), ['›c18', 'c19'], 'the list stands still while the selection is in sight');
  await type(PAGE_UP, PAGE_UP, PAGE_UP);
  await selects('c0');
  await type(HOME, UP);
  await selects('c0');
});

test('those who come and go move the list, and not the selection; one that leaves keeps its row until the person moves', async (t) => {
  const { screen, type, shows, listed, selects, leave, join, control } = await opened(t, 6);
  await type(DOWN, DOWN, DOWN);
  await selects('c3');
  leave(0);
  join(6);
  await shows('Clients · 6');
  await eventually(() => listed().includes('c6'));
  assert.deepEqual(listed().slice(0, 6), ['c1', 'c2', '›c3', 'c4', 'c5', 'c6']);
  leave(2);
  // At that instant, before anything was drawn, and after it: the keys meet nobody else.
  await type('k');
  await shows('› c3  that client has left');
  assert.equal(screen.lines.at(-2), 'that client has left');
  leave(0);
  await eventually(() => listed()[0] === 'c2', 'one before it left');
  assert.deepEqual(listed().slice(0, 5), ['c2', '›c3', 'c4', 'c5', 'c6']);
  await type('K', 's', ENTER, 'S', ENTER, ESCAPE);
  assert.deepEqual([control.kicks, control.sent], [[], []]);
});

test('from the row of a client that left the selection goes on to its neighbours, and the row goes', async (t) => {
  const { screen, type, shows, listed, selects, leave, join, control } = await opened(t, 4);
  await type(DOWN);
  await selects('c1');
  leave(1);
  await shows('that client has left');
  assert.equal(screen.lines[0], 'Clients · 3');
  await type(DOWN);
  await selects('c2');
  assert.deepEqual(listed().slice(0, 4), ['c0', '›c2', 'c3', '']);
  await type(UP);
  await selects('c0');
  while (control.list.length > 0) leave(0);
  await shows('Clients · 0');
  assert.deepEqual(listed().slice(0, 2), ['›c0', '']);
  join(9);
  await eventually(() => listed()[1] === 'c9');
  await type('k', DOWN);
  await selects('c9');
  assert.deepEqual([control.kicks, listed()[1]], [[], '']);
});

test('a client that the filter has no more keeps its row while it is selected, and the filter counts without it', async (t) => {
  const { screen, type, shows, listed, terminal, control } = await opened(t, 6);
  await type('/');
  await shows('filter:');
  await type('profile == "Guest"', ENTER);
  await eventually(() => screen.lines.at(-2) === '' && screen.lines[0] === 'Clients · 3 of 6 · profile == "Guest"');
  const changed = { ...member(1), client: clientOf({ profile: 'Administrator' }, 'c1') };
  control.list[1] = changed;
  terminal.observe({ kind: 'renewed', client: changed.client });
  await shows('Clients · 2 of 6');
  assert.deepEqual(listed().slice(0, 4), ['›c1', 'c3', 'c5', '']);
  await type('k');
  await shows('kicked c1');
});

test('details that have no room are cut, and how much was is said', async (t) => {
  const { screen, type, shows } = await opened(t, 1, { rows: 12 });
  await type(ENTER);
  await shows('  client        c0');
  assert.equal(screen.lines.at(-3), '  … 7 more lines, in a taller window');
  screen.resize(121, 24);
  await shows('  bytes         0');
  assert.ok(!screen.lines.join('').includes('more lines'));
});

test('K kicks the selected client, Shift-K for good, and a paste kicks nobody', async (t) => {
  const { control, type, shows, selects } = await opened(t, 3);
  await type('k');
  await shows('kicked c0');
  await type(DOWN);
  await selects('c1');
  await type('K');
  await shows('kicked c1 for good');
  await type('kkkk KKKK kkkk');
  await shows('that looked like a paste and was ignored');
  assert.deepEqual(control.kicks, ['c0', 'c1 forever']);
});

test('a client that has just left cannot be kicked, and that is said', async (t) => {
  const { control, type, shows } = await opened(t, 1);
  control.list = [];
  await type('k');
  await shows('that client has left');
});

test('S sends to the selected client: what is typed, or the default', async (t) => {
  const { screen, control, type, shows } = await opened(t, 2);
  await type(DOWN, 's');
  await shows('to c1 (empty: hello):');
  await type('for you, q and K');
  await shows('to c1 (empty: hello): for you, q and K');
  await type(ENTER);
  await shows('sent message "for you, q and K" to 1 client matching client.id == "c1" · e-1');
  await type('S');
  await shows('to c1');
  await type(ENTER);
  await eventually(() => control.sent.length === 2);
  await type('s');
  await shows('to c1');
  await type('never', CTRL_C);
  await eventually(() => screen.lines.at(-2) === '');
  control.failure = new SseError('stopping', 'the server is stopping');
  await type('s');
  await shows('to c1');
  await type(ENTER);
  await shows('the server is stopping');
  assert.deepEqual(
    control.sent.map(({ data }) => data),
    ['for you, q and K', 'hello'],
  );
});

test('/ narrows the list while the filter is typed, and says what is wrong with it', async (t) => {
  const { screen, type, shows, listed, join } = await opened(t, 6);
  await type('/');
  await shows('filter:');
  await type('profile == "Guest"');
  await shows('matches 3 of 6');
  assert.equal(screen.lines[0], 'Clients · 3 of 6 · profile == "Guest"');
  assert.deepEqual(listed().slice(0, 4), ['›c1', 'c3', 'c5', '']);
  await type(' bad');
  await shows("unknown name 'bad'");
  await type(ENTER);
  assert.equal(screen.lines[0], 'Clients · 3 of 6 · profile == "Guest"', 'a mistake changes nothing');
  await type(CTRL_U);
  await shows('Clients · 6');
  await type('profile == "Guest"', ENTER);
  await eventually(() => screen.lines.at(-2) === '' && screen.lines[0] === 'Clients · 3 of 6 · profile == "Guest"');

  for (const n of [8, 9]) join(n);
  await shows('Clients · 4 of 8');
  assert.deepEqual(listed().slice(0, 5), ['›c1', 'c3', 'c5', 'c9', ''], 'newcomers are held against it');

  await type('/');
  await shows('filter:');
  await type('login == "nobody"');
  await shows('the filter has nobody');
  await type(ESCAPE);
  await shows('Clients · 4 of 8 · profile == "Guest"');
  await type('/');
  await shows('filter:');
  await type(ENTER);
  await shows('Clients · 8\n');
});

test('Enter shows all that is known of a client, escaped, until Escape; if it leaves, that is said', async (t) => {
  const { screen, control, type, shows, leave } = await opened(t, 1, { rows: 24 });
  const [first] = control.list;
  if (!first) throw new Error('one is connected');
  const client = { ...first.client, mail: 'a\u001b[2J@b.c', roles: ['ops', 'dev'], claims: { team: 'x' } };
  control.list = [{ ...first, client }];
  await type(ENTER);
  await shows('  client        c0');
  assert.deepEqual(
    screen.lines.slice(1, -2).filter((line) => line !== ''),
    [
      '  client        c0',
      '  address       127.0.0.1',
      '  authenticated no',
      '  login         login0',
      '  name          Ada',
      '  mail          a\\u{1b}[2J@b.c',
      '  profile       Administrator',
      '  roles         ops dev',
      '  topics        news',
      '  claims        {"team":"x"}',
      '  connected     1970-01-01T00:16:10.000Z, 30 s ago',
      '  state         live',
      '  last id       e-9',
      '  behind        0',
      '  missed        0',
      '  events        0',
      '  bytes         0',
    ],
  );
  leave(0);
  await shows('that client has left');
  await type(ESCAPE);
  await shows('› c0  that client has left');
});

test('a resize draws it anew in the new size, and the selection stays in sight', async (t) => {
  const { screen, type, listed, selects } = await opened(t, 20);
  await type(END);
  await selects('c19');
  screen.resize(30, 8);
  await eventually(() => screen.lines.length === 8 && listed().includes('›c19'));
  assert.deepEqual(listed(), ['c16', 'c17', 'c18', '›c19']);
  assert.ok(screen.lines.every((line) => line.length < 30));
  screen.resize(121, 3);
  await eventually(() => screen.lines.filter((line) => line !== '').length === 3);
  screen.resize(121, 12);
  await eventually(() => listed().length === 8);
  assert.equal(listed().at(-1), '›c19');
});

test('what clients say of themselves moves no cursor', async (t) => {
  const { screen, join, control, terminal, shows } = await opened(t, 0);
  const evil = clientOf({ login: '\u001b[2J\u001b]0;x\u0007', profile: '\u202Eevil\n' }, 'e1', ['\u009b2J']);
  control.list.push(connected(evil, 1_000_000));
  terminal.observe({ kind: 'opened', client: evil, clients: 1 });
  await shows('\\u{1b}[2J');
  join(1);
  // The model throws at any control character and any sequence that we do not write.
  await shows('login1');
  assert.equal(screen.lines[0], 'Clients · 2');
});

test('with ten thousand clients only rows that are seen are looked at, and a storm of changes is a few paints', async (t) => {
  const { screen, control, type, listed, selects, leave, join } = await opened(t, 10_000);
  await type(END);
  await selects('c9999');
  control.looks = 0;
  const drawn = screen.raw.length;
  const from = performance.now();
  for (let n = 0; n < 500; n++) {
    leave(0);
    join(10_000 + n);
  }
  await eventually(() => listed().includes('c10006'));
  const paints = Math.ceil((performance.now() - from) / 100) + 1;
  assert.ok(control.looks <= 8 * paints, `${control.looks} looks for ${paints} paints`);
  assert.ok(screen.raw.length - drawn < 4000, `${screen.raw.length - drawn} characters`);
});
