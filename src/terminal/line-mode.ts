import { Writable } from 'node:stream';
import { Actions } from './actions.ts';
import { explain } from './answers.ts';
import type { Control } from './control.ts';
import { Keyboard, type KeyboardInput } from './keyboard.ts';
import { LineSplitter } from './line-splitter.ts';
import { LineWords } from './line-words.ts';
import { Presence } from './presence.ts';
import type { Terminal } from './terminal.ts';

export interface LineModeParts {
  readonly input: KeyboardInput;
  readonly output: Writable;
  readonly answers: Writable;
  readonly control: Control;
  readonly now: () => number;
  readonly foreground: () => boolean;
}

/** How often a background job looks whether it was brought forward, in ms. */
const LOOK = 500;

/**
 * A terminal without a person: commands come line by line, each gets an answer of plain text, and nothing else is
 * printed. Lines are obeyed one after the other. The end of input says nothing: `sse-server < /dev/null` serves on.
 */
export class LineMode implements Terminal {
  readonly interactive = false;
  readonly destination: Writable;
  readonly #parts: LineModeParts;
  readonly #keyboard: Keyboard;
  readonly #presence: Presence;
  readonly #lines = new LineSplitter();
  readonly #actions: Actions;
  readonly #words: LineWords;
  readonly #waiting: (string | undefined)[] = [];
  #busy = false;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(parts: LineModeParts) {
    const { input, output, control, now, foreground } = parts;
    this.#parts = parts;
    this.#actions = new Actions({
      control,
      now,
      tickerFailed: (error) => this.#answer(`error: the ticker stopped: ${explain(error).line}`),
    });
    this.#words = new LineWords(this.#actions, () => this.#quit());
    this.destination = passingTo(output);
    if (parts.answers !== output) parts.answers.on('error', () => {});
    // A last line may come without its line break (`printf s | …`).
    this.#keyboard = new Keyboard(input, { raw: false, listener: (text) => this.#take(text), ended: () => this.#take('\n') });
    this.#presence = new Presence({
      // A pipe is always ours.
      foreground: () => input.isTTY !== true || foreground(),
      enter: () => this.#keyboard.attach(),
      leave: (mayCook) => this.#keyboard.detach(mayCook),
    });
  }

  start(): void {
    if (this.#parts.input.isTTY === true) this.#timer ??= setInterval(() => this.#presence.check(), LOOK).unref();
    this.#presence.check();
  }

  print(): void {}

  readonly observe = (): void => {};

  continued(): void {
    if (!this.#stopped) this.#presence.renew();
  }

  close(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#actions.close();
    this.#presence.leave();
  }

  #take(text: string): void {
    for (const line of this.#lines.push(text)) this.#waiting.push(line);
    if (!this.#busy) void this.#work();
  }

  /** While lines wait, no more are read: a file of a million commands takes no more memory than one of ten. */
  async #work(): Promise<void> {
    this.#busy = true;
    this.#keyboard.pause();
    while (this.#waiting.length > 0 && !this.#stopped) await this.#obeyLine(this.#waiting.shift());
    this.#busy = false;
    this.#keyboard.resume();
  }

  async #obeyLine(line: string | undefined): Promise<void> {
    try {
      if (line === undefined) throw new Error('a line has at most 1 MiB; this one was ignored');
      const answer = await this.#words.obey(line);
      if (answer !== undefined) this.#answer(answer);
    } catch (error) {
      this.#answer(`error: ${explain(error).line}`);
    }
  }

  /** Lines that stand behind it are not obeyed any more. */
  #quit(): void {
    this.#stopped = true;
    this.#parts.control.stop('quit');
  }

  #answer(text: string): void {
    this.#parts.answers.write(`${text}\n`);
  }
}

/** So many bytes of log may wait for their reader. */
const MOST_UNREAD = 1024 * 1024;

/** Not the stream itself: the log must not end it, and a reader that went away (`| head`) must not take the server with it. */
function passingTo(output: Writable): Writable {
  let broken = false;
  let dropped = 0;
  output.on('error', () => {
    broken = true;
  });
  return new Writable({
    decodeStrings: false,
    write(chunk: string | Uint8Array, _encoding, done) {
      // A reader that has stopped reading must not make the log grow in memory: what it misses is counted.
      if (broken || output.writableLength > MOST_UNREAD) dropped++;
      else {
        if (dropped > 0) output.write(`{"level":"warn","msg":"${dropped} log lines were dropped: nobody read them"}\n`);
        dropped = 0;
        output.write(chunk);
      }
      done();
    },
  });
}
