import type { Activity } from '../hub/activity.ts';
import type { Actions } from './actions.ts';
import { explain } from './answers.ts';
import { Canvas } from './canvas.ts';
import { type ClientView, frameOf, HAS_LEFT, roomFor } from './client-frame.ts';
import { ClientRoll } from './client-roll.ts';
import { ClientSearch } from './client-search.ts';
import type { Control } from './control.ts';
import { escapeText } from './escape.ts';
import { KeyReader } from './key-reader.ts';
import type { Occupant } from './occupant.ts';
import { Pacer } from './pacer.ts';
import type { Paint } from './paint.ts';
import { PasteGuard, withoutSequences } from './paste-guard.ts';
import type { Screen } from './screen.ts';
import { TypedLine } from './typed-line.ts';

interface ClientListParts {
  readonly control: Control;
  readonly actions: Actions;
  readonly screen: Screen;
  readonly paint: Paint;
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
  /** What was typed behind the key that opened it. */
  readonly typed: string;
  /** It has given the screen back. */
  readonly over: () => void;
}

/** The screen is drawn anew at most this often, in ms, however much happens. */
const PAINT_PAUSE = 100;

/**
 * The list of clients, live, on a screen of its own (C). What it is about is the selected client, by its id: others that come and
 * go move the list and never the selection, and one that leaves keeps its row until the person moves on. Only clients that have a row on the screen are looked at.
 */
export class ClientList implements Occupant {
  readonly #parts: ClientListParts;
  readonly #roll: ClientRoll;
  readonly #search: ClientSearch;
  readonly #canvas: Canvas;
  readonly #keys: KeyReader;
  readonly #pastes: PasteGuard;
  readonly #pacer = new Pacer(() => this.#draw(), PAINT_PAUSE);
  readonly #presses: Readonly<Record<string, () => unknown>>;
  #selected: string | undefined;
  /** Where the selected client was last seen, and the first row on the screen. */
  #index = 0;
  #top = 0;
  #alone = false;
  #line: TypedLine | undefined;
  #notice = { text: '', wrong: false };
  #isOver = false;

