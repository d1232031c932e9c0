import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { again, curlOf, draftOf } from '../../public/admin/draft.js';
import { Mirror } from '../../public/admin/mirror.js';
import { age, delay, rate, size, whole } from '../../public/admin/numbers.js';
import { percentile, Rates, type Vitals } from '../../public/admin/rates.js';

describe('rates', () => {
  const reading = (at: number, more: Partial<Vitals> = {}): Vitals => ({
    at,
    clients: 3,
    slow: 1,
    events: 0,
    deliveries: 0,
    bytes: 0,
    gaps: 2,
    ...more,
  });

  it('come from two readings, whatever the time between them', () => {
    const rates = new Rates();
    assert.equal(rates.add(reading(1000)), undefined);
    assert.deepEqual(rates.add(reading(1500, { events: 5, deliveries: 50, bytes: 5000 })), {
      clients: 3,
      slow: 1,
      gaps: 2,
      events: 10,
      deliveries: 100,
      bytes: 10_000,
      delay: undefined,
    });
  });

  it('begin anew with a server that was restarted', () => {
    const rates = new Rates();
    rates.add(reading(90_000, { bytes: 5000 }));
    assert.equal(rates.add(reading(1000, { bytes: 100 })), undefined);
    assert.equal(rates.add(reading(2000, { bytes: 300 }))?.bytes, 200);
    assert.equal(rates.add(reading(3000, { bytes: 100 })), undefined);
  });

  it('have a percentile of what came since the oldest reading that counts', () => {
    const bounds = [0.001, 0.01, 0.1];
    const before = { bounds, cumulative: [1000, 1000, 1000], count: 1000 };
    const after = { bounds, cumulative: [1000, 1050, 1100], count: 1100 };
    assert.equal(percentile(before, after, 0.5)?.toFixed(6), '0.010000');
    assert.equal(percentile(before, after, 0.25)?.toFixed(4), '0.0055');
    assert.equal(percentile(undefined, after, 0.5)?.toFixed(6), '0.000550');
    assert.equal(percentile(after, after, 0.99), undefined);
    assert.equal(percentile(after, { ...after, count: 1200 }, 0.99), 0.1, 'beyond the last bound');
    const rates = new Rates();
    rates.add(reading(1000, { publishToWrite: before }));
    assert.equal(rates.add(reading(2000, { publishToWrite: after }))?.delay?.toFixed(3), '0.098');
  });
});

describe('the mirror of the clients', () => {
  const client = (name: string) => ({ client: name, login: name });
  const names = (mirror: Mirror) => mirror.list.map(({ client }) => client);

  it('takes a snapshot as a whole, and follows from there', () => {
    const mirror = new Mirror();
    assert.equal(mirror.take('snapshot', { clients: [client('a'), client('b')] }), false);
    assert.deepEqual(names(mirror), []);
    assert.equal(mirror.take('ready', { clients: 2 }), true);
    mirror.take('joined', client('c'));
    mirror.take('left', { client: 'a' });
    assert.equal(mirror.take('broadcast', { id: 'x' }), false);
    assert.deepEqual(names(mirror), ['b', 'c']);
    assert.equal(mirror.list, mirror.list);
  });

  it('shows the old list until a new snapshot is whole, and no half of one that broke off', () => {
    const mirror = new Mirror();
    mirror.take('snapshot', { clients: [client('a')] });
    mirror.take('ready', { clients: 1 });
    mirror.take('snapshot', { clients: [client('half')] });
    assert.deepEqual(names(mirror), ['a']);
    mirror.lost();
    mirror.take('snapshot', { clients: [client('b')] });
    mirror.take('ready', { clients: 1 });
    assert.deepEqual(names(mirror), ['b']);
  });

  it('keeps the place and the time of a client that renews', () => {
    const mirror = new Mirror();
    mirror.take('snapshot', { clients: [{ ...client('a'), since: 'then' }, client('b')] });
    mirror.take('ready', { clients: 2 });
    mirror.take('renewed', { client: 'a', login: 'ada' });
    assert.deepEqual(mirror.list[0], { client: 'a', login: 'ada', since: 'then' });
  });
});

describe('a draft', () => {
  const form = (fields: Readonly<Record<string, string>>) => {
    const data = new FormData();
    for (const [name, value] of Object.entries(fields)) data.set(name, value);
    return data;
  };

  it('has what was filled in, and nothing else', () => {
    assert.deepEqual(draftOf(form({ event: '', data: 'a\r\nb ', filter: ' ', topics: ' , ', except: '', ttl: '' })), {
      data: 'a\nb ',
    });
    assert.deepEqual(
      draftOf(form({ event: ' price ', data: '{"eur":9.5}', topics: 'a, b', except: '7', live: 'on', ttl: '10m' })),
      {
        event: 'price',
        data: { eur: 9.5 },
        topics: ['a', 'b'],
        except: ['7'],
        ttl: '10m',
        history: false,
      },
    );
  });

  it('has JSON as a value only where the same text comes of it', () => {
    for (const data of ['{"a": 1}', '[1,2', '{"a":1,"a":2}', '[12345678901234567890]', '7', '"x"'])
      assert.equal(draftOf(form({ data })).data, data);
  });

  it('is sent again without what the log gave it', () => {
    assert.deepEqual(again({ id: 'x-1', time: 'now', size: 3, event: 'e', data: 'd', ttl: '10m' }), {
      event: 'e',
      data: 'd',
      ttl: '10m',
    });
  });

  it('is one line for a shell, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', "'", '"', '\\', '$', '`', '!', '\n', ' ', 'é', '🎈') }), (data) => {
        const line = curlOf({ data }, { url: "http://[::1]:2015/admin/it's/broadcast", hasToken: false });
        const printed = execFileSync('sh', ['-c', `curl() { printf '%s\\0' "$@"; }; ${line}`], { encoding: 'utf8' });
        assert.deepEqual(printed.split('\0').slice(0, -1), [
          '--json',
          JSON.stringify({ data }),
          "http://[::1]:2015/admin/it's/broadcast",
        ]);
      }),
      { numRuns: 40 },
    );
  });
});

describe('numbers', () => {
  it('are written for people', () => {
    assert.deepEqual([0, 37, 1204, 1_234_567].map(whole), ['0', '37', '1\u202f204', '1\u202f234\u202f567']);
    assert.deepEqual([0, 0.25, 9.94, 10.4, 12_000].map(rate), ['0', '0.3', '9.9', '10', '12\u202f000']);
    assert.deepEqual([0, 999, 1000, 9_500, 12_345, 999_999, 2_500_000_000].map(size), [
      '0 B',
      '999 B',
      '1.0 KB',
      '9.5 KB',
      '12 KB',
      '1.0 MB',
      '2.5 GB',
    ]);
    assert.deepEqual([0.0004, 0.012, 2.5].map(delay), ['0.4 ms', '12 ms', '2.5 s']);
    assert.deepEqual([-5, 5_000, 720_000, 10_800_000, 200_000_000].map(age), ['0 s', '5 s', '12 min', '3 h', '2 d']);
  });
});
