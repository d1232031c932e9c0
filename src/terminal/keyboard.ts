import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Where keys come from: a `tty.ReadStream`, a pipe, or what stands in for one in a test. */
export type KeyboardInput = Readable & {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
};

/** More characters at once than this were pasted, not typed. */
export const TYPED_AT_ONCE = 8;

/** Owns the keyboard while it is attached, and leaves it as it was found. */
export class Keyboard {
  readonly #input: KeyboardInput;
  readonly #raw: boolean;
  readonly #listener: (text: string) => void;
  #decoder = new StringDecoder('utf8');
  #attached = false;

  /**
   * @param raw each key at once and none obeyed by the kernel; else whole lines, as the terminal or the pipe gives them
   * @param ended nothing will come any more
   */
  constructor(
    input: KeyboardInput,
    { raw, listener, ended }: { raw: boolean; listener: (text: string) => void; ended?: () => void },
  ) {
    this.#input = input;
    this.#raw = raw;
    this.#listener = listener;
    // A terminal that hangs up reads as an error; the program hears of it by SIGHUP. End of input is no order to quit.
    input.on('error', () => this.detach());
    input.on('end', () => {
      this.detach();
      ended?.();
    });
  }

  attach(): void {
    if (this.#attached) return;
    this.#attached = true;
    // libuv does not set a mode that it believes is set, but a shell may have changed it while we were stopped.
    this.#setRaw(false);
    this.#setRaw(true);
    this.#input.on('data', this.#read);
    this.#input.resume();
  }

  /** Synchronous: when it returns, the terminal is cooked. @param foreground if not, setting its mode would stop us */
  detach(foreground: boolean = true): void {
    if (!this.#attached) return;
    this.#attached = false;
    this.#input.off('data', this.#read);
    this.#input.pause();
    if (foreground) this.#setRaw(false);
    this.#decoder = new StringDecoder('utf8');
  }

  /** Stops reading until `resume`; what comes meanwhile waits where it comes from. */
  pause(): void {
    this.#input.pause();
  }

  resume(): void {
    if (this.#attached) this.#input.resume();
  }

  readonly #read = (chunk: Buffer | string): void => {
    const text = typeof chunk === 'string' ? chunk : this.#decoder.write(chunk);
    if (text !== '') this.#listener(text);
  };

  #setRaw(raw: boolean): void {
    if (!this.#raw) return;
    try {
      this.#input.setRawMode?.(raw);
    } catch {
      // The terminal is gone; there is nothing to leave in order.
    }
  }
}
