import type { Writable } from 'node:stream';
import { escapeText } from '../terminal/escape.ts';
import type { FeedEvent } from './event-feed.ts';
import { runForEvent } from './run-for-event.ts';
import type { TailOrder } from './tail-order.ts';
import { writeAll } from './write-all.ts';

/** What becomes of an event. Settles when the next one may come. */
export type Take = (event: FeedEvent) => Promise<void>;

interface Surroundings {
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly env: NodeJS.ProcessEnv;
  /** Hears of commands that failed. */
  readonly tell: (sentence: string) => void;
}

/** What becomes of events: they are printed, or a command is run for each. */
export function takeFor({ json, exec }: TailOrder, { stdout, env, tell }: Surroundings): Take {
  if (exec !== undefined)
    return async (event) => {
      const failure = await runForEvent(exec, event, json ? `${asJson(event)}\n` : event.data, env);
      if (failure !== undefined) tell(`the command ${failure} for the event ${event.id}`);
    };
  const line = json ? asJson : stdout.isTTY ? asSeen : ({ data }: FeedEvent) => data;
  return (event) => writeAll(stdout, `${line(event)}\n`);
}

/** On one line whatever the data is, for programs. */
function asJson({ id, type, data }: FeedEvent): string {
  return JSON.stringify({ id, event: type, data });
}

/** For people on a terminal: time, type, and the data, each line of it below the one before. */
function asSeen({ type, data }: FeedEvent): string {
  const head = `${new Date().toTimeString().slice(0, 8)}  ${escapeText(type)}  `;
  const [first = '', ...more] = data.split('\n').map((line) => escapeText(line, Infinity));
  return [head + first, ...more.map((line) => `          ${line}`)].join('\n');
}
