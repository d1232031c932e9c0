import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { paintWith } from '../../src/terminal/paint.ts';
import { HELD_LINES, Screen } from '../../src/terminal/screen.ts';
import { cutToWidth } from '../../src/terminal/width.ts';
import { ScreenModel } from './screen-model.ts';

const plain = paintWith(false);
const opened = (columns?: number) => {
  const model = new ScreenModel(columns);
  return { model, screen: new Screen(model, plain) };
};

test('log lines appear above the status line, which stays the last', () => {
  const { model, screen } = opened();
  screen.setStatus('2 clients');
  screen.showStatus(true);
  screen.log.write('first\nsec');
  assert.deepEqual(model.lines, ['first', '2 clients'], 'half a line waits for its end');
  screen.log.write('ond\n');
  screen.setStatus('3 clients');
  assert.deepEqual(model.lines, ['first', 'second', '3 clients']);
  screen.close();
  assert.deepEqual(model.lines, ['first', 'second', '']);
});

test('nothing is written when the status did not change', () => {
  const { model, screen } = opened();
  screen.setStatus('2 clients');
  screen.showStatus(true);
  const before = model.raw;
  screen.setStatus('2 clients');
  screen.showStatus(true);
  assert.equal(model.raw, before);
});

test('a status line that is too wide is cut to one row, and again after a resize', () => {
  const { model, screen } = opened(20);
  screen.print('a line that is longer than the terminal is wide');
  screen.setStatus('12 clients · 30 events · 1 events/s');
  screen.showStatus(true);
  assert.equal(model.lines.at(-1), '12 clients · 30 ev…');
  model.resize(10);
  assert.deepEqual(model.lines, ['a line that is longer than the terminal is wide', '12 clien…']);
  model.resize(60);
  assert.equal(model.lines.at(-1), '12 clients · 30 events · 1 events/s');
});

test('a terminal that does not know its width is taken for 80 columns wide', () => {
  assert.equal(opened(0).screen.columns, 80);
});

test('while a prompt has the screen lines wait; beyond a bound the oldest are dropped and counted', () => {
  const { model, screen } = opened();
  screen.setStatus('2 clients');
  screen.showStatus(true);
  screen.hold();
  assert.deepEqual(model.lines, ['']);
  for (let line = 1; line <= HELD_LINES + 12; line++) screen.log.write(`line ${line}\n`);
  screen.setStatus('3 clients');
  screen.writeRaw('prompt\n');
  assert.deepEqual(model.lines, ['prompt', '']);
  screen.release();
  assert.deepEqual(model.lines.slice(0, 3), ['prompt', '… 12 lines not shown', 'line 13']);
  assert.deepEqual(model.lines.slice(-2), [`line ${HELD_LINES + 12}`, '3 clients']);
});

test('closing writes what waits, shows the cursor, may be repeated, and the log goes on', () => {
  const { model, screen } = opened();
  screen.setStatus('2 clients');
  screen.showStatus(true);
  screen.hold();
  screen.writeRaw('\u001b[?25l');
  screen.log.write('held\nwithout an end');
  screen.close();
  screen.close();
  screen.log.write('after\n');
  assert.deepEqual(model.lines, ['held', 'without an end', 'after', '']);
  assert.equal(model.cursorVisible, true);
});

test('no sequence but colours gets from a log to the terminal', () => {
  const { model, screen } = opened();
  screen.log.write('\u001b[31mred\u001b[39m \u001b[2J\u001b]0;title\u0007\n');
  assert.deepEqual(model.lines, ['red \\u{1b}[2J\\u{1b}]0;title\\u{7}', '']);
});

test('a terminal that went away takes nobody with it', () => {
  const { model, screen } = opened();
  model.destroy(new Error('EIO'));
  screen.print('nobody sees this');
  screen.close();
});

test('whatever comes in whatever order, no line is torn, lost, doubled or out of order', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'B', '7', '·', ' x', '\n'), maxLength: 60 });
  const step = fc.oneof(
    fc.record({ do: fc.constant('log' as const), text }),
    fc.record({ do: fc.constant('print' as const), text: text.map((line) => line.replaceAll('\n', '')) }),
    fc.record({
      do: fc.constant('status' as const),
      text: fc.string({ unit: fc.constantFrom('s', 't', '1'), maxLength: 50 }),
    }),
    fc.record({ do: fc.constant('show' as const), on: fc.boolean() }),
    fc.record({
      do: fc.constant('resize' as const),
      columns: fc.integer({ min: 2, max: 60 }),
    }),
    fc.record({ do: fc.constant('prompt' as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { model, screen } = opened(40);
      const expected: string[] = [];
      let waiting: string[] | undefined;
      let partial = '';
      let status = '';
      let shown = false;
      const add = (lines: string[]) => void (waiting ?? expected).push(...lines);

      for (const action of steps) {
        if (action.do === 'log') {
          screen.log.write(action.text);
          const lines = (partial + action.text).split('\n');
          partial = lines.pop() ?? '';
          add(lines);
        } else if (action.do === 'print') {
          screen.print(action.text);
          add([action.text]);
        } else if (action.do === 'status') {
          status = action.text;
          screen.setStatus(status);
        } else if (action.do === 'show') {
          shown = action.on;
          screen.showStatus(shown);
        } else if (action.do === 'resize') {
          model.resize(action.columns);
        } else if (waiting) {
          screen.release();
          expected.push(...waiting);
          waiting = undefined;
        } else {
          screen.hold();
          screen.writeRaw('prompt\n');
          expected.push('prompt');
          waiting = [];
        }
        const last: string = shown && !waiting ? cutToWidth(status, model.columns - 1) : '';
        assert.deepEqual(model.lines, [...expected.map((line) => line.trimEnd()), last]);
      }
    }),
    { numRuns: 500 },
  );
});
