import { createInterface, type Key } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { styleText } from 'node:util';
import { type Issue, SseError } from '../errors.ts';
import type { Control } from './control.ts';
import { escapeText } from './escape.ts';
import type { Paint } from './paint.ts';
import { type Cell, cells, cutToWidth } from './width.ts';
import { counted } from './words.ts';

/** The signs that stand at the left of a prompt; those of @clack/prompts, so that all prompts look alike. */
interface PromptSigns {
  readonly bar: string;
  readonly end: string;
  readonly active: string;
  readonly error: string;
  readonly submitted: string;
  readonly cancelled: string;
}

export interface FilterPromptParts {
  readonly input: Readable;
  readonly output: Writable & { readonly columns: number };
  readonly count: Control['count'];
  readonly signs: PromptSigns;
  readonly paint: Paint;
  readonly signal: AbortSignal;
}

type State = 'typing' | 'wrong' | 'submitted' | 'cancelled';

/** Columns of a bar and two spaces, and one that stays free at the right. */
const MARGIN = 4;

/**
 * Asks for a filter, and says at every key how many clients it selects, or what is wrong with it and where. Prompts
 * of @clack/prompts cannot look at what is being typed, so this one stands on readline as theirs do.
 *
 * @returns the filter, `''` for everyone, undefined if the prompt was cancelled (Ctrl-C, Escape, the signal)
 */
export function askFilter(parts: FilterPromptParts): Promise<string | undefined> {
  const { input, output, signal } = parts;
  const { promise, resolve } = withResolvers<string | undefined>();
  const keys = createInterface({ input, terminal: true, prompt: '', tabSize: 2, escapeCodeTimeout: 50 });
  let frame: readonly string[] = [];
  let state: State = 'typing';

  const draw = (): void => {
    const next = frameOf({ text: keys.line, cursor: keys.cursor, state, ...parts });
    if (next.join('\n') === frame.join('\n')) return;
    const back = frame.length > 1 ? `\u001b[${frame.length - 1}A` : '';
    output.write(`${frame.length > 0 ? `${back}\r\u001b[J` : ''}${next.join('\n')}`);
    frame = next;
  };
  const finish = (answer: string | undefined): void => {
    state = answer === undefined ? 'cancelled' : 'submitted';
    input.off('keypress', pressed);
    output.off('resize', draw);
    signal.removeEventListener('abort', cancel);
    draw();
    output.write('\n\u001b[?25h');
    keys.close();
    resolve(answer?.trim());
  };
  const cancel = (): void => finish(undefined);
  const submitted = (text: string): void => {
    // readline has emptied its line by now; it is needed again either to show it or to correct it.
    keys.write(text);
    if (text.trim() !== '' && 'wrong' in verdictOn(text, parts.count)) state = 'wrong';
    else finish(text);
  };
  const pressed = (_text: string | undefined, key: Key): void => {
    if (key.name === 'escape' || (key.ctrl && key.name === 'c')) return cancel();
    if (key.name !== 'return' && key.name !== 'enter') state = 'typing';
    draw();
  };

  keys.on('line', submitted);
  // readline's own answer to Ctrl-C is to close, and to Ctrl-Z to suspend one process out of several.
  keys.on('SIGINT', () => {});
  keys.on('SIGTSTP', () => {});
  input.on('keypress', pressed);
  output.on('resize', draw);
  output.write('\u001b[?25l');
  draw();
  if (signal.aborted) cancel();
  else signal.addEventListener('abort', cancel);
  return promise;
}

type Verdict = { readonly matched: number; readonly total: number } | { readonly wrong: Issue };

function verdictOn(text: string, count: Control['count']): Verdict {
  try {
    return count(text);
  } catch (error) {
    return {
      wrong: (error instanceof SseError && error.issues[0]) || { pointer: '', detail: (error as Error).message },
    };
  }
}

interface Looks extends FilterPromptParts {
  readonly text: string;
  readonly cursor: number;
  readonly state: State;
}

/** The rows of the prompt, each narrower than the terminal, so that one row of text is one row of the screen. */
function frameOf({ text, cursor, state, count, output, paint, signs }: Looks): string[] {
  const room = Math.max(1, output.columns - MARGIN);
  const title = cutToWidth('Filter (empty: everyone)', room);
  const gray = paint('gray', signs.bar);
  if (state === 'submitted' || state === 'cancelled') {
    const sign = state === 'submitted' ? paint('green', signs.submitted) : paint('red', signs.cancelled);
    return [gray, `${sign}  ${title}`, `${gray}  ${paint('dim', cutToWidth(escapeText(text, room), room))}`];
  }

  const everyone = text.trim() === '';
  const verdict = verdictOn(everyone ? 'true' : text, count);
  const wrong = 'wrong' in verdict ? verdict.wrong : undefined;
  const alarm = state === 'wrong' ? 'yellow' : 'cyan';
  const bar = paint(alarm, signs.bar);
  const view = windowOf(text, cursor, room);
  const rows = [gray, `${paint(alarm, state === 'wrong' ? signs.error : signs.active)}  ${title}`, `${bar}  ${view.shown}`];
  if (wrong?.position !== undefined) {
    // A filter is judged without the spaces around it.
    const column = view.columnOf(text.length - text.trimStart().length + wrong.position);
    if (column !== undefined) rows.push(`${bar}  ${' '.repeat(column)}${paint('yellow', '^')}`);
  }
  const hint = wrong ? escapeText(wrong.detail, 400) : everyone ? everyoneHint(verdict) : matchHint(verdict);
  rows.push(`${paint(alarm, signs.end)}  ${paint(wrong ? 'yellow' : 'dim', cutToWidth(hint, room))}`);
  return rows;
}

function matchHint(verdict: Verdict): string {
  return 'matched' in verdict ? `matches ${verdict.matched} of ${verdict.total}` : '';
}

function everyoneHint(verdict: Verdict): string {
  return 'total' in verdict ? `everyone: ${counted(verdict.total, 'client')}` : '';
}

/** The part of a text around the cursor that has room, and where in it a place of the text is. */
function windowOf(text: string, cursor: number, room: number): { shown: string; columnOf(index: number): number | undefined } {
  const all: Cell[] = [...cells(text), { text: ' ', index: text.length, width: 1 }];
  const at = all.findIndex((cell) => cell.index + cell.text.length > cursor);
  let first = at;
  let width = all[at]?.width ?? 1;
  for (; first > 0; first--) {
    width += all[first - 1]?.width ?? 0;
    if (width > room) break;
  }
  const columns = new Map<number, number>();
  let shown = '';
  let column = 0;
  for (const [number, cell] of all.entries()) {
    if (number < first) continue;
    if (column + cell.width > room) break;
    columns.set(cell.index, column);
    // A pasted control character would move more than the cursor.
    const safe = escapeText(cell.text, 20) === cell.text ? cell.text : '?'.repeat(cell.width);
    shown += number === at ? styleText('inverse', safe, { validateStream: false }) : safe;
    column += cell.width;
  }
  return { shown, columnOf: (index) => columns.get(index) };
}

function withResolvers<T>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
} {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
