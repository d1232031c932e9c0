import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { nobody } from '../../src/event/audience.ts';
import { parseDraft } from '../../src/event/draft.ts';
import type { EventLog, LogEntry } from '../../src/hub/event-log.ts';
import { MemoryLog } from '../../src/hub/memory-log.ts';
import { LevelLog } from '../../src/store/level-log.ts';

/** One suite through the port for every log there is, against a plain array. */

const RETENTION = { events: 1000, age: 3_600_000, bytes: 1024 * 1024 * 1024 };
const RUNS = Number(process.env.RUNS ?? 200);

interface Kind {
  readonly name: string;
  /** What a restart keeps. */
  readonly keeps: boolean;
  open(place: string, epoch: string, now: () => number): Promise<EventLog>;
}

const kinds: readonly Kind[] = [
  { name: 'memory', keeps: false, open: async (_place, epoch, now) => new MemoryLog({ epoch, now }) },
  {
    name: 'LevelDB',
    keeps: true,
    open: (directory, epoch, now) =>
      LevelLog.open({ directory, epoch, now, retention: RETENTION, warn: (message) => assert.fail(message) }),
  },
];

const OPTIONS = [{}, { ttl: '1m' }, { history: false, supersedes: 'a' }, { supersedes: 'b' }] as const;

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      sizes: fc.array(fc.nat(2000), { minLength: 1, maxLength: 20 }),
      together: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), from: fc.nat(100) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('redact' as const), back: fc.nat(60), every: fc.integer({ min: 1, max: 7 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('since' as const), back: fc.nat(50) }) },
);

function redacted({ id, sequence, time }: LogEntry): LogEntry {
  return { id, sequence, time, event: { type: 'message', data: '' }, audience: nobody };
}

for (const kind of kinds) {
  test(`the ${kind.name} log answers as a plain list would`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async (steps) => {
        const place = mkdtempSync(join(tmpdir(), 'sse-log-'));
        let time = 1_700_000_000_000;
        let openings = 0;
        /** What the log ought to hold, by sequence. */
        let model: LogEntry[] = [];
        let followed: LogEntry[] = [];
        const open = async () => {
          const log = await kind.open(place, `e${++openings}`, () => time);
          log.follow((entry) => followed.push(entry));
          return log;
        };
        let log = await open();
        try {
          for (const action of steps) {
            time += 1;
            if (action.do === 'append') {
              followed = [];
              const head = log.head;
              const drafts = action.sizes.map((size, i) =>
                parseDraft({ event: `t${i}`, data: 'x'.repeat(size), topics: ['a'], ...OPTIONS[size % 4] }),
              );
              const answers = action.together
                ? await log.append(drafts)
                : (await Promise.all(drafts.map((draft) => log.append([draft])))).flat();
              const epoch = log.epochs.at(-1)?.name;
              const expected = drafts.map((draft, i) => ({
                ...draft,
                id: `${epoch}-${head + 1 + i}`,
                sequence: head + 1 + i,
                time,
              }));
              assert.deepEqual(followed, expected, 'told of each, once and in order');
              assert.deepEqual(
                answers,
                expected.map(({ id }, i) => ({ id, matched: i + 1 })),
              );
              if (kind.keeps) model.push(...expected);
            } else if (action.do === 'restart') {
              const { head } = log;
              await log.close();
              log = await open();
              if (kind.keeps) assert.equal(log.head, head);
              else model = [];
            } else if (action.do === 'redact') {
              const chosen: number[] = [];
              for (let sequence = Math.max(1, log.head - action.back); sequence <= log.head; sequence += action.every)
                chosen.push(sequence);
              await log.redact(chosen);
              model = model.map((entry) => (chosen.includes(entry.sequence) ? redacted(entry) : entry));
            } else if (action.do === 'read') {
              const from = log.oldest + (action.from % (log.head - log.oldest + 2));
              const entries: LogEntry[] = [];
              for (let next = from; next <= log.head; ) {
                const page = await log.read(next);
                entries.push(...page.entries);
                assert(page.next > next, 'gets on');
                next = page.next;
              }
              assert.deepEqual(
                entries,
                model.filter(({ sequence }) => sequence >= from),
              );
            } else {
              const wanted = time - action.back;
              const expected = model.find((entry) => entry.time >= wanted)?.sequence ?? log.head + 1;
              assert.equal(await log.since(wanted), expected);
            }
          }
        } finally {
          await log.close();
          rmSync(place, { recursive: true });
        }
      }),
      { numRuns: RUNS },
    );
  });
}
