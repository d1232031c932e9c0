import { SseError } from '../errors.ts';
import { admits, isEveryone } from '../event/audience.ts';
import { encodeControl, HEARTBEAT } from '../event/encode.ts';
import type { EventDraft } from '../event/event.ts';
import type { Client } from '../event/identity.ts';
import type { CloseReason, Observe } from './activity.ts';
import { Archive } from './archive.ts';
import { Batch, type Chunk, chunkOf, type Offer } from './batch.ts';
import { Cursor, type Place } from './cursor.ts';
import type { Appended, EventLog, Keyed, LogEntry } from './event-log.ts';
import { History, type HistoryEntry, type HistoryLimits } from './history.ts';
import { LastValues } from './last-values.ts';
import { checkOwnIds } from './own-ids.ts';
import { Past } from './past.ts';
import { Receipts } from './receipts.ts';
import { type Gap, type Position, positionId, resolve } from './resume.ts';
import type { Subscriber } from './subscriber.ts';
import { Turns } from './turns.ts';

export interface HubOptions {
  readonly log: EventLog;
  readonly history: HistoryLimits;
  /** Where a stream goes on whose cursor is no good: from the oldest entry kept, or from the head. */
  readonly onGap: 'oldest' | 'latest';
  /** Reconnection time told to every client, in ms. */
  readonly retry: number;
  /** A client that got nothing for this long gets a heartbeat, in ms. */
  readonly heartbeat: number;
  /** Streams end after this long, ± 20 % each, in ms; 0 is never. */
  readonly maxAge: number;
  readonly observe: Observe;
  /** Wall clock, ms since 1970. */
  readonly now?: () => number;
  /** Runs a function in a later turn of the event loop, after input was read. */
  readonly defer?: (turn: () => void) => void;
}

/** Where entries of the past are read: the history, or a page of the log. */
interface Source {
  /** The sequence after its last entry. */
  readonly next: number;
  at(sequence: number): HistoryEntry | undefined;
}

/** At most this many bytes are put together for one write, so that a client that stalls holds no more. A larger event goes alone. */
const CHUNK = 64 * 1024;
/** So many of them are kept for others who return from about the same place. */
const CHUNKS = 64;
/** Publishers wait while more bytes than this have not begun their way to the clients. */
const GATE = 4 * 1024 * 1024;
/** Clients that events for others pass by are told their position at most this often, in ms. */
const SWEEP = 1000;

/**
 * Fan-out in one process: one log, many cursors.
 *
 * An entry that the log hands over goes into the history and waits for the next pass. A pass takes the entries that
 * wait, makes their bytes once, and writes them to every client that is live. Whoever is not live (full, or resuming)
 * has a position and reads the same bytes from the history. A cursor moves between the two only while no pass runs,
 * when all live clients stand at the same entry: so there is no gap and no double.
 */
export class Hub {
  /** How often `beat` wants to be called, in ms. */
  readonly beatInterval: number;
  /** The past, to look at and to redact. */
  readonly archive: Archive;
  readonly #options: HubOptions;
  readonly #log: EventLog;
  #history: History;
  readonly #past: Past;
  readonly #lastValues = new LastValues();
  readonly #now: () => number;

