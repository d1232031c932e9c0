import type { Readable, Writable } from 'node:stream';
import { type Issue, SseError } from '../errors.ts';
import { escapeText } from './escape.ts';
import { Latest } from './latest.ts';
import { LineField } from './line-field.ts';
import type { Paint } from './paint.ts';
import { windowOf } from './text-window.ts';
import { cutToWidth } from './width.ts';
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

interface Counts {
  readonly matched: number;
  readonly total: number;
}

export interface FilterPromptParts {
  readonly input: Readable;
  readonly output: Writable & { readonly columns: number };
  /** How many clients a filter selects. @throws SseError `invalid-filter` */
  readonly count: (filter: string) => Promise<Counts>;
  readonly signs: PromptSigns;
  readonly paint: Paint;
  readonly signal: AbortSignal;
}

type State = 'typing' | 'wrong' | 'submitted' | 'cancelled';

/** Columns of a bar and two spaces, and one that stays free at the right. */
const MARGIN = 4;

/**
 * Asks for a filter, and says at every key how many clients it selects, or what is wrong with it and where. Prompts
 * of @clack/prompts cannot look at what is being typed, so this one stands on readline as theirs do. Among many
 * clients counting takes a while, in which keys are taken and the answer before is shown.
 *
 * @returns the filter, `''` for everyone, undefined if the prompt was cancelled (Ctrl-C, Escape, the signal)
 */
export function askFilter(parts: FilterPromptParts): Promise<string | undefined> {
  const { input, output, signal, count } = parts;
  const { promise, resolve } = withResolvers<string | undefined>();
  let frame: readonly string[] = [];
  let state: State = 'typing';
  let judged: Judged | undefined;

  const draw = (): void => {
    const next = frameOf({ text: field.text, cursor: field.cursor, state, judged, ...parts });
    if (next.join('\n') === frame.join('\n')) return;
    const back = frame.length > 1 ? `\u001b[${frame.length - 1}A` : '';
    output.write(`${frame.length > 0 ? `${back}\r\u001b[J` : ''}${next.join('\n')}`);
    frame = next;
  };
  const isOver = (): boolean => state === 'submitted' || state === 'cancelled';
  const finish = (answer: string | undefined): void => {
    if (isOver()) return;
    state = answer === undefined ? 'cancelled' : 'submitted';
    output.off('resize', draw);
    signal.removeEventListener('abort', cancel);
    draw();
    output.write('\n\u001b[?25h');
    field.close();
    resolve(answer?.trim());
  };
  const cancel = (): void => finish(undefined);
  const verdicts = new Latest(
    (text: string) => verdictOn(text, count),
    (verdict, text) => {
      judged = { text, verdict };
      if (!isOver()) draw();
    },
  );
  const changed = (): void => {
    state = 'typing';
    draw();
    verdicts.ask(field.text);
  };
  /** A mistake is not accepted; what is typed until that is known waits. */
  const submitted = async (text: string): Promise<void> => {
    if (text.trim() === '') return finish(text);
    field.pause();
    const verdict = await verdictOn(text, count);
    if (isOver()) return;
    if (!('wrong' in verdict)) return finish(text);
    judged = { text, verdict };
    state = 'wrong';
    draw();
    field.resume();
  };
  const field = new LineField({ input, changed, submitted: (text) => void submitted(text), cancelled: cancel });

  output.on('resize', draw);
  output.write('\u001b[?25l');
  draw();
  if (signal.aborted) cancel();
  else {
    signal.addEventListener('abort', cancel);
    verdicts.ask('');
  }
  return promise;
}

type Verdict = Counts | { readonly wrong: Issue };

/** A text and what was found of it. */
interface Judged {
  readonly text: string;
  readonly verdict: Verdict;
}

async function verdictOn(text: string, count: FilterPromptParts['count']): Promise<Verdict> {
  try {
    return await count(text.trim() === '' ? 'true' : text);
  } catch (error) {
    return { wrong: mistakeIn(error) };
  }
}

/** What is wrong with a filter, and where. */
export function mistakeIn(error: unknown): Issue {
  return (error instanceof SseError && error.issues[0]) || { pointer: '', detail: (error as Error).message };
}

interface Looks extends FilterPromptParts {
  readonly text: string;
  readonly cursor: number;
  readonly state: State;
  /** The last text that was judged: this one, or one before it. */
  readonly judged: Judged | undefined;
}

/** The rows of the prompt, each narrower than the terminal, so that one row of text is one row of the screen. */
function frameOf({ text, cursor, state, judged, output, paint, signs }: Looks): string[] {
  const room = Math.max(1, output.columns - MARGIN);
  const title = cutToWidth('Filter (empty: everyone)', room);
  const gray = paint('gray', signs.bar);
  if (state === 'submitted' || state === 'cancelled') {
    const sign = state === 'submitted' ? paint('green', signs.submitted) : paint('red', signs.cancelled);
    return [gray, `${sign}  ${title}`, `${gray}  ${paint('dim', cutToWidth(escapeText(text, room), room))}`];
  }

  const verdict = judged?.verdict;
  const wrong = verdict && 'wrong' in verdict ? verdict.wrong : undefined;
  const alarm = state === 'wrong' ? 'yellow' : 'cyan';
  const bar = paint(alarm, signs.bar);
  const view = windowOf(text, cursor, room);
  const rows = [gray, `${paint(alarm, state === 'wrong' ? signs.error : signs.active)}  ${title}`, `${bar}  ${view.shown}`];
  // Under a text that has changed since, it would point elsewhere.
  if (wrong?.position !== undefined && judged?.text === text) {
    // A filter is judged without the spaces around it.
    const column = view.columnOf(text.length - text.trimStart().length + wrong.position);
    if (column !== undefined) rows.push(`${bar}  ${' '.repeat(column)}${paint('yellow', '^')}`);
  }
  const hint = judged ? hintOf(judged) : '';
  rows.push(`${paint(alarm, signs.end)}  ${paint(wrong ? 'yellow' : 'dim', cutToWidth(hint, room))}`);
  return rows;
}

function hintOf({ text, verdict }: Judged): string {
  if ('wrong' in verdict) return escapeText(verdict.wrong.detail, 400);
  return text.trim() === '' ? `everyone: ${counted(verdict.total, 'client')}` : `matches ${verdict.matched} of ${verdict.total}`;
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
