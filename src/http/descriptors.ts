import { readdirSync, readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Observe } from '../hub/activity.ts';
import type { Check } from './health.ts';

/** Descriptors that public connections leave: to admin, to files that are served, to the store, to credentials that are looked up elsewhere. */
const RESERVE = { least: 16, share: 0.02, most: 256 };
/** Of the connections that are left, so many carry no event stream, so that something else can be asked for. */
const REQUESTS = { least: 4, share: 0.02, most: 256 };
/** It is well again when so much of the room is free: no line in the log for each client that comes and goes at the limit. */
const RELIEF = 0.1;

/** In ms. */
const PAUSE = 100;

/** How many files a process may open (`ulimit -n`), and how many it has open. */
export interface Allowance {
  /** Infinity where the system doesn't tell. */
  readonly limit: number;
  readonly open: number;
}

/**
 * Keeps public connections from taking every descriptor of the process. Without that the system call that accepts them
 * fails, for admin's listener too, and so does every file and every step of the store that needs one.
 */
export class Descriptors {
  readonly #observe: Observe;
  readonly #allowance: () => Allowance;
  readonly #servers: Server[] = [];
  readonly #open = new Set<Socket>();
  /** Connections there may be; Infinity until `measure`. */
  #room = Infinity;
  #limit = Infinity;
  #isShort = false;
  /** When idle connections may be looked for again. */
  #freeAgain = 0;
  /** Connections that were closed unheard since the start, and before it became short. */
  #dropped = 0;
  #droppedBefore = 0;

  constructor(observe: Observe, allowance: () => Allowance = allowanceOfProcess) {
    this.#observe = observe;
    this.#allowance = allowance;
  }

  /** Looks at what there is. To be called once everything is open that stays open. */
  measure(): void {
    const { limit, open } = this.#allowance();
    this.#limit = limit;
    // At least one connection, or it would be no server.
    this.#room = Math.max(1, limit - open - part(RESERVE, limit));
  }

  /** Connections that were closed unheard, since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Most event streams that there may be by this. */
  get streams(): number {
    return Math.max(1, this.#room - part(REQUESTS, this.#room));
  }

  /** A sentence for the log if it is fewer than are wanted. */
  warning(maxClients: number): string | undefined {
    if (this.streams >= maxClients) return undefined;
    const needed = maxClients + (this.#limit - this.#room) + part(REQUESTS, maxClients);
    return `--max-clients ${maxClients} needs about ${needed} open files, and this process may have ${this.#limit}: at most ${this.streams} clients are taken; raise the limit (ulimit -n ${needed}, LimitNOFILE=)`;
  }

  /** Counts the connections of a public server, and closes those for which there is no descriptor to spare. */
  guard(server: Server): Server {
    this.#servers.push(server);
    // Before Node's own listener: what is closed here must cost nothing else.
    return server.prependListener('connection', (socket) => this.#admit(socket));
  }

  get check(): Check {
    const fault = this.#open.size >= this.#room ? 'all file descriptors are taken; see ulimit -n' : undefined;
    return { name: 'descriptors', state: fault ?? 'ok', fault };
  }

  #admit(socket: Socket): void {
    if (this.#open.size >= this.#room) {
      this.#dropped++;
      if (!this.#isShort) this.#observe({ kind: 'descriptors', isShort: true, limit: this.#limit, dropped: 1 });
      this.#isShort = true;
      socket.destroy();
      this.#freeIdle();
      return;
    }
    this.#open.add(socket);
    socket.once('close', () => this.#closed(socket));
  }

  /** Ends connections on which nothing is asked for; looking through all of them is not done for each that is dropped. */
  #freeIdle(): void {
    const time = performance.now();
    if (time < this.#freeAgain) return;
    this.#freeAgain = time + PAUSE;
    for (const server of this.#servers) server.closeIdleConnections();
  }

  #closed(socket: Socket): void {
    this.#open.delete(socket);
    if (!this.#isShort || this.#open.size > this.#room * (1 - RELIEF)) return;
    this.#isShort = false;
    const dropped = this.#dropped - this.#droppedBefore;
    this.#droppedBefore = this.#dropped;
    this.#observe({ kind: 'descriptors', isShort: false, limit: this.#limit, dropped });
  }
}

function part({ least, share, most }: typeof RESERVE, of: number): number {
  return Math.min(most, Math.max(least, Math.ceil(of * share)));
}

/** Of this process. Only Linux tells. */
function allowanceOfProcess(): Allowance {
  try {
    const [, limit = ''] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return { limit: Number(limit) || Infinity, open: readdirSync('/proc/self/fd').length };
  } catch {
    return { limit: Infinity, open: 0 };
  }
}

/** Whether an error says that there is no descriptor left, here or on the whole machine. */
export function isOutOfDescriptors(error: unknown): boolean {
  return ['EMFILE', 'ENFILE'].includes((error as NodeJS.ErrnoException | undefined)?.code ?? '');
}
