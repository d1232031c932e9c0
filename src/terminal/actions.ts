import { SseError } from '../errors.ts';
import type { DraftInput } from '../event/draft.ts';
import { LOG_LEVELS, type LogLevel } from '../log-levels.ts';
import { didYouMean } from '../nearest.ts';
import { formatDuration } from '../units.ts';
import { reloadLine } from './activity-lines.ts';
import { defaultDraft, sentLine } from './answers.ts';
import type { Control } from './control.ts';
import { escapeText } from './escape.ts';
import { clientTable, eventTable } from './tables.ts';
import { Ticker } from './ticker.ts';

interface ActionsParts {
  readonly control: Control;
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
  /** Hears why the ticker stopped by itself. */
  readonly tickerFailed: (error: unknown) => void;
}

/** What can be done from a terminal, and what is answered: the same behind keys and behind lines. Answers are safe to show. */
export class Actions {
  readonly #control: Control;
  readonly #now: () => number;
  readonly #ticker: Ticker;
  #last: DraftInput | undefined;

  constructor({ control, now, tickerFailed }: ActionsParts) {
    this.#control = control;
    this.#now = now;
    // Not by `send`: a tick is nothing that somebody would want to repeat.
    this.#ticker = new Ticker({ send: () => control.send(defaultDraft(control, 'everyone')), failed: tickerFailed });
  }

  /** @throws SseError as `control.send` does */
  async send(draft: DraftInput): Promise<string> {
    const sent = await this.#control.send(draft);
    this.#last = draft;
    return sentLine(draft, sent);
  }

  sendDefault(to: 'everyone' | 'key-filter'): Promise<string> {
    return this.send(defaultDraft(this.#control, to));
  }

  /** Sends the default event to whom a filter has; an empty one has everyone. */
  sendTo(filter: string): Promise<string> {
    const draft = defaultDraft(this.#control, 'everyone');
    return this.send(filter === '' ? draft : { ...draft, filter });
  }

  /** Sends data to one client. Its event is the default one in all else. @throws SseError `not-found` */
  sendToClient(id: string, data: string): Promise<string> {
    if (!this.#control.client(id)) throw notConnected(id);
    // The id of a connection is never given again, so nobody else gets it, not by a replay either.
    return this.send({ event: this.#control.defaults.event, data, filter: `client.id == ${JSON.stringify(id)}` });
  }

  /** Sends what was last sent from here once more. Ticks don't count. */
  async repeat(): Promise<string> {
    if (!this.#last) throw new Error('nothing was sent from here yet');
    return this.send(this.#last);
  }

  /** @param filter whom to list; empty: everyone @throws SseError `invalid-filter` */
  async clients(filter: string): Promise<string> {
    const found = filter === '' ? undefined : await this.#control.find(filter);
    const clients = this.#control.clients();
    const listed = found ? clients.filter(({ client }) => found.clients.has(client.client.id)) : clients;
    return clientTable(listed, this.#now()).join('\n');
  }

  /** @throws SseError `not-found` */
  kick(id: string, how: { readonly forever: boolean }): string {
    if (!this.#control.kick(id, how)) throw notConnected(id);
    return `kicked ${escapeText(id)}${how.forever ? ' for good' : ''}`;
  }

  async events(count: number): Promise<string> {
    return (await eventTable(this.#control.events(count))).join('\n');
  }

  /** Starts and stops the ticker. @param order a pace or `off`; empty: on if it is off, off if it is on @throws SseError `invalid-config` */
  tick(order: string): string {
    if (order === 'off' || (order === '' && this.#ticker.pace !== undefined)) {
      this.#ticker.stop();
      return 'the ticker is off';
    }
    const pace = order === '' ? this.#control.defaults.tick : this.#control.paceOf(order);
    this.#ticker.start(pace);
    const { event, data } = this.#control.defaults;
    return `the ticker sends ${escapeText(event)} "${escapeText(data, 40)}" to everyone every ${formatDuration(pace)}`;
  }

  /** What to say of the ticker beside other figures; nothing while it is off. */
  get ticking(): string {
    const { pace } = this.#ticker;
    return pace === undefined ? '' : ` · tick ${formatDuration(pace)}`;
  }

  /** Sets the log level, or says which it is. */
  level(word: string): string {
    if (word !== '') this.#control.logLevel.set(levelOf(word));
    return `log level ${this.#control.logLevel.get()}`;
  }

  /** Sets the next log level, each logs less than the one before, and after the last comes the first. */
  nextLevel(): string {
    const at = LOG_LEVELS.indexOf(this.#control.logLevel.get());
    return this.level(LOG_LEVELS[(at + 1) % LOG_LEVELS.length] ?? 'info');
  }

  /** @throws Error with every mistake, in one line */
  async reload(): Promise<string> {
    try {
      return reloadLine(await this.#control.reload());
    } catch (error) {
      throw new Error(`the old configuration stays: ${(error as Error).message}`);
    }
  }

  urls(): string {
    return this.#control.urls();
  }

  async open(): Promise<string> {
    const { url, opened } = await this.#control.open();
    return opened ? `opened ${url}` : `no browser could be opened here; the page is ${url}`;
  }

  /** Nothing happens by itself any more. */
  close(): void {
    this.#ticker.stop();
  }
}

function notConnected(id: string): SseError {
  return new SseError('not-found', `no client '${escapeText(id)}' is connected`);
}

function levelOf(word: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === word.toLowerCase());
  if (level) return level;
  throw new Error(`a level is one of ${LOG_LEVELS.join(', ')}${didYouMean(word, LOG_LEVELS)}`);
}
