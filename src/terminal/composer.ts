import type { Actions } from './actions.ts';
import type { Control } from './control.ts';
import { askFilter } from './filter-prompt.ts';
import type { Paint } from './paint.ts';
import type { PromptInput, PromptOutput } from './prompt-streams.ts';

export interface ComposerParts {
  readonly control: Control;
  readonly actions: Actions;
  readonly input: PromptInput;
  readonly output: PromptOutput;
  readonly paint: Paint;
  /** Cancels at once: by the time `abort()` returns, the prompt is gone from the screen. */
  readonly signal: AbortSignal;
}

/** @returns what became of it, one line; undefined if it was cancelled, and then nothing was sent @throws SseError as `control.send` does */
export type Compose = (parts: ComposerParts) => Promise<string | undefined>;

/** Asks for type, data and filter, and sends the event (M). */
export const compose: Compose = async (parts) => {
  const { control, actions, input, output, signal } = parts;
  // Imported at first use: start-up does not need it.
  const clack = await import('@clack/prompts');
  const { defaults } = control;
  const ask = async (message: string, standard: string, problem: (text: string) => string | undefined) => {
    if (signal.aborted) return undefined;
    const validate = (text: string | undefined) => (text ? problem(text) : undefined);
    // The default is shown and not filled in, so that another is typed without deleting this one.
    const answer = await clack.text({ message, placeholder: standard, defaultValue: standard, validate, input, output, signal });
    return clack.isCancel(answer) ? undefined : answer;
  };

  const event = await ask('Type', defaults.event, (type) => control.typeProblem(type));
  if (event === undefined) return undefined;
  const data = await ask('Data', defaults.data, () => undefined);
  if (data === undefined || signal.aborted) return undefined;
  const filter = await askWhom(parts);
  return filter === undefined ? undefined : actions.send({ event, data, ...(filter !== '' && { filter }) });
};

/** Asks for a filter, and sends the default event to whom it has (F). */
export const composeFilter: Compose = async (parts) => {
  const filter = await askWhom(parts);
  return filter === undefined ? undefined : parts.actions.sendTo(filter);
};

async function askWhom({ control, input, output, paint, signal }: ComposerParts): Promise<string | undefined> {
  const clack = await import('@clack/prompts');
  if (signal.aborted) return undefined;
  const signs = {
    bar: clack.S_BAR,
    end: clack.S_BAR_END,
    active: clack.S_STEP_ACTIVE,
    error: clack.S_STEP_ERROR,
    submitted: clack.S_STEP_SUBMIT,
    cancelled: clack.S_STEP_CANCEL,
  };
  const count = async (text: string) => ({
    matched: (await control.find(text)).clients.size,
    total: control.stats().clients,
  });
  return askFilter({ input, output, paint, signal, signs, count });
}
