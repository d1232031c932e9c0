import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askFilter } from '../../src/terminal/filter-prompt.ts';
import { paintWith } from '../../src/terminal/paint.ts';
import { PromptInput, PromptOutput } from '../../src/terminal/prompt-streams.ts';
import { Screen } from '../../src/terminal/screen.ts';
import { eventually, FakeControl } from './fixtures.ts';
import { ScreenModel } from './screen-model.ts';

const SIGNS = { bar: '|', end: '=', active: '*', error: '!', submitted: '.', cancelled: 'x' };

const asked = (columns = 60) => {
  const control = new FakeControl();
  const model = new ScreenModel(columns);
  const paint = paintWith(false);
  const screen = new Screen(model, paint);
  const input = new PromptInput();
  const output = new PromptOutput(screen, false);
  const abort = new AbortController();
  model.on('resize', () => output.emit('resize'));
  screen.hold();
  const answer = askFilter({
    input,
    output,
    paint,
    signal: abort.signal,
    signs: SIGNS,
    count: async (filter) => ({ matched: (await control.find(filter)).clients.size, total: 2 }),
  });
  const shows = (...rows: string[]) =>
    eventually(() => model.lines.join('\n') === rows.join('\n'), `${JSON.stringify(rows)} on the screen`);
  const TITLE = '*  Filter (empty: everyone)';
  return { control, model, input, abort, answer, shows, TITLE };
};

test('at each key it says how many clients the filter selects', async () => {
  const { input, answer, shows, TITLE } = asked();
  await shows('|', TITLE, '|', '=  everyone: 2 clients');
  input.feed('id == "7"');
  await shows('|', TITLE, '|  id == "7"', '=  matches 1 of 2');
  input.feed('\r');
  assert.equal(await answer, 'id == "7"');
  await shows('|', '.  Filter (empty: everyone)', '|  id == "7"', '');
});

test('a mistake has a caret under it, and Enter does not accept it until it is mended', async () => {
  const { input, answer, shows, TITLE } = asked();
  input.feed('  a bad b');
  await shows('|', TITLE, '|    a bad b', '|      ^', "=  unknown name 'bad'");
  input.feed('\r');
  await shows('|', '!  Filter (empty: everyone)', '|    a bad b', '|      ^', "=  unknown name 'bad'");
  for (const key of ['\u007f', '\u007f', '\u007f', '\u007f', '\u007f']) input.feed(key);
  await shows('|', TITLE, '|    a', '=  matches 1 of 2');
  input.feed('\r');
  assert.equal(await answer, 'a');
});

test('an empty filter is everyone, whatever is counted', async () => {
  const { input, answer } = asked();
  input.feed(' \r');
  assert.equal(await answer, '');
});

test('Ctrl-C, Escape and the signal cancel it', async () => {
  for (const key of ['\u0003', '\u001b']) {
    const { input, answer, model } = asked();
    input.feed('some');
    input.feed(key);
    assert.equal(await answer, undefined);
    assert.equal(model.cursorVisible, true);
  }
  const { abort, answer, model } = asked();
  abort.abort();
  assert.equal(model.cursorVisible, true, 'at once');
  assert.equal(model.lines.at(-1), '');
  assert.equal(await answer, undefined);
});

test('Ctrl-D does not end it', async () => {
  const { input, answer } = asked();
  input.feed('\u0004');
  input.feed('x\r');
  assert.equal(await answer, 'x');
});

test('a filter longer than the terminal is wide moves along, and the caret with it', async () => {
  const { input, model, shows, TITLE } = asked(34);
  input.feed(`${'x'.repeat(40)} bad`);
  await shows('|', TITLE, `|  ${'x'.repeat(25)} bad`, `|  ${' '.repeat(26)}^`, "=  unknown name 'bad'");
  input.feed('\u0001');
  await shows('|', TITLE, `|  ${'x'.repeat(30)}`, "=  unknown name 'bad'");
  model.resize(20);
  await eventually(() => (model.lines.at(-1) ?? '').length < 20);
});

test('a paste answers one prompt, what was typed ahead waits for the next', async () => {
  const { input, answer } = asked();
  input.feed('a paste\nof two lines\r\n');
  assert.equal(await answer, 'a paste of two lines');
  const { input: fast, answer: first } = asked();
  fast.feed('a\rb\r');
  assert.equal(await first, 'a');
  assert.equal(String(fast.read()), 'b\r');
});
