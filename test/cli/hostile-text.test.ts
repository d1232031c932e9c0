import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientsTable, fieldLines } from '../../src/cli/clients-table.ts';
import { tail } from '../../src/cli/tail.ts';
import { readingPicture } from '../../src/cli/top-picture.ts';
import { textWidth } from '../../src/terminal/width.ts';
import { BREAKS, HOSTILE, LONE_SURROGATES, withoutControls } from '../support/hostile.ts';
import { StreamDouble, status, stream } from './stream-double.ts';
import { Kept } from './streams.ts';

/** What a server tells a command is text of strangers, even that of another server than ours. */
const TEXTS = [...Object.values(HOSTILE), ...LONE_SURROGATES];
const listed = (text: string) => ({
  ...{ client: text, ip: text, id: text, login: text, name: text, profile: text, state: text },
  ...{ since: '2026-01-01T00:00:00Z', behind: 1, events: 1, rate: 1 },
});

function assertWhole(lines: readonly string[], what: string): void {
  for (const line of lines) assert.doesNotMatch(line, BREAKS, JSON.stringify(what.slice(0, 60)));
}

test('clients ls, clients show and top have a line for each thing, and it stays one', () => {
  const clients = TEXTS.map(listed);
  const table = clientsTable(clients, Date.parse('2026-01-01T00:00:01Z'));
  assert.equal(table.length, TEXTS.length + 1);
  assertWhole(table, 'clients ls');
  for (const line of table) assert(textWidth(line) < 450, line);

  for (const text of TEXTS) {
    const fields = fieldLines({ login: text, [text]: 'x', topics: [text], claims: { [text]: text } });
    assert(fields.length <= 4);
    assertWhole(fields, text);
  }

  const reading = {
    vitals: { at: 1, clients: 1, slow: 0, events: 1, deliveries: 1, bytes: 1, gaps: 0, refused: 0 },
    stats: { uptime: 1, durability: 'memory', history: { events: 1, bytes: 1 }, totals: { closed: {} } },
    rates: undefined,
  };
  assertWhole(readingPicture({ ...reading, busiest: clients, behind: clients }, HOSTILE.title, 200), 'top');
});

test('what tail tells people, of refusals, gaps and positions too, is in whole lines', async (t) => {
  const told: string[] = [];
  for (const text of TEXTS) {
    const oneLine = withoutControls(text.toWellFormed());
    const gap = JSON.stringify({ requested: text, from: text, missed: text, reason: text });
    const events = stream(`id: ${oneLine}\nevent: ${oneLine}\ndata: ${oneLine}\n\nevent: sse.gap\ndata: ${gap}\n\n`);
    const problem = JSON.stringify({ title: text, detail: text, code: text, errors: [{ pointer: text, detail: text }] });
    const refusal = status(400, { 'content-type': 'application/problem+json' }, problem);
    const { url } = await StreamDouble.start(t, events, refusal);
    const [stdout, stderr] = [new Kept(true), new Kept()];
    const order = { url, headers: {}, tokenFile: undefined, lastEventId: '', types: [], json: false, exec: undefined };
    const interrupted = new AbortController().signal;
    const world = { stdout, stderr, env: process.env, interrupted, sleep: async () => {} };
    const failure = await tail({ ...order, count: Infinity, timeout: undefined }, world).then(
      () => undefined,
      (error: Error) => error,
    );
    assert(failure, 'it was refused');
    assertWhole([...stdout.lines, ...stderr.lines], text);
    assert.equal(stdout.lines.length, 1);
    told.push(stderr.text);
  }
  assert(told.every((text) => text.includes('--last-event-id')));
});
