import type { Writable } from 'node:stream';
import type { Activity } from '../hub/activity.ts';
import { activityLine } from './activity-lines.ts';
import { compose } from './composer.ts';
import type { Control } from './control.ts';
import { Keyboard, type KeyboardInput } from './keyboard.ts';
import { LineBudget } from './line-budget.ts';
import { MENU, Menu, tellMistake } from './menu.ts';
import { type Paint, paintWith } from './paint.ts';
import { Presence } from './presence.ts';
import { PromptInput, PromptOutput } from './prompt-streams.ts';
import { Screen, type ScreenOutput } from './screen.ts';
import { Status } from './status.ts';
import type { Terminal } from './terminal.ts';

export interface InteractiveParts {
  readonly input: KeyboardInput;
  readonly output: ScreenOutput;
  readonly control: Control;
  readonly colors: boolean;
  readonly now: () => number;
  readonly foreground: () => boolean;
}

/** How often the status line may change, in ms. */
const REFRESH = 250;
const CTRL_Z = '\u001a';

/** A terminal with a person before it. Puts the parts together: who has the keyboard, who has the screen, and when neither is ours. */
export class Interactive implements Terminal {
  readonly interactive = true;
  readonly destination: Writable;
  readonly #parts: InteractiveParts;
  readonly #paint: Paint;
  readonly #screen: Screen;
  readonly #keyboard: Keyboard;
  readonly #menu: Menu;
  readonly #presence: Presence;
  readonly #status = new Status();
  readonly #budget: LineBudget;
  #composer: { readonly input: PromptInput; cancel(): void } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: InteractiveParts) {
    const { input, output, control, colors, now, foreground } = parts;
    this.#parts = parts;
    this.#paint = paintWith(colors);
    this.#screen = new Screen(output, this.#paint);
    this.destination = this.#screen.log;
    this.#budget = new LineBudget(now);
    this.#keyboard = new Keyboard(input, { raw: true, listener: (text) => this.#type(text) });
    this.#menu = new Menu({
      control,
      screen: this.#screen,
      paint: this.#paint,
      now,
      compose: (typed) => void this.#compose(typed),
      suspend: () => this.#suspend(),
    });
    this.#presence = new Presence({ foreground, enter: () => this.#enter(), leave: (mayCook) => this.#leave(mayCook) });
  }

  start(): void {
    if (this.#timer) return;
    this.print(MENU);
    // It does not keep the program alive; only the server does.
    this.#timer = setInterval(() => this.#tick(), REFRESH).unref();
    this.#presence.check();
  }

  print(text: string): void {
    this.#screen.print(text);
  }

  readonly observe = (activity: Activity): void => {
    const line = activityLine(activity);
    if (line && this.#budget.take()) this.print(this.#paint(line.look, line.text));
  };

  continued(): void {
    if (!this.#timer) return;
    this.#screen.forget();
    this.#presence.renew();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#presence.leave();
    this.#screen.close();
  }

  #tick(): void {
    this.#presence.check();
    const skipped = this.#budget.skipped();
    if (skipped > 0) this.print(this.#paint('dim', `… ${skipped} more lines not shown`));
    this.#refresh();
  }

  #refresh(): void {
    const { control, now } = this.#parts;
    this.#screen.setStatus(this.#status.text(control.stats(), now()));
  }

  #enter(): void {
    this.#keyboard.attach();
    this.#refresh();
    this.#screen.showStatus(true);
  }

  #leave(mayCook: boolean): void {
    this.#composer?.cancel();
    this.#screen.showStatus(false);
    this.#keyboard.detach(mayCook);
  }

  #type(text: string): void {
    if (!this.#composer) return this.#menu.type(text);
    // A prompt that is suspended would come back garbled: it is cancelled, as by Ctrl-C.
    if (text.includes(CTRL_Z)) this.#suspend();
    else this.#composer.input.feed(text);
  }

  /** Should nothing suspend us after all (no shell with job control above), the next tick finds us in the foreground and goes on. */
  #suspend(): void {
    this.#presence.leave();
    this.#parts.control.suspend();
  }

  async #compose(typed: string): Promise<void> {
    const input = new PromptInput();
    const abort = new AbortController();
    const output = new PromptOutput(this.#screen, this.#parts.colors);
    const finish = (): void => {
      if (this.#composer !== composer) return;
      this.#composer = undefined;
      this.#screen.release();
    };
    const cancel = (): void => {
      abort.abort();
      finish();
    };
    const composer = { input, cancel };
    const resized = (): void => void output.emit('resize');
    this.#composer = composer;
    this.#screen.hold();
    this.#parts.output.on('resize', resized);
    input.feed(typed);
    try {
      const sent = await compose({ control: this.#parts.control, input, output, paint: this.#paint, signal: abort.signal });
      finish();
      if (sent !== undefined) this.print(this.#paint('cyan', sent));
      else if (!abort.signal.aborted) this.print(this.#paint('dim', 'nothing sent'));
    } catch (error) {
      finish();
      tellMistake({ screen: this.#screen, paint: this.#paint }, error);
    } finally {
      this.#parts.output.off('resize', resized);
    }
  }
}
