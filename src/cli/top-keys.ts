import { Keyboard, type KeyboardInput } from '../terminal/keyboard.ts';
import { inForeground, Presence } from '../terminal/presence.ts';
import type { LivePicture } from './live-picture.ts';

/** What keys need of the process. */
export interface KeysWorld {
  readonly stdin: KeyboardInput;
  readonly process: Pick<NodeJS.Process, 'kill' | 'on' | 'off'>;
}

const [CTRL_C, CTRL_Z] = ['\u0003', '\u001a'] as const;

/** The terminal of a live picture: has keyboard and screen exactly while the shell has us in its foreground. */
export class TopKeys {
  readonly #presence: Presence;
  readonly #world: KeysWorld;

  /** @param ended somebody wants the end: takes the exit code, 0 after q and 130 after Ctrl-C */
  constructor(picture: LivePicture, world: KeysWorld, ended: (exitCode: number) => void) {
    this.#world = world;
    const listener = (text: string) => {
      for (const key of text) {
        if (key === 'q' || key === 'Q') return ended(0);
        if (key === CTRL_C) return ended(130);
        if (key === CTRL_Z) return this.#suspend();
      }
    };
    const keyboard = new Keyboard(world.stdin, { raw: true, listener });
    this.#presence = new Presence({
      foreground: inForeground,
      enter: () => {
        keyboard.attach();
        picture.enter();
      },
      leave: (mayCook) => {
        picture.leave();
        keyboard.detach(mayCook);
      },
    });
    world.process.on('SIGCONT', this.#continued);
    this.#presence.check();
  }

  /** To be called now and then: a shell that brings us forward need not tell us. */
  check(): void {
    this.#presence.check();
  }

  close(): void {
    this.#world.process.off('SIGCONT', this.#continued);
    this.#presence.leave();
  }

  /** In raw mode the kernel suspends nobody. The whole group, or npx above us would hold the terminal. */
  #suspend(): void {
    this.#presence.leave();
    this.#world.process.kill(0, 'SIGTSTP');
  }

  readonly #continued = (): void => this.#presence.renew();
}
