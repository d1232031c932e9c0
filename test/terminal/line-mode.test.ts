import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { SseError } from '../../src/errors.ts';
import { openTerminal } from '../../src/terminal/open-terminal.ts';
import { clientOf, connected, entryOf, eventually, FakeControl, FakeKeyboard } from './fixtures.ts';

const opened = ({ isTTY = false, foreground = () => true }: { isTTY?: boolean; foreground?: () => boolean } = {}) => {
  const input = new FakeKeyboard(isTTY);
  const output = new PassThrough();
  let shown = '';
  output.on('data', (chunk) => {
    shown += chunk;
  });
  const control = new FakeControl();
  const terminal = openTerminal({ input, output, control, now: () => 20_000, foreground });
  terminal.start();
  return { input, output, control, terminal, shown: () => shown };
};

/** What is printed in answer to some lines of input, and then the end of it. */
const answerTo = async (text: string, prepare: (control: FakeControl) => void = () => {}) => {
  const { input, control, shown } = opened();
  prepare(control);
  input.write(text);
  input.write('q\n');
  await eventually(() => control.stops.length > 0, `an end to ${text}`);
  return { control, lines: shown().split('\n').slice(0, -1) };
};

test('s and send send the default event, a sends it to the key filter', async () => {
  const { control, lines } = await answerTo('s\nsend\r\n S \na\n');
  const hello = { event: 'message', data: 'hello' };
  assert.deepEqual(control.sent, [hello, hello, hello, { ...hello, filter: 'profile == "Administrator"' }]);
  assert.deepEqual(lines, [
    'sent message "hello" to 2 clients · e-1',
    'sent message "hello" to 2 clients · e-2',
    'sent message "hello" to 2 clients · e-3',
    'sent message "hello" to 1 client matching profile == "Administrator" · e-4',
  ]);
});

test('send TYPE DATA takes the rest of the line as it is', async () => {
  const { control, lines } = await answerTo('send notice {"x": 1}\nsend t  two spaces \n');
  assert.deepEqual(control.sent, [
    { event: 'notice', data: '{"x": 1}' },
    { event: 't', data: ' two spaces ' },
  ]);
  assert.equal(lines[0], 'sent notice "{"x": 1}" to 2 clients · e-1');
});

test('a mistake is one line, and nothing is sent', async () => {
  const { control, lines } = await answerTo('sendd\nsend notice\nquit now\n\u001b[2J\n__proto__\n');
  assert.deepEqual(control.sent, []);
  assert.equal(lines.length, 5);
  assert.equal(lines[0], "error: unknown command 'sendd'; did you mean 'send'?");
  assert.equal(lines[1], 'error: send TYPE needs data, as in: send notice {"x":1}');
  assert.equal(lines[2], 'error: quit takes nothing behind it');
  assert.match(lines[3] ?? '', /^error: unknown command '\\u\{1b\}\[2J'/);
});

test('what the server refuses is told in one line', async () => {
  const refuse = (control: FakeControl) => {
    control.failure = SseError.of('invalid-event', [{ pointer: '/event', detail: 'must not begin with "sse."' }]);
  };
  const { lines } = await answerTo('send sse.x y\n', refuse);
  assert.deepEqual(lines, ['error: event: must not begin with "sse."']);
});

test('clients are listed as a plain table', async () => {
  const { lines } = await answerTo('c\nclients\n', (control) => {
    const ada = clientOf({ profile: 'Administrator', login: 'ada' }, 'c1', ['a', 'b']);
    control.list = [
      { client: ada, since: 8000, events: 3, bytes: 9 },
      { client: clientOf({}, 'c22'), since: 19_000, events: 0, bytes: 9 },
    ];
  });
  assert.deepEqual(lines.slice(0, 3), [
    'client  profile        login  topics  address    connected for  events',
    'c1      Administrator  ada    a b     127.0.0.1  12 s           3',
    'c22     anonymous                     127.0.0.1  1 s            0',
  ]);
});