  readonly #cursors: Record<Exclude<Place, 'gone'>, Set<Cursor>> = {
    live: new Set(),
    ready: new Set(),
    blocked: new Set(),
    reading: new Set(),
  };
  #offers: Offer[] = [];
  #offeredBytes = 0;
  /** Between passes, all live cursors have been sent what is for them up to here. */
  #at: number;
  /** The last entry of the pass that runs; `#at` while none does. Up to here, `next = 0` of other cursors holds. */
  #reach: number;
  /** The head when this hub began. */
  readonly #first: number;
  #swept: number;
  #sweptTime = 0;
  #beats = 0;
  #beatDue = false;

  #stopping = false;
  readonly #receipts: Receipts;
  readonly #appending = new Set<Promise<unknown>>();
  readonly #turns: Turns;
  #atGate: (() => void)[] = [];
  /** What was last put together for clients that are behind, by first and next sequence: those that return together share it. */
  readonly #chunks = new Map<string, Chunk>();

  constructor(options: HubOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#now = options.now ?? Date.now;
    this.#turns = new Turns(() => this.#work(), options.defer ?? ((turn) => void setImmediate(turn)));
    this.#receipts = new Receipts(this.#now);
    this.beatInterval = Math.min(1000, options.heartbeat / 4);
    this.#at = this.#reach = this.#swept = this.#first = options.log.head;
    this.#history = new History(options.history, this.#at + 1);
    this.#past = new Past(this.#log, { loaded: () => this.#resumeReading(), failed: (error) => this.#endReading(error) });
    this.archive = new Archive({ log: this.#log, ring: () => this.#history, redacted: (sequences) => this.#redacted(sequences) });
    this.#log.follow((entry) => this.#offer(entry));
  }

  /** Takes what a durable log holds into the history again. To be awaited before the first client. */
  async refill(): Promise<void> {
    const { events } = this.#options.history;
    const { head, oldest } = this.#log;
    for (let next = Math.max(oldest, head - events + 1); next <= head; ) {
      const page = await this.#log.read(next);
      for (const entry of page.entries) {
        // The history has no holes: after a damaged entry it begins anew.
        if (entry.sequence !== this.#history.newest + 1) this.#history = new History(this.#options.history, entry.sequence);
        this.#history.append(entry);
      }
      next = page.next;
    }
    if (this.#history.newest !== head) this.#history = new History(this.#options.history, head + 1);
    await this.#log.recall({
      receipt: (receipt) => this.#receipts.restore(receipt),
      latest: (entry) => this.#lastValues.add(entry, oldest, false),
    });
  }

  /** Looks up what `since` means where the history does not reach back so far. */
  async locate(position: Position): Promise<Position> {
    const { since } = position;
    if (typeof since !== 'number' || this.#log.oldest >= this.#history.oldest) return position;
    if ((this.#history.at(this.#history.oldest)?.time ?? Infinity) < since) return position;
    return { ...position, first: await this.#log.since(since) };
  }

  get size(): number {
    const { live, ready, blocked, reading } = this.#cursors;
    return live.size + ready.size + blocked.size + reading.size;
  }

  /** Events that entered the log since the start. */
  get events(): number {
    return this.#history.newest - this.#first;
  }

  /** Everything that is kept for replay, as two numbers. */
  get history(): { readonly events: number; readonly bytes: number } {
    return { events: this.#history.size, bytes: this.#history.bytes };
  }

  *clients(): Generator<Cursor> {
    for (const cursors of Object.values(this.#cursors)) yield* cursors;
  }

  /**
   * Puts events into the log, all or none and next to each other; by the time this settles they are there, and on their
   * way to the `matched` clients.
   * @param source where they came from, for the log: `http`, `terminal`, `library`
   * @param key publishing the same under the same key again is the same as having done it once
   */
  publish(drafts: readonly EventDraft[], source: string, key?: string): Promise<readonly Appended[]> {
    if (key === undefined) return this.#publish(drafts, source);
    return this.#receipts.once(key, drafts, (keyed) => this.#publish(drafts, source, keyed));
  }

  async #publish(drafts: readonly EventDraft[], source: string, keyed?: Keyed): Promise<readonly Appended[]> {
    while (this.#offeredBytes > GATE) await new Promise<void>((open) => this.#atGate.push(open));
    if (this.#stopping) throw new SseError('stopping', 'the server is stopping; nothing was published');
    checkOwnIds(drafts, (ownId) => this.#history.holds(ownId));
    const appending = this.#log.append(drafts, keyed);
    this.#appending.add(appending);
    const answers = await appending.finally(() => this.#appending.delete(appending));
    for (const [index, answer] of answers.entries()) {
      const { type, data } = (drafts[index] as EventDraft).event;
      this.#options.observe({ kind: 'broadcast', ...answer, type, size: data.length, source });
    }
    return answers;
  }

  /** How many attached clients a draft would be for, without publishing it. */
  count(draft: EventDraft): number {
    if (isEveryone(draft.audience)) return this.size;
    return this.#select(draft).size;
  }

  /**
   * Attaches a client: tells it where it stands, and from then on every entry after that position that is for it.
   * One synchronous step, so nothing is published between reading the position and joining.
   */
  attach(subscriber: Subscriber, client: Client, position: Position = {}): Cursor {
    const time = this.#now();
    this.#history.trim(time);
    const { maxAge, onGap, retry, observe } = this.#options;
    const { from, gap } = resolve(position, { epochs: this.#log.epochs, history: this.#history, oldest: this.#oldest, onGap });
    const lifetime = maxAge > 0 ? Math.ceil((maxAge * (0.8 + 0.4 * Math.random())) / this.beatInterval) : Infinity;
    const cursor = new Cursor(this, {
      client,
      subscriber,
      next: from + 1,
      sent: from,
      attachedAt: this.#history.newest,
      wroteAt: this.#beats,
      expiresAt: this.#beats + lifetime,
      since: time,
    });
    this.#cursors.ready.add(cursor);
    observe({ kind: 'opened', client, clients: this.size });
    if (gap) observe({ kind: 'gap', client, requested: gap.requested, reason: gap.reason, missed: gap.missed });

    const id = positionId(from, this.#log.epochs);
    const { authenticated, profile } = client;
    const opening = gap
      ? encodeControl(id, 'sse.gap', gap, retry)
      : encodeControl(id, 'sse.open', { client: client.client.id, authenticated, profile }, retry);
    if (this.#write(cursor, opening)) this.#settle(cursor);
    else this.#move(cursor, 'blocked');
    return cursor;
  }

  drained(cursor: Cursor): void {
    if (cursor.place !== 'blocked') return;
    cursor.next ||= this.#reach + 1;
    this.#move(cursor, 'ready');
    this.#settle(cursor);
  }

  end(cursor: Cursor, reason: CloseReason, retry?: number): void {
    if (cursor.place === 'gone') return;
    // A client that is full would get its goodbye behind what it cannot take; it is told by the gap when it returns.
    if (reason !== 'slow') this.#write(cursor, encodeControl(this.#positionOf(cursor), 'sse.bye', { reason }, retry));
    this.detach(cursor, reason);
    cursor.subscriber.end(reason);
  }

  detach(cursor: Cursor, reason: CloseReason): void {
    if (cursor.place === 'gone') return;
    this.#cursors[cursor.place].delete(cursor);
    cursor.place = 'gone';
    const { client, events, bytes, since } = cursor;
    const duration = this.#now() - since;
    this.#options.observe({ kind: 'closed', client, clients: this.size, reason, duration, events, bytes });
  }

  /** Heartbeats, positions, ages: to be called every `beatInterval` ms. */
  beat(): void {
    this.#beatDue = true;
    this.#turns.schedule();
  }

  /** What an accepted event survives. */
  get durability(): EventLog['durability'] {
    return this.#log.durability;
  }

  /** Whether events are accepted: neither stopping, nor a log that cannot keep them. */
  get accepts(): boolean {
    return !this.#stopping && this.#log.writable;
  }

  /**
   * Stops: nothing more is accepted, what was accepted is sent, then every client gets a reconnection time of its own
   * and `sse.bye`, in paced slices that take at most half the given time.
   */
  async drain(drainTime: number): Promise<void> {
    this.#stopping = true;
    await Promise.allSettled(this.#appending);
    await this.#turns.idle();
    const pause = 20;
    const slice = Math.max(250, Math.ceil((this.size * pause * 2) / Math.max(drainTime, pause)));
    let ended = 0;
    for (const cursor of [...this.clients()]) {
      // Between one and three times the usual, so that they do not come back all at once.
      this.end(cursor, 'shutdown', Math.round(this.#options.retry * (1 + 2 * Math.random())));
      if (++ended % slice === 0) await new Promise((resume) => setTimeout(resume, pause));
    }
  }

  /** Closes the log; everything accepted is safe then. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#appending);
    await this.#log.close();
  }

  /** The listener of the log. What it answers is how many clients the entry is for. */
  #offer(entry: LogEntry): number {
    const kept = this.#history.append(entry);
    if (entry.replay) this.#lastValues.add(entry, this.#oldest, this.#cursors.live.size < this.size);
    const chosen = isEveryone(entry.audience) ? undefined : this.#select(entry);
    this.#offers.push(chosen ? { entry: kept, chosen } : { entry: kept });
    this.#offeredBytes += kept.bytes.length;
    this.#turns.schedule();
    return chosen ? chosen.size : this.size;
  }

  #select({ audience }: EventDraft): Set<Cursor> {
    const chosen = new Set<Cursor>();
    let failure: { error: unknown } | undefined;
    const onError = (error: unknown): void => {
      failure ??= { error };
    };
    for (const cursor of this.clients()) if (admits(audience, cursor.client, true, onError)) chosen.add(cursor);
    if (failure)
      this.#options.observe({ kind: 'failed', what: 'an audience function threw; it matched nobody then', error: failure.error });
    return chosen;
  }

  /** All that is due: passes and catching up take turns, so that neither waits for the other for ever. */
  *#work(): Generator<void, void> {
    while (this.#beatDue || this.#offers.length > 0 || this.#cursors.ready.size > 0) {
      if (this.#offers.length > 0) yield* this.#pass(this.#takeBatch());
      yield* this.#catchUp();
      if (this.#beatDue) yield* this.#beat();
      else if (this.#sweepDue()) yield* this.#sweep();
    }
  }

  #takeBatch(): Batch {
    let bytes = 0;
    let count = 0;
    for (const { entry } of this.#offers) {
      if (count > 0 && bytes + entry.bytes.length > CHUNK) break;
      bytes += entry.bytes.length;
      count++;
    }
    const batch = new Batch(count === this.#offers.length ? this.#offers : this.#offers.slice(0, count));
    this.#offers = this.#offers.slice(count);
    this.#offeredBytes -= bytes;
    for (const open of this.#atGate.splice(0)) open();
    return batch;
  }

  *#pass(batch: Batch): Generator<void, void> {
    this.#reach = batch.last;
    for (const cursor of this.#cursors.blocked) cursor.next ||= batch.firstFor(cursor);
    this.#endOvertaken();
    for (const cursor of batch.recipients(this.#cursors.live)) {
      if (cursor.place !== 'live') continue;
      const chunk = batch.chunkFor(cursor);
      if (chunk && !this.#writeChunk(cursor, chunk)) {
        cursor.next = 0;
        this.#move(cursor, 'blocked');
      }
      yield;
    }
    this.#at = batch.last;
  }

  /** A blocked client whose next entry can be read nowhere any more can never have it. */
  #endOvertaken(): void {
    const oldest = this.#oldest;
    for (const cursor of this.#cursors.blocked) if (cursor.next !== 0 && cursor.next < oldest) this.end(cursor, 'slow');
  }

  /** One chunk for everyone who is behind and writable now; who drains meanwhile has the next turn, after the next pass. */
  *#catchUp(): Generator<void, void> {
    for (const cursor of [...this.#cursors.ready]) {
      if (cursor.place === 'ready') yield* this.#advance(cursor);
      yield;
    }
  }

  /** Sends a cursor the next chunk that is for it. Runs between passes only. */
  *#advance(cursor: Cursor): Generator<void, void> {
    if (cursor.next > this.#at) return this.#settle(cursor);
    if (cursor.next < this.#oldest) return this.end(cursor, 'slow'); // Overtaken: publishing was faster than its reading.
    const source = cursor.next < this.#history.oldest ? this.#past.page(cursor.next) : this.#history;
    if (!source) return this.#move(cursor, 'reading');
    const first = cursor.next;
    const end = Math.min(this.#at + 1, source.next);
    const entries: HistoryEntry[] = [];
    let bytes = 0;
    let next = first;
    for (; next < end; next++) {
      const entry = source.at(next);
      // What is missing is told of on its own, before anything newer.
      if (!entry && entries.length > 0) break;
      if (!entry) return this.#skip(cursor, source, end);
      const isLive = next > cursor.attachedAt;
      let isFor = admits(entry.audience, cursor.client, isLive);
      if (isFor && !isLive && entry.replay) isFor = !(yield* this.#lastValues.withholds(entry, cursor, this.#now()));
      if (isFor) {
        // Stops at the first entry that is for it and doesn't fit: that is exactly its next one.
        if (bytes > 0 && bytes + entry.bytes.length > CHUNK) break;
        entries.push(entry);
        bytes += entry.bytes.length;
      }
      if ((next - first) % 16 === 15) yield;
    }
    if (cursor.place !== 'ready') return;
    cursor.next = next;
    const chunk = this.#chunkOf(entries, first, next);
    if (!chunk || this.#writeChunk(cursor, chunk)) return this.#settle(cursor);
    // Those that wait for a pass and came before it attached were not offered to it: its position stays with them.
    if (next > Math.max(this.#at, cursor.attachedAt)) cursor.next = 0;
    this.#move(cursor, 'blocked');
  }

  /** Tells a client of entries that are damaged, and goes on behind them. */
  #skip(cursor: Cursor, source: Source, end: number): void {
    if (cursor.place !== 'ready') return;
    // Not damaged, but evicted since it was chosen as the place to read: the next turn looks elsewhere.
    if (source === this.#history && cursor.next < this.#history.oldest) return;
    const first = cursor.next;
    let next = first + 1;
    while (next < end && !source.at(next)) next++;
    const { epochs } = this.#log;
    const [requested, from] = [positionId(first - 1, epochs), positionId(next - 1, epochs)];
    const gap: Gap = { requested, from, missed: next - first, reason: 'corrupt' };
    this.#options.observe({ kind: 'gap', client: cursor.client, requested, reason: gap.reason, missed: gap.missed });
    cursor.next = next;
    cursor.sent = next - 1;
    if (this.#write(cursor, encodeControl(from, 'sse.gap', gap))) return this.#settle(cursor);
    if (next > Math.max(this.#at, cursor.attachedAt)) cursor.next = 0;
    this.#move(cursor, 'blocked');
  }

  /** The oldest entry that can be replayed, from the history or from the log. */
  get #oldest(): number {
    return Math.min(this.#history.oldest, this.#log.oldest);
  }

  #redacted(sequences: readonly number[]): void {
    this.#lastValues.redact(sequences);
    this.#chunks.clear();
    this.#past.renew();
  }

  #resumeReading(): void {
    for (const cursor of [...this.#cursors.reading]) this.#move(cursor, 'ready');
    this.#turns.schedule();
  }

  #endReading(error: unknown): void {
    this.#options.observe({ kind: 'failed', what: 'reading the past from the store', error });
    for (const cursor of [...this.#cursors.reading]) this.end(cursor, 'error');
  }

  #chunkOf(entries: readonly HistoryEntry[], first: number, next: number): Chunk | undefined {
    if (entries.length < next - first) return chunkOf(entries);
    const key = `${first}-${next}`;
    const known = this.#chunks.get(key);
    if (known) return known;
    const chunk = chunkOf(entries);
    const [eldest] = this.#chunks.size < CHUNKS ? [] : this.#chunks.keys();
    if (eldest !== undefined) this.#chunks.delete(eldest);
    if (chunk) this.#chunks.set(key, chunk);
    return chunk;
  }

  /**
   * A writable cursor that has all up to where the live ones are becomes one of them, once nothing waits for the next
   * pass that came before it attached: that is replay for it, and is read from the history by the rules of a replay.
   */
  #settle(cursor: Cursor): void {
    const level = this.#reach === this.#at && cursor.next === this.#at + 1 && cursor.next > cursor.attachedAt;
    if (level) this.#move(cursor, 'live');
    else this.#turns.schedule();
  }

  *#beat(): Generator<void, void> {
    this.#beatDue = false;
    const beat = ++this.#beats;
    const due = Math.ceil(this.#options.heartbeat / this.beatInterval);
    this.#chunks.clear();
    if (this.#cursors.reading.size === 0 && this.#cursors.ready.size === 0) this.#past.forget();
    this.#history.trim(this.#now());
    this.#endOvertaken();
    if (this.#sweepDue()) yield* this.#sweep();
    for (const cursor of this.clients()) if (beat >= cursor.expiresAt) this.end(cursor, 'max-age');
    for (const cursor of this.#cursors.live) {
      if (beat - cursor.wroteAt > due) this.#tell(cursor);
      yield;
    }
  }

  /**
   * A live client that only events for others passed by keeps an old id. Before that id leaves the history, the client
   * is told its position, or its next reconnect would be called a gap.
   */
  #sweepDue(): boolean {
    const { oldest, size, evicted } = this.#history;
    return evicted && this.#swept < oldest - 1 + size / 2 && this.#now() - this.#sweptTime >= SWEEP;
  }

  *#sweep(): Generator<void, void> {
    this.#swept = this.#at;
    this.#sweptTime = this.#now();
    for (const cursor of this.#cursors.live) {
      if (cursor.sent < this.#at) this.#tell(cursor);
      yield;
    }
  }

  /** A sign of life; for a client whose last id is behind its position, one that carries the position. */
  #tell(cursor: Cursor): void {
    let frame = HEARTBEAT;
    if (cursor.sent < this.#at) {
      frame = encodeControl(positionId(this.#at, this.#log.epochs), 'sse.cursor');
      cursor.sent = this.#at;
    }
    if (this.#write(cursor, frame)) return;
    cursor.next = 0;
    this.#move(cursor, 'blocked');
  }

  /** The id up to which a client has been sent everything that is for it. While a pass runs it may be lower than need be, never higher. */
  #positionOf(cursor: Cursor): string {
    const behind = cursor.next === 0 ? this.#reach : cursor.next - 1;
    return positionId(cursor.place === 'live' ? Math.max(cursor.sent, this.#at) : behind, this.#log.epochs);
  }

  #writeChunk(cursor: Cursor, chunk: Chunk): boolean {
    cursor.events += chunk.events;
    cursor.sent = chunk.last;
    return this.#write(cursor, chunk.bytes);
  }

  #write(cursor: Cursor, bytes: Uint8Array): boolean {
    cursor.bytes += bytes.length;
    cursor.wroteAt = this.#beats;
    return cursor.subscriber.write(bytes);
  }

  #move(cursor: Cursor, place: Exclude<Place, 'gone'>): void {
    if (cursor.place === 'gone') return;
    this.#cursors[cursor.place].delete(cursor);
    cursor.place = place;
    this.#cursors[place].add(cursor);
  }
}
