import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ClientPage, ClientRounds, type SeenClient } from '../../src/cli/client-rounds.ts';
import { LivePicture } from '../../src/cli/live-picture.ts';
import { readingLine, readingPicture } from '../../src/cli/top-picture.ts';
import { type Reading, ratesBetween, readingJson } from '../../src/cli/top-reading.ts';
import { Kept } from './streams.ts';

const VITALS = { at: 1000, clients: 2, slow: 1, events: 10, deliveries: 20, bytes: 300, gaps: 1, refused: 0 };

function listed(client: string, fields: Partial<SeenClient> = {}): SeenClient {
  const nobody = { ip: '::1', id: '', login: '', name: '', profile: '', since: '2026-01-01T00:00:00Z', state: 'live' };
  return { client, ...nobody, behind: 0, events: 0, rate: undefined, ...fields };
}

function reading(fields: Partial<Reading> = {}): Reading {
  return {
    vitals: VITALS,
    stats: { uptime: 200, durability: 'memory', history: { events: 10, bytes: 99 }, totals: { closed: { slow: 3 } } },
    rates: { events: 1.04, deliveries: 123.4, bytes: 0 },
    busiest: [],
    behind: [],
    ...fields,
  };
}

describe('the rates of top', () => {
  it('are those of the time between two readings, by the clock of the server', () => {
    const now = { ...VITALS, at: 3000, events: 14, deliveries: 120, bytes: 300 };
    assert.deepEqual(ratesBetween(VITALS, now), { events: 2, deliveries: 50, bytes: 0 });
  });
});

describe('the clients of top', () => {
  const page = (clients: SeenClient[], next: string | null = null): ClientPage => ({ clients, next });
  const ids = (clients: readonly SeenClient[]) => clients.map(({ client }) => client);

  it('are the busiest first, once they were seen twice', () => {
    const rounds = new ClientRounds();
    rounds.take(page([listed('a', { events: 100 }), listed('b'), listed('c')]), 0);
    assert.deepEqual(rounds.busiest(9), []);
    rounds.take(page([listed('a', { events: 104 }), listed('b', { events: 20 }), listed('c')]), 2000);
    assert.deepEqual(
      rounds.busiest(9).map(({ client, rate }) => [client, rate]),
      [
        ['b', 10],
        ['a', 2],
      ],
    );
    assert.deepEqual(ids(rounds.busiest(1)), ['b']);
  });

  it('are those most behind, and nobody who is not', () => {
    const rounds = new ClientRounds();
    rounds.take(page([listed('a'), listed('b', { behind: 3 }), listed('c', { behind: 9 })]), 0);
    assert.deepEqual(ids(rounds.behind(9)), ['c', 'b']);
  });

  it('are looked at page by page; who was not seen in a whole round is gone', () => {
    const rounds = new ClientRounds();
    rounds.take(page([listed('a', { behind: 1 })], '1'), 0);
    assert.equal(rounds.cursor, '1');
    rounds.take(page([listed('b', { behind: 2 })]), 1000);
    assert.equal(rounds.cursor, null);
    assert.deepEqual(ids(rounds.behind(9)), ['b', 'a']);
    rounds.take(page([listed('b', { behind: 2 })]), 2000);
    assert.deepEqual(ids(rounds.behind(9)), ['b']);
  });
});

describe('the picture of top', () => {
  it('has how it stands, its pace, and who is busy or behind', () => {
    const busiest = [listed('c1', { login: 'ada', profile: 'Administrator', rate: 12.34 })];
    const behind = [listed('c2', { state: 'blocked', behind: 7, rate: 0 })];
    assert.deepEqual(readingPicture(reading({ busiest, behind }), 'http://localhost:2015/', 24), [
      'sse-server http://localhost:2015/ · up 3 min 20 s · 10 events kept (memory)',
      '2 clients · 1 slow · 1 gap · 3 slow closes · 0 refused',
      '1.0 events/s · 123 deliveries/s · 0.0 bytes/s',
      '',
      'busiest  who  profile        address  state  behind  events/s',
      'c1       ada  Administrator  ::1      live   0       12.3',
      '',
      'most behind  who        profile  address  state    behind  events/s',
      'c2           anonymous           ::1      blocked  7       0.0',
    ]);
  });

  it('takes no more lines than there are, nor anything that a client says for more than text', () => {
    const many = Array.from({ length: 50 }, (_, i) => listed(`c${i}`, { login: '\u001b[2J\u202e', rate: 1, behind: 1 }));
    for (const rows of [1, 5, 24]) {
      const lines = readingPicture(reading({ busiest: many, behind: many }), 'http://localhost:2015/', rows);
      assert(lines.length <= rows, `${lines.length} of ${rows}`);
      assert.doesNotMatch(lines.join(''), /[\p{Cc}\u202e]/u);
    }
  });

  it('knows of no rate in its first second', () => {
    assert.match(readingPicture(reading({ rates: undefined }), 'x', 24)[2] ?? '', /^– events\/s · – deliveries\/s/);
  });

  it('is one line where no person looks, as text or as JSON', () => {
    const time = Date.parse('2026-11-24T21:00:00Z');
    const line = readingLine(reading(), time);
    assert(
      line.endsWith('  2 clients  1 slow  1 gap  3 slow closes  0 refused  1.0 events/s  123 deliveries/s  0.0 bytes/s'),
      line,
    );
    const { busiest, ...rest } = JSON.parse(readingJson(reading({ busiest: [listed('c1', { rate: 1.26 })] }), time));
    assert.deepEqual(rest, {
      time: '2026-11-24T21:00:00.000Z',
      uptime: 200,
      clients: 2,
      slow: 1,
      events: 10,
      eventsPerSecond: 1,
      deliveriesPerSecond: 123.4,
      bytesPerSecond: 0,
      gaps: 1,
      slowCloses: 3,
      refused: 0,
      behind: [],
    });
    assert.deepEqual(busiest, [{ client: 'c1', id: '', login: '', profile: '', behind: 0, events: 0, eventsPerSecond: 1.3 }]);
  });
});

describe('a live picture', () => {
  it('is drawn over itself, cut to the terminal, and leaves it as it was', () => {
    const output = Object.assign(new Kept(true), { columns: 10, rows: 2 });
    const picture = new LivePicture(output);
    picture.enter();
    picture.show(() => ['0123456789', 'b', 'c']);
    const drawn = '\u001b[H01234567…\u001b[K\r\nb\u001b[K\u001b[J';
    assert.equal(output.text, `\u001b[?1049h\u001b[?25l${drawn}`);
    output.columns = 20;
    output.emit('resize');
    assert(output.text.endsWith('\u001b[H0123456789\u001b[K\r\nb\u001b[K\u001b[J'));
    picture.leave();
    picture.leave();
    assert.equal(output.text.split('\u001b[?25h\u001b[?1049l').length, 2);
    const { length } = output.text;
    output.emit('resize');
    assert.equal(output.text.length, length);
  });
});
