import { totalmem } from 'node:os';
import { constrainedMemory } from 'node:process';
import { getHeapStatistics } from 'node:v8';
import type { Options } from '../config/options.ts';

/** How much memory there may be, in bytes. */
export interface Memory {
  /** V8's old space, where objects live that stay. Frames, bodies and what sockets hold are outside of it. */
  readonly heap: number;
  /** All of it: what a container, a unit or the machine has for this process. */
  readonly total: number;
}

/**
 * What a server takes, in bytes, about: measured on Node 20 with 2000 to 8000 clients on loopback, and 100 000 events of 10
 * to 250 000 characters. A frame takes 1.0 to 1.4 times its length, since small ones share pages.
 */
const BASE = { heap: 16 * 1024 * 1024, total: 80 * 1024 * 1024 };
const CLIENT = { heap: 8 * 1024, total: 16 * 1024 };
/** An event of the history beside its frame. */
const EVENT = { heap: 256, total: 256 };
const FRAMES = 1.25;
/** So many are let in whatever the heap is: below that the estimate is not worth much. */
const FEWEST = 100;
/** No frame is shorter. */
const SHORTEST_FRAME = 24;

/** V8 counts this to the heap; what stays does not stay in it: three times the default of `--max-semi-space-size`. */
const YOUNG = 48 * 1024 * 1024;

/** All bodies together may take so much of what there is: each is there several times while it is made into an event. */
const BODIES_SHARE = 1 / 8;

const MIB = 1024 * 1024;

export function memoryOfProcess(): Memory {
  // Where nothing limits it, that is 0, or more than any machine has.
  const limit = constrainedMemory() || Infinity;
  return { heap: getHeapStatistics().heap_size_limit - YOUNG, total: Math.min(limit, totalmem()) };
}

/** How much of request bodies may be in memory, in bytes. @param bodyLimit of one, in bytes: there is room for two of them in any case */
export function bodyRoom(bodyLimit: number, { heap, total }: Memory): number {
  return Math.max(2 * bodyLimit, Math.floor(Math.min(heap, total) * BODIES_SHARE));
}

/** How many clients have room in the heap, about, beside the history. What is full ends the process, so no more are let in. */
export function clientsWithin({ historyEvents, historyBytes }: Options, { heap }: Memory): number {
  const left = heap - BASE.heap - eventsOf(historyEvents, historyBytes) * EVENT.heap;
  return Math.max(FEWEST, Math.floor(left / CLIENT.heap));
}

function eventsOf(historyEvents: number, historyBytes: number): number {
  return Math.min(historyEvents, Math.ceil(historyBytes / SHORTEST_FRAME));
}

/** Sentences for the log where what the options allow does not fit into memory. With a store as without: the newest events are in memory too. */
export function memoryWarnings(options: Options, memory: Memory): string[] {
  const { maxClients, historyEvents, historyBytes } = options;
  const { heap, total } = memory;
  const events = eventsOf(historyEvents, historyBytes);
  const fitting = clientsWithin(options, memory);
  const neededHeap = BASE.heap + maxClients * CLIENT.heap + events * EVENT.heap;
  const needed = BASE.total + maxClients * CLIENT.total + events * EVENT.total + FRAMES * historyBytes;
  const warnings: string[] = [];
  if (neededHeap > heap)
    warnings.push(
      `--max-clients ${maxClients} and --history-events ${historyEvents} need about ${mebibytes(neededHeap)} of heap, and this process may have ${mebibytes(heap)}: ` +
        `no more than ${fitting} clients are let in; start it with NODE_OPTIONS=--max-old-space-size=${Math.ceil(neededHeap / MIB)}, or lower them`,
    );
  if (needed > total)
    warnings.push(
      `--history-bytes ${mebibytes(historyBytes)} and --max-clients ${maxClients} need about ${mebibytes(needed)} of memory, and there are ${mebibytes(total)} for this process: ` +
        'when they are full the system ends it; lower them, or give it more (MemoryMax=, docker run --memory)',
    );
  return warnings;
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / MIB)} MiB`;
}
