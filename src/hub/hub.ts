import { SseError } from '../errors.ts';
import { type Audience, isEveryone } from '../event/audience.ts';
import { encodeControl } from '../event/encode.ts';
import type { EventDraft } from '../event/event.ts';
import type { Client } from '../event/identity.ts';
import type { CloseReason } from './activity.ts';
import { Archive } from './archive.ts';
import type { Batch } from './batch.ts';
import { CatchUp } from './catch-up.ts';
import { Cursor } from './cursor.ts';
import { Deliveries } from './deliveries.ts';
import type { Appended, EventLog, Keyed, LogEntry } from './event-log.ts';
import { History, type HistoryEntry } from './history.ts';
import type { HubOptions } from './hub-options.ts';
import { LastValues } from './last-values.ts';
import { Leaving } from './leaving.ts';
import { type Meter, UNMEASURED } from './meter.ts';
import { Offers } from './offers.ts';
import { checkOwnIds } from './own-ids.ts';
import { Pulse } from './pulse.ts';
import { Receipts } from './receipts.ts';
import { refill } from './refill.ts';
import { ReplayPace } from './replay-pace.ts';
import { type Position, positionId, resolve } from './resume.ts';
import { Roster } from './roster.ts';
import { Standing } from './standing.ts';
import { locate } from './start.ts';
import type { Subscriber } from './subscriber.ts';
import { Term } from './term.ts';
import { inSlices, Turns } from './turns.ts';

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
  /** How far events have got with those they were for. */
  readonly deliveries: Deliveries;
  /** The past, to look at and to redact. */
  readonly archive: Archive;
  readonly #options: HubOptions;
  readonly #log: EventLog;
  readonly #now: () => number;
  readonly #elapsed: () => number;
  readonly #meter: Meter;
  readonly #defer: (turn: () => void) => void;
  readonly #history: History;
  readonly #lastValues = new LastValues();
  readonly #receipts: Receipts;

  readonly #standing: Standing;
  readonly #roster: Roster;
  readonly #offers: Offers;
  readonly #catchUp: CatchUp;
  readonly #leaving: Leaving;
  readonly #pulse: Pulse;
  readonly #turns: Turns;
  #beatDue = false;
  /** Cursors so far. */
  #attached = 0;

  /** The head when this hub began. */
  readonly #first: number;
  readonly #appending = new Set<Promise<unknown>>();
  #stopping = false;

  constructor(options: HubOptions) {
    const { log, observe, now = Date.now, elapsed = () => performance.now(), meter = UNMEASURED } = options;
    this.#options = options;
    this.#log = log;
    this.#now = now;
    this.#elapsed = elapsed;
    this.#meter = meter;
    this.#first = log.head;
    this.#history = new History(options.history, log.head + 1);
    this.#receipts = new Receipts(now);
    this.#defer = options.defer ?? ((turn) => void setImmediate(turn));
    this.#turns = new Turns(() => this.#work(), this.#defer);
    const schedule = () => this.#turns.schedule();
    const end = (cursor: Cursor, reason: CloseReason) => this.end(cursor, reason);
    this.#standing = new Standing(log.head, { schedule, meter, elapsed, watch: () => this.#pulse });
    this.#offers = new Offers(elapsed);
    this.#roster = new Roster((error) =>
      observe({ kind: 'failed', what: 'an audience function threw; it matched nobody then', error }),
    );
    const shared = { standing: this.#standing, history: this.#history, meter, now, end };
    const pace = new ReplayPace({ rate: () => options.replayRate ?? 0, elapsed });
    const oldest = () => this.#oldest;
    this.#catchUp = new CatchUp({ ...shared, log, lastValues: this.#lastValues, pace, observe, oldest, schedule });
    this.#pulse = new Pulse({ ...shared, epochs: log.epochs, times: options, elapsed });
    this.beatInterval = this.#pulse.interval;
    this.deliveries = new Deliveries({ standing: this.#standing, history: this.#history, defer: this.#defer });
    this.#leaving = new Leaving({
      ...shared,
      roster: this.#roster,
      deliveries: this.deliveries,
      epochs: log.epochs,
      observe,
      retry: () => options.retry,
    });
    this.archive = new Archive({ log, ring: this.#history, redacted: (sequences) => this.#redacted(sequences) });
    log.follow((entry) => this.#offer(entry));
  }

  /** Takes in what a durable log holds of former openings. To be awaited before the first client. */
  refill(): Promise<void> {
    const { events } = this.#options.history;
    return refill(this.#log, events, { history: this.#history, receipts: this.#receipts, lastValues: this.#lastValues });
  }

  /** Looks up where a position is that is a time, or a number of events back. To be awaited before `attach`. */
  locate(position: Position, client: Client): Promise<Position> {
    return locate(position, client, { log: this.#log, history: this.#history, lastValues: this.#lastValues, now: this.#now });
  }

  get size(): number {
    return this.#standing.size;
  }

  /** How many clients wait for their share of the replay rate. */
  get held(): number {
    return this.#catchUp.held;
  }

  /** How many clients stand where. */
  get places(): Standing['places'] {
    return this.#standing.places;
  }

  /** Events that entered the log since the start. */
  get events(): number {
    return this.#history.newest - this.#first;
  }

  /** Everything that is kept for replay, as two numbers. */
  get history(): { readonly events: number; readonly bytes: number } {
    return { events: this.#history.size, bytes: this.#history.bytes };
  }

  clients(): Generator<Cursor> {
    return this.#standing.all();
  }

  /**
   * Puts events into the log, all or none and next to each other; by the time this settles they are there, and on their
   * way to the `matched` clients.
   * @param source where they came from, for the log: `http`, `terminal`, `library`
   * @param key publishing the same under the same key again is the same as having done it once
   * @param requestId what names the HTTP request, for the log
   */
  publish(drafts: readonly EventDraft[], source: string, key?: string, requestId?: string): Promise<readonly Appended[]> {
    const from = { source, ...(requestId !== undefined && { requestId }) };
    if (key === undefined) return this.#publish(drafts, from);
    return this.#receipts.once(key, drafts, (keyed) => this.#publish(drafts, from, keyed));
  }

  async #publish(drafts: readonly EventDraft[], from: { source: string }, keyed?: Keyed): Promise<readonly Appended[]> {
    while (this.#offers.full) await this.#offers.room();
    if (this.#stopping) throw new SseError('stopping', 'the server is stopping; nothing was published');
    checkOwnIds(drafts, (ownId) => this.#history.holds(ownId));
    const appending = this.#log.append(drafts, keyed);
    this.#appending.add(appending);
    const answers = await appending.finally(() => this.#appending.delete(appending));
    for (const [index, answer] of answers.entries()) {
      const { type, data } = (drafts[index] as EventDraft).event;
      this.#options.observe({ kind: 'broadcast', ...answer, type, size: data.length, ...from });
    }
    return answers;
  }

  /** Whom of the attached clients an audience has now. */
  find(audience: Audience): Promise<ReadonlySet<Cursor>> {
    return inSlices(this.#roster.select(audience, this.#history.newest), this.#defer);
  }

  /** A client by the id of its connection. */
  get(client: string): Cursor | undefined {
    return this.#roster.get(client);
  }

  /** Whether an id is one that a client was sent, or where its stream began. */
  hasSent(cursor: Cursor, id: string): boolean {
    const sequence = this.archive.sequenceOf(id);
    return sequence !== undefined && sequence <= cursor.sent && sequence > cursor.attachedAt - cursor.missed - 1;
  }

  /** Where a client stands: the last id that it was sent, and how many entries the log has beyond what it has seen. */
  standOf(cursor: Cursor): { readonly lastEventId: string; readonly behind: number } {
    const behind = Math.max(0, this.#history.newest - this.#standing.positionOf(cursor));
    return { lastEventId: positionId(cursor.sent, this.#log.epochs), behind };
  }

  /**
   * Attaches a client: tells it where it stands, and from then on every entry after that position that is for it.
   * One synchronous step, so nothing is published between reading the position and joining.
   * @param expiresAt when its credential ends, in ms since 1970; undefined is never
   */
  attach(subscriber: Subscriber, client: Client, position: Position = {}, expiresAt?: number): Cursor {
    const time = this.#now();
    this.#history.trim(time);
    const { maxAge, onGap, retry, observe } = this.#options;
    const { epochs } = this.#log;
    const { from, gap } = resolve(position, { epochs, history: this.#history, oldest: this.#oldest, onGap });
    const cursor = new Cursor(this, {
      client,
      subscriber,
      serial: ++this.#attached,
      next: from + 1,
      sent: from,
      attachedAt: this.#history.newest,
      pastOnly: position.pastOnly ?? false,
      wroteAt: this.#standing.beatTime,
      term: new Term(maxAge > 0 ? this.#elapsed() + maxAge * (0.8 + 0.4 * Math.random()) : Infinity, this.#deadline(expiresAt)),
      since: time,
    });
    this.#standing.join(cursor);
    this.#roster.add(cursor);
    observe({ kind: 'opened', client, clients: this.size });
    if (gap) observe({ kind: 'gap', client, requested: gap.requested, reason: gap.reason, missed: gap.missed });

    const { authenticated, profile } = client;
    const opening = gap
      ? encodeControl(positionId(from, epochs), 'sse.gap', gap, retry)
      : encodeControl(positionId(from, epochs), 'sse.open', { client: client.client.id, authenticated, profile }, retry);
    if (this.#standing.write(cursor, opening)) this.#standing.settle(cursor);
    else {
      cursor.flushed = from;
      this.#standing.move(cursor, 'blocked');
    }
    return cursor;
  }

  /** A client has shown who it is anew: from now on it is judged by that, also for what it is behind with. */
  renew(cursor: Cursor, client: Client, expiresAt?: number): void {
    if (cursor.place === 'gone') return;
    this.#roster.delete(cursor);
    cursor.client = client;
    this.#roster.add(cursor);
    cursor.term.extend(this.#deadline(expiresAt));
    this.#pulse.watch(cursor);
    this.#options.observe({ kind: 'renewed', client });
  }

  /** A time of the wall clock, which is looked at once, as one of the clock that streams are timed by. */
  #deadline(expiresAt: number | undefined): number {
    return expiresAt === undefined ? Infinity : this.#elapsed() + expiresAt - this.#now();
  }

  drained(cursor: Cursor): void {
    if (cursor.place !== 'blocked') return;
    this.#standing.unblock(cursor);
    this.deliveries.change();
  }

  end(cursor: Cursor, reason: CloseReason): void {
    this.#leaving.end(cursor, reason);
  }

  /**
   * Ends a stream because somebody wants that.
   * @param detail what its client is told of why
   * @param forever asks its client not to come back. It is a courtesy: a client that asks by another id is let in
   */
  kick(cursor: Cursor, goodbye: { readonly detail?: string; readonly forever: boolean }): void {
    this.#leaving.end(cursor, 'kicked', goodbye);
  }

  detach(cursor: Cursor, reason: CloseReason, vanished = false): void {
    this.#leaving.detach(cursor, reason, vanished);
  }

  /** Heartbeats, positions, ages, stalls: to be called every `beatInterval` ms. */
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
    await this.#leaving.endAll(drainTime);
  }

  /** Ends at once, in the midst of whatever goes on; clients are told so, as far as they take it. */
  abandon(): void {
    this.#stopping = true;
    this.#leaving.abandonAll();
  }

  /** Closes the log; everything accepted is safe then. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#appending);
    await this.#log.close();
  }

  /** The listener of the log. What it answers is how many clients the entry is for. */
  #offer(entry: LogEntry): number | Promise<number> {
    const kept = this.#history.append(entry);
    if (entry.replay) this.#lastValues.add(entry, this.#oldest, this.#standing.live.size < this.size);
    this.#turns.schedule();
    // Whoever attaches from now on has it as a replay.
    if (isEveryone(entry.audience)) {
      this.#offers.add(kept);
      kept.matched = this.size;
      return this.size;
    }
    const matched = this.#offers.addFor(kept, this.#roster.select(entry.audience, entry.sequence - 1));
    const know = (count: number): number => {
      kept.matched = count;
      return count;
    };
    return typeof matched === 'number' ? know(matched) : matched.then(know);
  }

  /** All that is due: passes and catching up take turns, so that neither waits for the other for ever. */
  *#work(): Generator<void, void> {
    while (this.#beatDue || this.#offers.size > 0 || this.#standing.ready.size > 0) {
      if (this.#offers.size > 0) yield* this.#pass(yield* this.#offers.take());
      yield* this.#catchUp.run();
      if (this.#beatDue) yield* this.#beat();
      else if (this.#pulse.sweepDue) yield* this.#pulse.sweep();
    }
    this.deliveries.change();
  }

  *#pass(batch: Batch): Generator<void, void> {
    const standing = this.#standing;
    standing.reach = batch.last;
    for (const cursor of standing.blocked) cursor.next ||= batch.firstFor(cursor);
    this.#endOvertaken();
    let reached = false;
    for (const cursor of batch.recipients(standing.live)) {
      if (cursor.place !== 'live') continue;
      const chunk = batch.chunkFor(cursor);
      reached = true;
      if (chunk && !standing.writeChunk(cursor, chunk)) standing.block(cursor);
      yield;
    }
    standing.at = batch.last;
    if (!reached) return;
    const time = this.#elapsed();
    for (const { since } of batch.offers) this.#meter.spread(time - since);
  }

  *#beat(): Generator<void, void> {
    this.#beatDue = false;
    this.#catchUp.rest();
    this.#history.trim(this.#now());
    this.#endOvertaken();
    yield* this.#pulse.beat();
  }

  /** A blocked client whose next entry can be read nowhere any more can never have it. */
  #endOvertaken(): void {
    const oldest = this.#oldest;
    for (const cursor of this.#standing.blocked) if (cursor.next !== 0 && cursor.next < oldest) this.end(cursor, 'slow');
  }

  /** The oldest entry that can be replayed, from the history or from the log. */
  get #oldest(): number {
    return Math.min(this.#history.oldest, this.#log.oldest);
  }

  async #redacted(sequences: readonly number[]): Promise<void> {
    this.#catchUp.renew();
    if (!this.#lastValues.redact(sequences)) return;
    const latest = (entry: Pick<HistoryEntry, 'sequence' | 'audience' | 'replay'>) => this.#lastValues.learn(entry);
    await this.#log.recall({ latest });
    for (let sequence = this.#history.oldest; sequence < this.#history.next; sequence++) {
      const entry = this.#history.at(sequence);
      if (entry) latest(entry);
    }
  }
}
