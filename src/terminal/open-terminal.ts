import type { Writable } from 'node:stream';
import type { Control } from './control.ts';
import { Interactive } from './interactive.ts';
import type { KeyboardInput } from './keyboard.ts';
import { LineMode } from './line-mode.ts';
import { inForeground } from './presence.ts';
import type { ScreenOutput } from './screen.ts';
import type { Terminal } from './terminal.ts';

export interface TerminalOptions {
  /** Usually the program's stdin. */
  readonly input: KeyboardInput;
  /** Usually the program's stdout. */
  readonly output: ScreenOutput & { readonly isTTY?: boolean };
  readonly control: Control;
  /** Whether a person sits at a terminal that can move its cursor. Default: both streams are terminals; `TERM=dumb` is for the caller to see. */
  readonly isTTY?: boolean;
  /** Default true; only ever used with a person. */
  readonly colors?: boolean;
  /** In line mode, where answers to commands go. Default `output`; another place keeps a JSON log on `output` clean. */
  readonly answers?: Writable;
  /** Wall clock, ms since 1970. */
  readonly now?: () => number;
  /** Whether this process is in the foreground of its terminal. */
  readonly foreground?: () => boolean;
}

/** Opens the terminal: single keys and a status line for a person, lines of commands for a program. */
export function openTerminal(options: TerminalOptions): Terminal {
  const { input, output, isTTY = input.isTTY === true && output.isTTY === true } = options;
  const defaults = { colors: true, answers: output, now: Date.now, foreground: inForeground };
  return isTTY ? new Interactive({ ...defaults, ...options }) : new LineMode({ ...defaults, ...options });
}
