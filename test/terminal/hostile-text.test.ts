import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { Activity } from '../../src/hub/activity.ts';
import { type ClientView, frameOf } from '../../src/terminal/client-frame.ts';
import { openTerminal } from '../../src/terminal/open-terminal.ts';
import { clientTable, eventTable } from '../../src/terminal/tables.ts';
import { textWidth } from '../../src/terminal/width.ts';
import { BREAKS, HOSTILE, LONE_SURROGATES, withoutControls } from '../support/hostile.ts';
import { clientOf, connected, eventually, FakeControl, FakeKeyboard } from './fixtures.ts';
import { ScreenModel } from './screen-model.ts';

/** Hostile text in every field that a stranger fills, wherever the terminal shows one. */
const TEXTS = [...Object.values(HOSTILE), ...LONE_SURROGATES];
const stranger = (text: string, id = 'c1') =>
  clientOf({ id: text, login: text, name: text, mail: text, profile: text, roles: [text], claims: { [text]: text } }, id, [text]);
const plain = (_format: unknown, text: string) => text;

/** Lines that came of it, none of which is anything else than it was written as. */
function assertWhole(lines: readonly string[], text: string): void {
  for (const line of lines) assert.doesNotMatch(line, BREAKS, JSON.stringify(text.slice(0, 60)));
}

/** Everything that is written of a client, in what it does and what goes wrong with it. */
function activitiesOf(text: string): Activity[] {
  const client = stranger(text);
  const refused = { code: 'invalid-request', detail: text, method: text, path: text, ip: text } as const;
  return [
    { kind: 'opened', client, clients: 1 },
    { kind: 'renewed', client },
    { kind: 'closed', client, clients: 0, reason: 'left', duration: 1, events: 1, bytes: 1 },
    { kind: 'gap', client, reason: 'unknown', requested: text, missed: null },
    { kind: 'broadcast', id: 'e-1', type: text, size: 1, matched: 1, source: 'http' },
    { kind: 'refused', ...refused },
    { kind: 'revoked', what: 'sub', value: text, credentials: 1, ended: 1 },
    { kind: 'proxy-seen', sign: text },
    { kind: 'failed', what: text, error: new Error(text) },
    { kind: 'failed', what: text, error: text },
  ];
}

const past = (text: string, sequence: number) => ({
  id: `e-${sequence}`,
  sequence,
  time: 0,
  event: { type: text, data: text },
  audience: { topics: [text] },
});

test('the tables of clients and of events have one line for each, which is what it looks like', async () => {
  const clients = TEXTS.map((text, n) => connected(stranger(text, `c${n}`)));
  const lines = clientTable(clients, 1000);
  assert.equal(lines.length, TEXTS.length + 1);
  assertWhole(lines, 'the table of clients');

  async function* entries() {
    for (const [n, text] of TEXTS.entries()) yield past(text, n);
  }
  const events = await eventTable(entries());
  assert.equal(events.length, TEXTS.length + 1);
  assertWhole(events, 'the table of events');
});

test('the list of clients, the details of one, its filter and its notices stay in their rows', () => {
  const size = { columns: 100, rows: 40 };
  for (const text of TEXTS) {
    const standing = { ...connected(stranger(text)), state: 'live', lastEventId: text, behind: 0, missed: 0 } as const;
    const rows = [
      { id: '1', standing },
      { id: '2', standing: undefined },
    ];
    for (const alone of [false, true])
      for (const typed of [undefined, { label: 'filter: ', text, cursor: 0 }]) {
        const view: ClientView = {
          ...{ rows, selected: 0, alone, matched: 1, total: 2 },
          ...{ filter: text, field: typed, notice: '', wrong: false },
        };
        const lines = frameOf(view, size, plain, 1000).map((line) => stripVTControlCharacters(line));
        assert.equal(lines.length, size.rows);
        assertWhole(lines, text);
        for (const line of lines)
          assert(textWidth(line) < size.columns, `${textWidth(line)} columns of ${JSON.stringify(text.slice(0, 60))}`);
      }
  }
});

test('a terminal gets none of it as a command: log lines above the menu, the tables, the list and a filter as it is typed', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const input = new FakeKeyboard();
  // It throws at every sequence that the program does not write itself.
  const screen = new ScreenModel(200, 80);
  const control = new FakeControl();
  control.list = TEXTS.map((text, n) => connected(stranger(text, `c${n}`)));
  control.past = TEXTS.map(past);
  let time = 1_000_000;
  const terminal = openTerminal({ input, output: screen, control, colors: false, now: () => time, foreground: () => true });
  terminal.start();
  t.after(() => terminal.close());
  const type = async (keys: string) => {
    input.write(keys);
    await eventually(() => input.readableLength === 0);
  };
  for (const text of TEXTS) {
    // Of one second only so many lines are shown.
    time += 60_000;
    t.mock.timers.tick(60_000);
    const before = screen.lines.length;
    const activities = activitiesOf(text);
    for (const activity of activities) terminal.observe(activity);
    await eventually(() => screen.lines.length >= before + activities.length, `lines of ${JSON.stringify(text.slice(0, 60))}`);
  }
  const before = screen.lines.length;
  await type('e');
  await eventually(() => screen.lines.length > before, 'the table of events');
  await type('c');
  await eventually(() => screen.isOther && screen.lines.join('').includes('address'), 'the list of clients');
  await type('\r');
  await eventually(() => screen.lines.join('').includes('authenticated'), 'the details of a client');
  await type('q');
  await type('q');
  await eventually(() => !screen.isOther);
  await type('f');
  await eventually(() => screen.lines.join('').includes('Filter (empty'));
  for (const text of TEXTS.map((each) => withoutControls(each.toWellFormed()).slice(0, 200))) await type(text);
  await type('\u0003');
  await eventually(() => screen.lines.join('').includes('nothing sent'));
  // Without what the screen obeyed; it throws at what it does not know.
  assertWhole(stripVTControlCharacters(screen.raw).split(/\r\n|[\r\n]/), 'all that was written');
});

test('a line of commands that is hostile is answered in whole lines', async () => {
  const input = new FakeKeyboard(false);
  const output = new PassThrough();
  let shown = '';
  output.on('data', (chunk) => {
    shown += chunk;
  });
  const control = new FakeControl();
  control.list = TEXTS.map((text, n) => connected(stranger(text, `c${n}`)));
  control.past = TEXTS.map(past);
  const terminal = openTerminal({ input, output, control, now: () => 20_000, foreground: () => true });
  terminal.start();
  for (const text of TEXTS) {
    for (const activity of activitiesOf(text)) terminal.observe(activity);
    for (const command of ['', 'send ', 'send t ', 'filter ', 'kick ']) input.write(`${command}${text}\n`);
  }
  input.write('clients\nevents\nq\n');
  await eventually(() => control.stops.length > 0);
  assertWhole(shown.split('\n'), 'line mode');
  assert(shown.includes('forged'), 'what is in a text is still read');
});
