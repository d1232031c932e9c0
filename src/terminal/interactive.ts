import type { Writable } from 'node:stream';
import type { Activity } from '../hub/activity.ts';
import { LOG_LEVELS } from '../log-levels.ts';
import { Actions } from './actions.ts';
import { activityLevel } from './activity-levels.ts';
import { activityLine } from './activity-lines.ts';
import { ClientList } from './client-list.ts';
import { type Compose, compose, composeFilter } from './composer.ts';
import type { Control } from './control.ts';
import { Keyboard, type KeyboardInput } from './keyboard.ts';
import { LineBudget } from './line-budget.ts';
import { MENU, Menu, tellMistake } from './menu.ts';
import type { Occupant } from './occupant.ts';
import { type Paint, paintWith } from './paint.ts';
import { Presence } from './presence.ts';
import { Prompt } from './prompt.ts';
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
  readonly #actions: Actions;
  readonly #menu: Menu;
  readonly #presence: Presence;
  readonly #status = new Status();
  readonly #budget: LineBudget;
  #occupant: Occupant | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: InteractiveParts) {
    const { input, output, control, colors, now, foreground } = parts;
    this.#parts = parts;
    this.#paint = paintWith(colors);
    this.#screen = new Screen(output, this.#paint);
    this.destination = this.#screen.log;
    this.#budget = new LineBudget(now);
    this.#keyboard = new Keyboard(input, { raw: true, listener: (text) => this.#type(text) });
    this.#actions = new Actions({ control, now, tickerFailed: (error) => this.#tellMistake(error, 'the ticker stopped') });
    this.#menu = new Menu({
      control,
      actions: this.#actions,
      screen: this.#screen,
      paint: this.#paint,
      now,
      occupants: {
        m: (typed) => this.#prompt(compose, typed),
        f: (typed) => this.#prompt(composeFilter, typed),
        c: (typed) => this.#list(typed),
      },
      suspend: () => this.#suspend(),
    });
    this.#presence = new Presence({ foreground, enter: () => this.#enter(), leave: (mayCook) => this.#leave(mayCook) });
  }

  start(): void {
    if (this.#timer) return;
    this.print(MENU);
    // It does not keep the program alive; only the server does.
    this.#timer = setInterval(() => this.#tick(), REFRESH).unref();
    this.#parts.output.on('resize', this.#resized);
    this.#presence.check();
  }

  print(text: string): void {
    this.#screen.print(text);
  }

  readonly observe = (activity: Activity): void => {
    this.#occupant?.observe(activity);
    const line = this.#isTold(activity) ? activityLine(activity) : undefined;
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
    this.#actions.close();
    this.#parts.output.off('resize', this.#resized);
    this.#presence.leave();
    this.#screen.close();
  }

  #tick(): void {
    this.#presence.check();
    const skipped = this.#budget.skipped();
    if (skipped > 0) this.print(this.#paint('dim', `… ${skipped} more lines not shown`));
    this.#refresh();
    this.#occupant?.refresh();
  }

  #refresh(): void {
    const { control, now } = this.#parts;
    this.#screen.setStatus(this.#status.text(control.stats(), now()) + this.#actions.ticking);
  }

  /** A person is told what a log would be told, and no more after L. */
  #isTold(activity: Activity): boolean {
    return LOG_LEVELS.indexOf(activityLevel(activity)) >= LOG_LEVELS.indexOf(this.#parts.control.logLevel.get());
  }

  readonly #resized = (): void => this.#occupant?.resized();

  #enter(): void {
    this.#keyboard.attach();
    this.#refresh();
    this.#screen.showStatus(true);
  }

  #leave(mayCook: boolean): void {
    this.#occupant?.cancel();
    this.#screen.showStatus(false);
    this.#keyboard.detach(mayCook);
  }

  #type(text: string): void {
    if (!this.#occupant) return this.#menu.type(text);
    // What is suspended would come back garbled: it is cancelled, as by Ctrl-C.
    if (text.includes(CTRL_Z)) this.#suspend();
    else this.#occupant.type(text);
  }

  /** Should nothing suspend us after all (no shell with job control above), the next tick finds us in the foreground and goes on. */
  #suspend(): void {
    this.#presence.leave();
    this.#parts.control.suspend();
  }

  #prompt(compose: Compose, typed: string): void {
    const { control, colors } = this.#parts;
    this.#occupant = new Prompt({
      control,
      actions: this.#actions,
      screen: this.#screen,
      paint: this.#paint,
      colors,
      compose,
      typed,
      over: this.#vacated,
      told: (answer) => this.print(answer),
      failed: (error) => this.#tellMistake(error, 'not sent'),
    });
  }

  #list(typed: string): void {
    const { control, now } = this.#parts;
    const shared = { control, actions: this.#actions, screen: this.#screen, paint: this.#paint, now };
    this.#occupant = new ClientList({ ...shared, typed, over: this.#vacated });
  }

  readonly #vacated = (): void => {
    this.#occupant = undefined;
  };

  #tellMistake(error: unknown, what: string): void {
    tellMistake({ screen: this.#screen, paint: this.#paint }, error, what);
  }
}