  constructor(parts: ClientListParts) {
    this.#parts = parts;
    const { control, screen, now, typed } = parts;
    this.#roll = new ClientRoll(control.clients(), now);
    this.#search = new ClientSearch({ control, roll: this.#roll, judged: (mistake) => this.#judged(mistake) });
    this.#canvas = new Canvas(screen);
    this.#keys = new KeyReader((name) => this.#press(name));
    this.#pastes = new PasteGuard(now);
    const back = () => this.#back();
    this.#presses = {
      up: () => this.#move(-1),
      down: () => this.#move(1),
      pageup: () => this.#move(-roomFor(screen)),
      pagedown: () => this.#move(roomFor(screen)),
      home: () => this.#move(-Infinity),
      end: () => this.#move(Infinity),
      return: () => this.#look(),
      '/': () => this.#askFilter(),
      s: () => this.#askData(),
      S: () => this.#askData(),
      k: () => this.#kick(false),
      K: () => this.#kick(true),
      ...{ escape: back, q: back, Q: back, 'ctrl-c': back },
    };
    screen.holdWhole();
    this.#pacer.ask();
    if (typed !== '') this.type(typed);
  }

  type(text: string): void {
    if (this.#line) return this.#line.feed(text);
    const looked = this.#pastes.look(withoutSequences(text));
    if (looked === 'keys') this.#keys.feed(text);
    else if (looked === 'paste') this.#tell('that looked like a paste and was ignored', true);
  }

  resized(): void {
    this.#canvas.forget();
    this.#pacer.ask();
  }

  /** How long they have been here, and what they were sent. */
  refresh(): void {
    this.#pacer.ask();
  }

  observe(activity: Activity): void {
    this.#roll.observe(activity);
    this.#pacer.ask();
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#pacer.stop();
    this.#line?.close();
    this.#keys.close();
    this.#parts.screen.release();
    this.#parts.over();
  }

  #press(name: string): void {
    // Keys that came in one piece with the one that opened a line, or closed the list.
    if (this.#isOver) return;
    if (this.#line) return this.#line.feed(name === 'return' ? '\r' : name.length === 1 ? name : '');
    if (Object.hasOwn(this.#presses, name)) {
      this.#notice = { text: '', wrong: false };
      this.#presses[name]?.();
    }
    this.#pacer.ask();
  }

  #back(): void {
    if (!this.#alone) return this.cancel();
    this.#alone = false;
  }

  #look(): void {
    if (this.#selected !== undefined) this.#alone = true;
  }

  #move(rows: number): void {
    if (this.#alone) return;
    this.#locate();
    const last = this.#roll.rows.length - 1;
    this.#index = Math.max(0, Math.min(last, this.#index + rows));
    this.#select();
  }

  /** Finds the selected client among the rows. It is not there if nobody was, or if the person has narrowed the list: then the row in its place is selected. */
  #locate(): void {
    const { rows } = this.#roll;
    const is = (index: number) => rows[index]?.client.client.id === this.#selected;
    if (this.#selected !== undefined && is(this.#index)) return;
    const found = rows.findIndex((_, index) => is(index));
    this.#index = found >= 0 ? found : Math.max(0, Math.min(rows.length - 1, this.#index));
    this.#select();
  }

  #select(): void {
    this.#selected = this.#roll.rows[this.#index]?.client.client.id;
    this.#roll.hold(this.#selected);
  }

  #kick(forever: boolean): void {
    const id = this.#present();
    if (id !== undefined) this.#tellOf(() => this.#parts.actions.kick(id, { forever }));
  }

  /** The selected client; undefined if there is none, or it has left, which is said. */
  #present(): string | undefined {
    const id = this.#selected;
    if (id === undefined || this.#parts.control.client(id)) return id;
    this.#tell(HAS_LEFT, true);
    return undefined;
  }

  #askData(): void {
    const id = this.#present();
    if (id === undefined) return;
    const { data } = this.#parts.control.defaults;
    this.#type(`to ${id} (empty: ${escapeText(data, 20)}): `, {
      changed: () => {},
      submitted: (text) => {
        this.#endLine();
        if (this.#present() === id) this.#tellOf(() => this.#parts.actions.sendToClient(id, text === '' ? data : text));
      },
      cancelled: () => this.#endLine(),
    });
  }

  #askFilter(): void {
    const before = this.#search.filter;
    this.#alone = false;
    this.#type('filter: ', {
      changed: (text) => this.#search.ask(text),
      submitted: (text) => this.#search.ask(text, () => this.#endLine()),
      cancelled: () => {
        this.#endLine();
        this.#search.ask(before);
      },
    });
  }

  #type(label: string, events: Pick<ConstructorParameters<typeof TypedLine>[0], 'changed' | 'submitted' | 'cancelled'>): void {
    const { changed } = events;
    const drawn = (text: string) => {
      changed(text);
      this.#pacer.ask();
    };
    this.#line = new TypedLine({ ...events, label, changed: drawn });
  }

  #endLine(): void {
    this.#line?.close();
    this.#line = undefined;
    this.#notice = { text: '', wrong: false };
    this.#pacer.ask();
  }

  #judged(mistake: string | undefined): void {
    if (mistake !== undefined) return this.#tell(mistake, true);
    const count = `${this.#roll.matched} of ${this.#roll.size}`;
    this.#tell(this.#line && this.#search.filter !== '' ? `matches ${count}` : '', false);
  }

  #tellOf(act: () => string | Promise<string>): void {
    // A mistake that is made at once is told like one that is made later.
    const acted = async () => act();
    acted().then(
      (answer) => this.#tell(answer, false),
      (error: unknown) => this.#tell(explain(error).line, true),
    );
  }

  #tell(text: string, wrong: boolean): void {
    this.#notice = { text, wrong };
    this.#pacer.ask();
  }

  #draw(): void {
    const { screen, paint, now } = this.#parts;
    this.#canvas.draw(frameOf(this.#view(), screen, paint, now()));
  }

  #view(): ClientView {
    const { control, screen } = this.#parts;
    const room = roomFor(screen);
    const row = (id: string) => ({ id, standing: control.client(id) });
    if (!this.#alone) this.#locate();
    const { rows } = this.#roll;
    // As little as keeps the selected row in sight, and no empty rows while there are more.
    this.#top = Math.max(this.#index - room + 1, Math.min(this.#top, this.#index, Math.max(0, rows.length - room)));
    const shown = rows.slice(this.#top, this.#top + room).map(({ client }) => row(client.client.id));
    return {
      rows: this.#alone ? [row(this.#selected ?? '')] : shown,
      selected: this.#alone ? 0 : this.#index - this.#top,
      alone: this.#alone,
      matched: this.#roll.matched,
      total: this.#roll.size,
      filter: this.#search.filter,
      field: this.#line,
      notice: this.#notice.text,
      wrong: this.#notice.wrong,
    };
  }
}
