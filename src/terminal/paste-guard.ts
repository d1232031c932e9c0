import { ESC } from './escape.ts';
import { TYPED_AT_ONCE } from './keyboard.ts';

/** What comes this soon after a paste, in ms, is more of it: long ones arrive in pieces, and the last may be short. */
const PASTE_PAUSE = 100;
// Arrow and function keys, focus and mouse reports: CSI, SS3, or Escape with a key (ECMA-48).
const SEQUENCES = new RegExp(`${ESC}(?:\\[[0-?]*[ -/]*[@-~]|O.|[^\\[O])?`, 'gsu');

/** What came from the keyboard without the keys that are no characters. */
export function withoutSequences(text: string): string {
  return text.replace(SEQUENCES, '');
}

/** Tells keys from a paste, where single keys are commands: nobody who pastes means them. */
export class PasteGuard {
  readonly #now: () => number;
  #pastedAt = Number.NEGATIVE_INFINITY;

  /** @param now any clock, in ms */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @param typed what came in one piece, without sequences @returns `more` is more of a paste that was told before */
  look(typed: string): 'keys' | 'paste' | 'more' {
    // Keys that are held down are repeated at any speed, and Ctrl-C must always work: no paste holds one by itself.
    if (typed === '' || typed === '\u0003') return 'keys';
    const time = this.#now();
    const pasting = time - this.#pastedAt < PASTE_PAUSE;
    if (typed.length <= TYPED_AT_ONCE && !pasting) return 'keys';
    this.#pastedAt = time;
    return pasting ? 'more' : 'paste';
  }
}