test('filter sends the default event to whom a filter has, repeat sends the last once more', async () => {
  const filter = 'profile == "Guest"';
  const { control, lines } = await answerTo(`f ${filter}\nfilter  ${filter} \nfilter\nrepeat\n`);
  const sent = { event: 'message', data: 'hello', filter };
  assert.deepEqual(control.sent, [sent, sent, sent]);
  assert.equal(lines[2], 'error: filter needs more behind it, as in: filter profile == "Guest"');
  assert.equal(lines[3], 'sent message "hello" to 1 client matching profile == "Guest" · e-3');
});

test('clients takes a filter; kick and to take a client', async () => {
  const prepare = (control: FakeControl) => {
    control.list = [connected(clientOf({ profile: 'Guest' }, 'c1')), connected(clientOf({}, 'c2'))];
  };
  const script = [
    'c profile == "Guest"',
    'clients bad',
    'to c2  two spaces',
    'to c3 x',
    'to c2',
    'kick c1',
    'k c2 forever',
    'kick c9',
  ];
  const { control, lines } = await answerTo(`${[...script, 'kick', 'kick c1 forevr'].join('\n')}\n`, prepare);
  assert.deepEqual(
    lines.map((line) => line.replace(/ {2,}/g, '  ')),
    [
      'client  profile  login  topics  address  connected for  events',
      'c1  Guest  127.0.0.1  20 s  0',
      "error: filter: unknown name 'bad'",
      'sent message " two spaces" to 1 client matching client.id == "c2" · e-1',
      "error: no client 'c3' is connected",
      'error: to needs more behind it, as in: to CLIENT hello',
      'kicked c1',
      'kicked c2 for good',
      "error: no client 'c9' is connected",
      'error: kick needs more behind it, as in: kick CLIENT',
      'error: kick takes a client and, at most, the word forever',
    ],
  );
  assert.deepEqual(control.kicks, ['c1', 'c2 forever']);
  assert.deepEqual(control.sent, [{ event: 'message', data: ' two spaces', filter: 'client.id == "c2"' }]);
});

test('events takes a number', async () => {
  const prepare = (control: FakeControl) => {
    control.past = Array.from({ length: 12 }, (_, index) => entryOf(index + 1, 'x'));
  };
  const { lines } = await answerTo('events 2\ne\nevents 0\nevents all\n', prepare);
  const ids = lines.slice(0, -2).map((line) => /e-\d+/.exec(line)?.[0] ?? 'id');
  assert.deepEqual(ids, ['id', 'e-11', 'e-12', 'id', ...Array.from({ length: 10 }, (_, index) => `e-${index + 3}`)]);
  assert.deepEqual(lines.slice(-2), Array(2).fill('error: events takes a number from 1 to 1000'));
});

test('tick takes a pace or off, and alone it starts and stops', async () => {
  const { control, lines } = await answerTo('tick\nt\ntick 50ms\ntick off\ntick off\ntick soon\n');
  assert.deepEqual(lines, [
    'the ticker sends message "hello" to everyone every 1s',
    'the ticker is off',
    'the ticker sends message "hello" to everyone every 50ms',
    'the ticker is off',
    'the ticker is off',
    "error: tick: must be a duration, not 'soon'",
  ]);
  assert.equal(control.sent.length, 2, 'it ticks at once');
});

test('level says and sets the log level, urls, open and clear answer', async () => {
  const { control, lines } = await answerTo('level\nlevel DEBUG\nl inof\nurls\nopen\nx\n');
  assert.equal(control.level, 'debug');
  assert.deepEqual(lines, [
    'log level info',
    'log level debug',
    "error: a level is one of trace, debug, info, warn, error, fatal, silent; did you mean 'info'?",
    'Local    http://localhost:2015/',
    'opened http://localhost:2015/',
    'there is no screen to clear',
  ]);
});

