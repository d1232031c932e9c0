import type { Actions } from './actions.ts';
import { explain } from './answers.ts';
import type { Control } from './control.ts';
import { escapeText } from './escape.ts';
import type { Paint } from './paint.ts';
import { PasteGuard, withoutSequences } from './paste-guard.ts';
import type { Screen } from './screen.ts';

/** The keys that are used most, in one line of 80 columns. H knows the others. */
export const MENU = '(S)end · (A)dmins · (F)ilter · (M)essage · (C)lients · (T)ick · (H)elp · (Q)uit';

const CTRL_C = '\u0003';
/** As every shell has it. */
const CTRL_L = '\u000c';
const CTRL_Z = '\u001a';
/** How many events E shows. */
const LAST_EVENTS = 10;

export interface MenuParts {
  readonly control: Control;
  readonly actions: Actions;
  readonly screen: Screen;
  readonly paint: Paint;
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
  /** What takes the keyboard and the screen, by its key; gets what was typed behind it. */
  readonly occupants: Readonly<Record<string, (typed: string) => void>>;
  /** Gives the terminal back and suspends (Ctrl-Z). */
  readonly suspend: () => void;
}

/** Single keys and what they do; upper and lower case are the same. */
export class Menu {
  readonly #parts: MenuParts;
  readonly #pastes: PasteGuard;
  #hinted = false;
  readonly #keys: Readonly<Record<string, () => void>>;

  constructor(parts: MenuParts) {
    this.#parts = parts;
    this.#pastes = new PasteGuard(parts.now);
    const { control, actions, screen } = parts;
    const help = () => this.#help();
    const newline = () => screen.print('');
    this.#keys = {
      s: () => this.#answer(() => actions.sendDefault('everyone'), 'not sent'),
      a: () => this.#answer(() => actions.sendDefault('key-filter'), 'not sent'),
      r: () => this.#answer(() => actions.repeat(), 'not sent'),
      t: () => this.#answer(() => actions.tick(''), 'no ticker'),
      e: () => void this.#events(),
      l: () => this.#answer(() => actions.nextLevel(), 'log level not set'),
      g: () => this.#answer(() => actions.reload(), 'not reloaded'),
      u: () => screen.print(actions.urls()),
      o: () => this.#answer(() => actions.open(), 'not opened'),
      x: () => screen.clear(),
      [CTRL_L]: () => screen.clear(),
      h: help,
      '?': help,
      q: () => control.stop('quit'),
      '\r': newline,
      '\n': newline,
      [CTRL_C]: () => control.stop('interrupt'),
    };
  }

  /** Takes what came from the keyboard in one piece. A paste is not obeyed: it was not meant as commands. */
  type(text: string): void {
    const typed = withoutSequences(text);
    if (typed === '') return;
    const looked = this.#pastes.look(typed);
    if (looked === 'keys') this.#obey(typed);
    else if (looked === 'paste') this.#hint('that looked like a paste and was ignored; M opens a prompt to paste into');
  }

  #obey(typed: string): void {
    const [key = '', ...others] = typed;
    const rest = others.join('');
    const { occupants, suspend } = this.#parts;
    const name = key.toLowerCase();
    // What follows belongs to whoever has the terminal next.
    if (Object.hasOwn(occupants, name)) return occupants[name]?.(rest);
    if (key === CTRL_Z) return suspend();
    this.#press(name);
    if (rest !== '') this.#obey(rest);
  }

  #press(key: string): void {
    const action = Object.hasOwn(this.#keys, key) ? this.#keys[key] : undefined;
    if (action) {
      this.#hinted = false;
      return action();
    }
    // Once, until a key is right again: a cat on the keyboard gets one line.
    if (!this.#hinted) this.#hint(`no such key: ${escapeText(key)} · ${MENU}`);
    this.#hinted = true;
  }

  #answer(act: () => string | Promise<string>, otherwise: string): void {
    const { screen, paint } = this.#parts;
    // A mistake that is made at once is told like one that is made later.
    const acted = async () => act();
    acted().then(
      (answer) => screen.print(paint('cyan', answer)),
      (error: unknown) => tellMistake(this.#parts, error, otherwise),
    );
  }

  async #events(): Promise<void> {
    const { actions, screen, paint } = this.#parts;
    try {
      const [header = '', ...rows] = (await actions.events(LAST_EVENTS)).split('\n');
      screen.print([paint('dim', header), ...rows].join('\n'));
    } catch (error) {
      tellMistake(this.#parts, error, 'no events');
    }
  }

  #help(): void {
    const { control, screen } = this.#parts;
    const { event, data, keyFilter } = control.defaults;
    screen.print(
      [
        `S      send ${escapeText(event)} "${escapeText(data, 40)}" to every client`,
        `A      send it to clients that match ${escapeText(keyFilter)}`,
        'F      send it to clients that match a filter',
        'M      compose a message: type, data, filter',
        'R      repeat what was last sent from here',
        'T      start or stop a ticker that sends as S does',
        'C      list the clients: look at them, kick them, send to one',
        `E      show the last ${LAST_EVENTS} events`,
        'L      set the next log level; lines for you follow it too',
        'G      read the configuration anew',
        'U      show the URLs',
        'O      open the page in the browser',
        'X      clear the screen',
        'H ?    this help',
        'Enter  leave an empty line',
        'Q      quit, as Ctrl-C does; Ctrl-Z suspends',
      ].join('\n'),
    );
  }

  #hint(text: string): void {
    const { screen, paint } = this.#parts;
    screen.print(paint('dim', text));
  }
}

/** Tells what did not happen, why, and for a filter where. */
export function tellMistake({ screen, paint }: Pick<MenuParts, 'screen' | 'paint'>, error: unknown, what: string): void {
  const { line, excerpt } = explain(error);
  screen.print([paint('red', `${what}: ${line}`), ...excerpt].join('\n'));
}
