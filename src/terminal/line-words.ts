import { SseError } from '../errors.ts';
import { didYouMean } from '../nearest.ts';
import type { Actions } from './actions.ts';
import { escapeText } from './escape.ts';

/** How many events are shown where nobody says, and at most. */
const EVENTS = { byDefault: 10, most: 1000 } as const;

interface Word {
  /** As help shows it; its first word is its name. What stands behind a word without parameters is a mistake. */
  readonly usage: string;
  /** The key that does the same. */
  readonly key?: string;
  /** @param rest what stands behind the word, as it is */
  act(rest: string): string | undefined | Promise<string>;
}

/** The words of the line mode: those of the keys, with what the keys ask for behind them. */
export class LineWords {
  readonly #words: ReadonlyMap<string, Word>;
  readonly #keys: ReadonlyMap<string, Word>;
  readonly #help: string;

  constructor(actions: Actions, quit: () => void) {
    const words = wordsOf(actions, quit, () => this.#help);
    this.#words = new Map(words.map((word) => [headOf(word.usage)[0], word]));
    this.#keys = new Map(
      words.flatMap((word) => (word.key === undefined ? [] : [...word.key].map((key) => [key, word] as const))),
    );
    this.#help = `commands: ${words.map(({ usage }) => usage).join(' | ')}`;
  }

  /** Obeys a line. @returns the answer, if there is one @throws what the action does, Error for a mistake in the line */
  async obey(line: string): Promise<string | undefined> {
    const [name, rest] = headOf(line);
    if (name === '') return undefined;
    const word = this.#words.get(name.toLowerCase()) ?? this.#keys.get(name.toLowerCase());
    if (!word) {
      const meant = name.length > 1 && didYouMean(name.slice(0, 40), this.#words.keys());
      throw new Error(`unknown command '${escapeText(name, 40)}'${meant || `; ${this.#help}`}`);
    }
    if (!word.usage.includes(' ') && rest.trim() !== '') throw new Error(`${word.usage} takes nothing behind it`);
    return word.act(rest);
  }
}

function wordsOf(actions: Actions, quit: () => void, help: () => string): readonly Word[] {
  return [
    {
      usage: 'send [TYPE DATA]',
      key: 's',
      act: (rest) => (rest.trim() === '' ? actions.sendDefault('everyone') : actions.send(draftOf(rest))),
    },
    { usage: 'a', act: () => actions.sendDefault('key-filter') },
    { usage: 'filter FILTER', key: 'f', act: (rest) => actions.sendTo(needed(rest, 'filter profile == "Guest"')) },
    { usage: 'repeat', key: 'r', act: () => actions.repeat() },
    {
      usage: 'to CLIENT DATA',
      act: (rest) => {
        const [client, data] = headOf(rest);
        return actions.sendToClient(needed(client, 'to CLIENT hello'), needed(data, 'to CLIENT hello', data));
      },
    },
    { usage: 'tick [TIME|off]', key: 't', act: (rest) => actions.tick(rest.trim()) },
    { usage: 'clients [FILTER]', key: 'c', act: (rest) => actions.clients(rest.trim()) },
    { usage: 'kick CLIENT [forever]', key: 'k', act: (rest) => kick(actions, rest) },
    { usage: 'events [N]', key: 'e', act: (rest) => actions.events(countOf(rest.trim())) },
    { usage: 'level [LEVEL]', key: 'l', act: (rest) => actions.level(rest.trim()) },
    { usage: 'reload', key: 'g', act: () => actions.reload() },
    { usage: 'urls', key: 'u', act: () => actions.urls().trim() },
    { usage: 'open', key: 'o', act: () => actions.open() },
    // The same words as at a terminal, so that nobody has to know which of the two is there.
    { usage: 'clear', key: 'x', act: () => 'there is no screen to clear' },
    { usage: 'help', key: 'h?', act: help },
    {
      usage: 'quit',
      key: 'q',
      act: () => {
        quit();
        return undefined;
      },
    },
  ];
}

/** The first word of a line, and what stands behind the one space or tab after it. */
function headOf(line: string): [word: string, rest: string] {
  const [, word = '', , rest = ''] = /^\s*(\S*)(\s(.*))?$/su.exec(line) ?? [];
  return [word, rest];
}

function draftOf(text: string): { event: string; data: string } {
  const [event, data] = headOf(text);
  if (!/\s/.test(text.trimStart())) throw new SseError('invalid-event', 'send TYPE needs data, as in: send notice {"x":1}');
  return { event, data };
}

/** @returns the text without the space around it, or `as` @throws Error if there is nothing */
function needed(text: string, example: string, as: string = text.trim()): string {
  if (text.trim() === '') throw new Error(`${headOf(example)[0]} needs more behind it, as in: ${example}`);
  return as;
}

function kick(actions: Actions, rest: string): string {
  const [client = '', forever, ...others] = rest.trim().split(/\s+/);
  // A misspelt `forever` must not kick for a moment, nor anything else for good.
  if (others.length > 0 || (forever !== undefined && forever.toLowerCase() !== 'forever'))
    throw new Error(`kick takes a client and, at most, the word forever`);
  return actions.kick(needed(client, 'kick CLIENT'), { forever: forever !== undefined });
}

function countOf(text: string): number {
  if (text === '') return EVENTS.byDefault;
  const count = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= EVENTS.most) return count;
  throw new Error(`events takes a number from 1 to ${EVENTS.most}`);
}