test('help names every word, and an unknown one the nearest', async () => {
  const { lines } = await answerTo('help\nrepaet\nevnts 3\nclaer\ntikc\n');
  assert.equal(
    lines[0],
    'commands: send [TYPE DATA] | a | filter FILTER | repeat | to CLIENT DATA | tick [TIME|off] | clients [FILTER] | ' +
      'kick CLIENT [forever] | events [N] | level [LEVEL] | reload | urls | open | clear | help | quit',
  );
  for (const [index, word] of ['repeat', 'events', 'clear', 'tick'].entries())
    assert.match(lines[index + 1] ?? '', new RegExp(`^error: unknown command '\\w+'; did you mean '${word}'\\?$`));
});

test('commands in one piece are obeyed in order, and nothing after quit', async () => {
  const { control } = await answerTo('send a 1\nsend b 2\nq\nsend c 3\n');
  assert.deepEqual(
    control.sent.map(({ event }) => event),
    ['a', 'b'],
  );
  assert.deepEqual(control.stops, ['quit']);
});

test('the end of input is no order to quit, and ends the last line', async () => {
  const { input, control, shown } = opened();
  input.end('s');
  await eventually(() => control.sent.length === 1 && shown() !== '');
  assert.deepEqual(control.stops, []);
});

test('a line that is too long is one mistake', async () => {
  const { lines } = await answerTo(`send x ${'y'.repeat(1024 * 1024)}\n`);
  assert.deepEqual(lines, ['error: a line has at most 1 MiB; this one was ignored']);
});

test('nothing is printed that belongs to a person, and the log passes as it is', async () => {
  const { output, terminal, shown } = opened();
  assert.equal(terminal.interactive, false);
  terminal.print('a banner');
  terminal.observe({ kind: 'opened', client: clientOf(), clients: 1 });
  terminal.continued();
  terminal.destination.write('{"msg":"\u001b"}\n');
  terminal.close();
  terminal.close();
  terminal.destination.write('{}\n');
  await eventually(() => shown() === '{"msg":"\u001b"}\n{}\n');
  output.destroy(new Error('EPIPE'));
  await eventually(() => output.closed);
  terminal.destination.write('nobody reads this\n');
});

test('a terminal without a terminal to write to stays cooked', () => {
  const { input, terminal } = opened({ isTTY: true });
  assert.equal(terminal.interactive, false);
  assert.equal(input.rawMode, false);
});

test('a background job leaves its terminal alone until it is brought forward', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let foreground = false;
  const { input, control } = opened({ isTTY: true, foreground: () => foreground });
  assert.equal(input.listenerCount('data'), 0);
  foreground = true;
  t.mock.timers.tick(500);
  input.write('s\n');
  await eventually(() => control.sent.length === 1);
});

test('a log that nobody reads is bounded, and what was dropped is counted', async () => {
  const input = new FakeKeyboard(false);
  const output = new PassThrough();
  const terminal = openTerminal({ input, output, answers: new PassThrough(), control: new FakeControl(), now: () => 0 });
  const line = `${'x'.repeat(1000)}\n`;
  for (let i = 0; i < 5000; i++) terminal.destination.write(line);
  assert(output.writableLength + output.readableLength < 2 * 1024 * 1024, 'bounded');
  let read = '';
  output.on('data', (chunk) => {
    read += chunk;
  });
  await eventually(() => output.writableLength === 0, 'the reader to come back');
  terminal.destination.write('again\n');
  await eventually(() => read.endsWith('again\n'), 'the next line');
  assert.match(read, /\d+ log lines were dropped/);
});

test('reload reads the configuration anew and says what came of it; of one that is no good, every mistake', async () => {
  const { lines } = await answerTo('reload\ng\n');
  const applied = 'configuration reloaded: changed cors · a restart is needed for port · 1 stream ended';
  assert.deepEqual(lines, [applied, applied]);
  const refused = await answerTo('reload\n', (control) => {
    control.failure = SseError.of('invalid-config', [
      { pointer: '--port', detail: 'is no good' },
      { pointer: '--cors', detail: 'neither' },
    ]);
  });
  assert.deepEqual(refused.lines, ['error: the old configuration stays: --port: is no good; --cors: neither']);
});
