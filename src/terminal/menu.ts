import { clientTable, defaultDraft, explain, sendAndTell } from './answers.ts';
import type { Control } from './control.ts';
import { ESC, escapeText } from './escape.ts';
import { TYPED_AT_ONCE } from './keyboard.ts';
import type { Paint } from './paint.ts';
import type { Screen } from './screen.ts';

/** The keys, in one line. */
export const MENU = '(S)end · (A)dmins · (M)essage · (C)lients · (H)elp · (Q)uit';

const CTRL_C = '\u0003';
const CTRL_Z = '\u001a';
/** What comes this soon after a paste, in ms, is more of it: long ones arrive in pieces, and the last may be short. */
const PASTE_PAUSE = 100;
// Arrow and function keys, focus and mouse reports: CSI, SS3, or Escape with a key (ECMA-48).
const SEQUENCES = new RegExp(`${ESC}(?:\\[[0-?]*[ -/]*[@-~]|O.|[^\\[O])?`, 'gsu');

export interface MenuParts {
  readonly control: Control;
  readonly screen: Screen;
  readonly paint: Paint;
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
  /** Opens the composer (M), with what was typed behind the key. */
  readonly compose: (typed: string) => void;
  /** Gives the terminal back and suspends (Ctrl-Z). */
  readonly suspend: () => void;
}

/** Single keys and what they do; upper and lower case are the same. */
export class Menu {
  readonly #parts: MenuParts;
  #hinted = false;
  #pastedAt = Number.NEGATIVE_INFINITY;
  readonly #keys: Readonly<Record<string, () => void>>;

  constructor(parts: MenuParts) {
    this.#parts = parts;
    const { control, screen } = parts;
    const help = () => this.#help();
    const newline = () => screen.print('');
    this.#keys = {
      s: () => void this.#send('everyone'),
      a: () => void this.#send('key-filter'),
      c: () => this.#clients(),
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
    const typed = text.replace(SEQUENCES, '');
    if (typed === '') return;
    const time = this.#parts.now();
    const pasting = time - this.#pastedAt < PASTE_PAUSE;
    // Ctrl-C must always work, and no paste holds one by itself.
    if ((typed.length > TYPED_AT_ONCE || pasting) && typed !== CTRL_C) {
      this.#pastedAt = time;
      if (!pasting) this.#hint('that looked like a paste and was ignored; M opens a prompt to paste into');
      return;
    }
    this.#obey(typed);
  }

  #obey(typed: string): void {
    const [key = '', ...others] = typed;
    const rest = others.join('');
    // What follows belongs to the composer, or to whoever has the terminal next.
    if (key.toLowerCase() === 'm') return this.#parts.compose(rest);
    if (key === CTRL_Z) return this.#parts.suspend();
    this.#press(key.toLowerCase());
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

  async #send(to: 'everyone' | 'key-filter'): Promise<void> {
    const { control, screen, paint } = this.#parts;
    try {
      screen.print(paint('cyan', await sendAndTell(control, defaultDraft(control, to))));
    } catch (error) {
      tellMistake(this.#parts, error);
    }
  }

  #clients(): void {
    const { control, screen, paint, now } = this.#parts;
    const [header = '', ...rows] = clientTable(control, now());
    screen.print([paint('dim', header), ...rows].join('\n'));
  }

  #help(): void {
    const { control, screen } = this.#parts;
    const { event, data, keyFilter } = control.defaults;
    screen.print(
      [
        `S      send ${escapeText(event)} "${escapeText(data, 40)}" to every client`,
        `A      send it to clients that match ${escapeText(keyFilter)}`,
        'M      compose a message: type, data, filter',
        'C      list the clients',
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

/** Tells that nothing was sent, why, and for a filter where. */
export function tellMistake({ screen, paint }: Pick<MenuParts, 'screen' | 'paint'>, error: unknown): void {
  const { line, excerpt } = explain(error);
  screen.print([paint('red', `not sent: ${line}`), ...excerpt].join('\n'));
}
