import { sendAndTell } from './answers.ts';
import type { Control } from './control.ts';
import { askFilter } from './filter-prompt.ts';
import type { Paint } from './paint.ts';
import type { PromptInput, PromptOutput } from './prompt-streams.ts';

export interface ComposerParts {
  readonly control: Control;
  readonly input: PromptInput;
  readonly output: PromptOutput;
  readonly paint: Paint;
  /** Cancels at once: by the time `abort()` returns, the prompt is gone from the screen. */
  readonly signal: AbortSignal;
}

/**
 * Asks for type, data and filter, and sends the event (M).
 *
 * @returns what became of it, one line; undefined if it was cancelled, and then nothing was sent
 * @throws SseError as `control.send` does
 */
export async function compose({ control, input, output, paint, signal }: ComposerParts): Promise<string | undefined> {
  // Imported at first use: start-up needs neither.
  const [clack, { typeProblem }] = await Promise.all([import('@clack/prompts'), import('../event/draft.ts')]);
  const { defaults } = control;
  const ask = async (message: string, standard: string, problem: (text: string) => string | undefined) => {
    if (signal.aborted) return undefined;
    const validate = (text: string | undefined) => (text ? problem(text) : undefined);
    // The default is shown and not filled in, so that another is typed without deleting this one.
    const answer = await clack.text({ message, placeholder: standard, defaultValue: standard, validate, input, output, signal });
    return clack.isCancel(answer) ? undefined : answer;
  };

  const event = await ask('Type', defaults.event, typeProblem);
  if (event === undefined) return undefined;
  const data = await ask('Data', defaults.data, () => undefined);
  if (data === undefined || signal.aborted) return undefined;
  const signs = {
    bar: clack.S_BAR,
    end: clack.S_BAR_END,
    active: clack.S_STEP_ACTIVE,
    error: clack.S_STEP_ERROR,
    submitted: clack.S_STEP_SUBMIT,
    cancelled: clack.S_STEP_CANCEL,
  };
  const filter = await askFilter({ input, output, paint, signal, signs, count: (text) => control.count(text) });
  if (filter === undefined) return undefined;
  return sendAndTell(control, {
    event,
    data,
    ...(filter !== '' && { filter }),
  });
}
