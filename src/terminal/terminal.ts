import type { Writable } from 'node:stream';
import type { Observe } from '../hub/activity.ts';

/** The terminal of the program, with or without a person before it. */
export interface Terminal {
  /** Whether a person is told of activities by `observe`, in short lines; if not, they belong into the log alone. */
  readonly interactive: boolean;
  /** For the log: the only way past the status line. Never waits. */
  readonly destination: Writable;
  /** From now on keys or lines are obeyed, and the status line is shown. Does nothing to the terminal of a background job. */
  start(): void;
  /** Lines for a person (a banner); looks are kept, so untrusted text in it must have been escaped. Without one nothing is printed. */
  print(text: string): void;
  readonly observe: Observe;
  /** To be called at SIGCONT. */
  continued(): void;
  /** Leaves the terminal cooked, its cursor visible, nothing pending. Synchronous; may be called again. The log may still be written. */
  close(): void;
}
