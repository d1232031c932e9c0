import { readFileSync } from 'node:fs';

/**
 * Whether this process may use its terminal: a background job that reads it or sets its mode is stopped by the
 * kernel (SIGTTIN, SIGTTOU), and `sse-server &` or Ctrl-Z with `bg` must go on serving. True where it cannot be told:
 * Node has no tcgetpgrp, so this reads Linux's /proc.
 */
export function inForeground(): boolean {
  try {
    // proc(5): pid (comm) state ppid pgrp session tty_nr tpgid; comm may hold spaces and parentheses.
    const stat = readFileSync('/proc/self/stat', 'latin1');
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // -1: no controlling terminal, so no job control either.
    return foreground === group || foreground === '-1';
  } catch {
    return true;
  }
}

/** Keeps the terminal ours exactly while we are in its foreground. */
export class Presence {
  readonly #foreground: () => boolean;
  readonly #enter: () => void;
  readonly #leave: (foreground: boolean) => void;
  #here = false;

  /** @param leave gets whether the terminal's mode may still be set */
  constructor({
    foreground,
    enter,
    leave,
  }: {
    foreground: () => boolean;
    enter: () => void;
    leave: (foreground: boolean) => void;
  }) {
    this.#foreground = foreground;
    this.#enter = enter;
    this.#leave = leave;
  }

  /** Enters if that has become possible. Called now and then: a shell that brings a running job forward tells nobody. */
  check(): void {
    if (this.#here || !this.#foreground()) return;
    this.#here = true;
    this.#enter();
  }

  leave(): void {
    this.#goAway(true);
  }

  /** After a stop (SIGCONT): whoever had the terminal meanwhile may have changed its mode, so it is set again. */
  renew(): void {
    this.#goAway(this.#foreground());
    this.check();
  }

  #goAway(foreground: boolean): void {
    if (!this.#here) return;
    this.#here = false;
    this.#leave(foreground);
  }
}
