import type { ServerResponse } from 'node:http';
import type { Activity } from '../hub/activity.ts';
import type { Cursor } from '../hub/cursor.ts';
import type { Hub } from '../hub/hub.ts';
import { clientView, identityView } from './client-view.ts';
import { STREAM_HEADERS } from './event-stream.ts';
import type { Handler } from './exchange.ts';

/** Clients that one event of a snapshot names. */
const CHUNK = 200;
/** Whoever lets more than this pile up is cut: it comes back to a new snapshot. In bytes. */
const MAX_BEHIND = 4 * 1024 * 1024;
/** What happens within this time is told in one write, in ms: at a thousand events a second, writes would cost more than events. */
const PACE = 25;
/** How often numbers are told, in ms. */
const VITALS_PACE = 1000;
/** A comment after so much silence, in ms. */
const HEARTBEAT = 15_000;

/** What happens in the server, told to those who look on: `GET /admin/events`. */
export class Feed {
  readonly #hub: Hub;
  readonly #vitals: () => object;
  readonly #onlookers = new Set<Onlooker>();
  /** What is to be told next. */
  #text = '';
  #vitalsTimer: NodeJS.Timeout | undefined;

  /** @param vitals how things stand, in numbers; asked once a second while somebody looks on */
  constructor(hub: Hub, vitals: () => object) {
    this.#hub = hub;
    this.#vitals = vitals;
  }

  /** Takes in what happens; costs nothing while nobody looks on. */
  observe(activity: Activity): void {
    if (this.#onlookers.size === 0) return;
    const told = tellable(activity);
    if (!told) return;
    if (this.#text === '') setTimeout(() => this.#flush(), PACE).unref();
    this.#text += frame(activity.kind === 'closed' ? 'left' : activity.kind === 'opened' ? 'joined' : activity.kind, told);
  }

  /** Begins with a snapshot of who is there, in one or more events; what happens after that moment follows. So no client falls between the two. */
  readonly handler: Handler = ({ res, headers }) => {
    this.#flush();
    res.writeHead(200, { ...STREAM_HEADERS, connection: 'keep-alive', ...headers });
    const onlooker = new Onlooker(res, snapshot(this.#hub));
    this.#onlookers.add(onlooker);
    onlooker.tell(frame('stats', this.#vitals()));
    this.#vitalsTimer ??= setInterval(() => this.#tellVitals(), VITALS_PACE).unref();
    res.once('close', () => this.#leave(onlooker));
  };

  /** Ends all, at the end. */
  close(): void {
    this.#flush();
    for (const onlooker of this.#onlookers) onlooker.end();
  }

  #leave(onlooker: Onlooker): void {
    this.#onlookers.delete(onlooker);
    if (this.#onlookers.size > 0) return;
    clearInterval(this.#vitalsTimer);
    this.#vitalsTimer = undefined;
  }

  #tellVitals(): void {
    // After what has happened before, so that nobody reads a number of clients that the list is behind of.
    this.#flush();
    const text = frame('stats', this.#vitals());
    for (const onlooker of this.#onlookers) onlooker.tell(text);
  }

  #flush(): void {
    const text = this.#text;
    this.#text = '';
    if (text !== '') for (const onlooker of this.#onlookers) onlooker.tell(text);
  }
}

/** One who looks on. */
class Onlooker {
  readonly #res: ServerResponse;
  readonly #timer: NodeJS.Timeout;
  /** What waits until the snapshot has been told. */
  #waiting: string[] | undefined = [];
  #behind = 0;

  constructor(res: ServerResponse, first: Generator<string, void>) {
    this.#res = res;
    res.setTimeout(0);
    this.#timer = setInterval(() => this.#write(': hb\n'), HEARTBEAT);
    this.#timer.unref();
    res.once('close', () => clearInterval(this.#timer));
    void this.#begin(first);
  }

  tell(text: string): void {
    if (!this.#waiting) return this.#write(text);
    this.#waiting.push(text);
    this.#behind += text.length;
    if (this.#behind > MAX_BEHIND) this.#res.destroy();
  }

  end(): void {
    this.#res.end();
  }

  /** As fast as it is taken, and no more of it in memory than that. */
  async #begin(first: Generator<string, void>): Promise<void> {
    for (const text of first) {
      if (this.#res.destroyed || this.#res.writableEnded) return;
      if (!this.#res.write(text)) await this.#room();
      // Making it takes a while for many clients.
      await new Promise((resume) => setImmediate(resume));
    }
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const text of waiting) this.#write(text);
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      const settle = () => {
        this.#res.off('drain', settle).off('close', settle);
        resolve();
      };
      this.#res.on('drain', settle).on('close', settle);
    });
  }

  #write(text: string): void {
    if (this.#res.destroyed || this.#res.writableEnded) return;
    this.#res.write(text);
    if (this.#res.writableLength > MAX_BEHIND) this.#res.destroy();
  }
}

/** Who is there at this moment. A client that goes or renews while it is told is told of again, after it. */
function* snapshot(hub: Hub): Generator<string, void> {
  const cursors: Cursor[] = [...hub.clients()];
  for (let i = 0; i < cursors.length; i += CHUNK)
    yield frame('snapshot', { clients: cursors.slice(i, i + CHUNK).map((cursor) => clientView(hub, cursor)) });
  yield frame('ready', { clients: cursors.length });
}

/** What is told of an activity; undefined for what is nobody's business but the log's. */
function tellable(activity: Activity): object | undefined {
  const { kind } = activity;
  if (kind === 'opened') return { ...identityView(activity.client), clients: activity.clients };
  if (kind === 'renewed') return identityView(activity.client);
  if (kind === 'closed') {
    const { client, clients, reason, duration, events, bytes } = activity;
    return { client: client.client.id, clients, reason, duration, events, bytes };
  }
  if (kind === 'gap') {
    const { client, reason, requested, missed } = activity;
    return { client: client.client.id, reason, requested, missed };
  }
  if (kind === 'failed') return { what: activity.what };
  const { kind: _kind, ...told } = activity;
  return told;
}

function frame(type: string, data: object): string {
  return `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}
