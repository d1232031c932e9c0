import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { SseError } from '../errors.ts';
import { escapeText } from '../terminal/escape.ts';
import type { ScreenOutput } from '../terminal/screen.ts';
import { LivePicture, type Picture } from './live-picture.ts';
import { readings } from './readings.ts';
import { report } from './report.ts';
import { type KeysWorld, TopKeys } from './top-keys.ts';
import type { TopOrder } from './top-order.ts';
import { readingLine, readingPicture } from './top-picture.ts';
import { type Reading, readingJson } from './top-reading.ts';
import { writeAll } from './write-all.ts';

/** What `top` needs of the process. Readings go to stdout, words for people to stderr. */
export interface TopWorld extends KeysWorld {
  readonly stdout: ScreenOutput & { readonly isTTY?: boolean };
  readonly stderr: Pick<Writable, 'write'>;
  readonly env: NodeJS.ProcessEnv;
  /** Aborted with the exit code. */
  readonly interrupted: AbortSignal;
}

/** What becomes of readings. */
interface Show {
  reading(reading: Reading): void | Promise<void>;
  /** The server is away, and asked again. */
  trouble(sentence: string): void;
  close(): void;
}

/** Before a server that went away is asked again, in ms. */
const PAUSE = 1000;
/** Of a picture that is printed once and may be scrolled. */
const ROWS_ONCE = 30;

/** Watches a server. @returns the exit code @throws SseError `request-failed` if it cannot be reached at first */
export async function top(order: TopOrder, world: TopWorld): Promise<number> {
  const { stdout, interrupted } = world;
  const gone = new AbortController();
  stdout.once('error', () => gone.abort()).once('close', () => gone.abort());
  const left = new AbortController();
  const signal = AbortSignal.any([interrupted, gone.signal, left.signal]);
  let show: Show | undefined;
  try {
    while (!signal.aborted) {
      try {
        for await (const reading of readings(order, signal)) {
          // Only now, so that what cannot be reached says so where it is read.
          show ??= showFor(order, world, (exitCode) => left.abort(exitCode));
          await show.reading(reading);
          if (order.once && reading.rates) return 0;
        }
      } catch (error) {
        if (!(error instanceof SseError) || !show || order.once) throw error;
        show.trouble(error.message);
        // Cut short by the signal, which is looked at right after.
        await sleep(PAUSE, undefined, { signal }).catch(() => {});
      }
    }
  } finally {
    show?.close();
  }
  return Number([interrupted, left.signal].find(({ aborted }) => aborted)?.reason ?? 0);
}

function showFor({ admin, json, once }: TopOrder, world: TopWorld, ended: (exitCode: number) => void): Show {
  const { stdout, stderr, env } = world;
  const forPerson = !json && stdout.isTTY === true;
  if (forPerson && !once && env.TERM !== 'dumb') return live(admin, world, ended);
  const text = (reading: Reading): string => {
    if (json) return readingJson(reading, Date.now());
    return forPerson && once ? readingPicture(reading, admin, ROWS_ONCE).join('\n') : readingLine(reading, Date.now());
  };
  /** What was said last of a server that is away: once, and not each second. */
  let said = '';
  return {
    reading: (reading) => {
      said = '';
      // The first one knows of no second yet.
      return reading.rates ? writeAll(stdout, `${text(reading)}\n`) : undefined;
    },
    trouble: (detail) => {
      if (detail === said) return;
      said = detail;
      report([{ pointer: '', detail: `${detail}; trying again` }], (line) => void stderr.write(line));
    },
    close: () => {},
  };
}

function live(admin: string, world: TopWorld, ended: (exitCode: number) => void): Show {
  const picture = new LivePicture(world.stdout);
  const keys = new TopKeys(picture, world, ended);
  const show = (what: Picture): void => {
    keys.check();
    picture.show(what);
  };
  let last: Reading;
  return {
    reading: (reading) => {
      last = reading;
      show((rows) => readingPicture(reading, admin, rows));
    },
    trouble: (sentence) =>
      show((rows) => [`! ${escapeText(sentence, 400)}; trying again`, ...readingPicture(last, admin, rows - 1)]),
    close: () => keys.close(),
  };
}
