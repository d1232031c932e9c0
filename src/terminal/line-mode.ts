import { Writable } from 'node:stream';
import { SseError } from '../errors.ts';
import { didYouMean } from '../nearest.ts';
import { clientTable, defaultDraft, explain, sendAndTell } from './answers.ts';
import type { Control } from './control.ts';
import { escapeText } from './escape.ts';
import { Keyboard, type KeyboardInput } from './keyboard.ts';
import { LineSplitter } from './line-splitter.ts';
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

const COMMANDS = ['send', 'a', 'clients', 'help', 'quit'] as const;
type Command = (typeof COMMANDS)[number];
const SHORT: Readonly<Record<string, Command>> = { s: 'send', c: 'clients', h: 'help', '?': 'help', q: 'quit' };
const HELP = 'commands: send | send TYPE DATA | a (to the key filter) | clients | help | quit';

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
  readonly #waiting: (string | undefined)[] = [];
  #busy = false;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(parts: LineModeParts) {
    const { input, output, foreground } = parts;
    this.#parts = parts;
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
      const answer = await this.#obey(line);
      if (answer !== undefined) this.#answer(answer);
    } catch (error) {
      this.#answer(`error: ${explain(error).line}`);
    }
  }

  async #obey(line: string): Promise<string | undefined> {
    const { control, now } = this.#parts;
    const [word, rest] = headOf(line);
    if (word === '') return undefined;
    const name = word.toLowerCase();
    const command = Object.hasOwn(SHORT, name) ? SHORT[name] : COMMANDS.find((known) => known === name);
    if (command === 'send')
      return sendAndTell(control, rest === undefined || rest.trim() === '' ? defaultDraft(control, 'everyone') : draftOf(rest));
    if (rest !== undefined && rest.trim() !== '' && command !== undefined) throw new Error(`${command} takes nothing behind it`);
    switch (command) {
      case 'a':
        return sendAndTell(control, defaultDraft(control, 'key-filter'));
      case 'clients':
        return clientTable(control, now()).join('\n');
      case 'help':
        return HELP;
      case 'quit':
        this.#stopped = true;
        control.stop('quit');
        return undefined;
      default:
        throw new Error(
          `unknown command '${escapeText(word, 40)}'${(word.length > 1 && didYouMean(word.slice(0, 40), COMMANDS)) || `; ${HELP}`}`,
        );
    }
  }

  #answer(text: string): void {
    this.#parts.answers.write(`${text}\n`);
  }
}

/** The first word of a line, and what stands behind the one space or tab after it. */
function headOf(line: string): [word: string, rest: string | undefined] {
  const [, word = '', , rest] = /^\s*(\S*)(\s(.*))?$/su.exec(line) ?? [];
  return [word, rest];
}

function draftOf(text: string): { event: string; data: string } {
  const [event, data] = headOf(text);
  if (data === undefined) throw new SseError('invalid-event', 'send TYPE needs data, as in: send notice {"x":1}');
  return { event, data };
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
