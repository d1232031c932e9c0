import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Alarm, TimerWheel } from '../../src/hub/timer-wheel.ts';

const time = fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 300_000 }));
const action = fc.oneof(
  fc.record({ do: fc.constant('set' as const), which: fc.nat(9), in: time }),
  fc.record({ do: fc.constant('cancel' as const), which: fc.nat(9) }),
  fc.record({ do: fc.constant('look' as const), after: time }),
);

test('whatever is set, moved and cancelled: a look finds exactly what is due', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), fc.integer({ min: 1, max: 700 }), (actions, tick) => {
      let now = 12_345;
      const wheel = new TimerWheel<number>(tick, now);
      const alarms = Array.from({ length: 10 }, (_, index) => new Alarm(index));
      const model = new Map<number, number>();
      for (const one of actions) {
        if (one.do === 'look') {
          now += one.after;
          const due = [...model].filter(([, at]) => at <= now).map(([which]) => which);
          assert.deepEqual([...wheel.due(now)].sort(), due.sort());
          for (const which of due) model.delete(which);
          continue;
        }
        const alarm = alarms[one.which] as Alarm<number>;
        if (one.do === 'cancel') {
          wheel.cancel(alarm);
          model.delete(one.which);
        } else {
          wheel.set(alarm, now + one.in);
          model.set(one.which, now + one.in);
        }
      }
      for (const alarm of alarms) assert.equal(alarm.time, model.get(alarm.of) ?? Infinity);
    }),
    { numRuns: 500 },
  );
});

test('what is set while it is handed out waits for the next look, and what is cancelled meanwhile is not handed out', () => {
  const wheel = new TimerWheel<string>(500, 0);
  const [again, gone] = [new Alarm('again'), new Alarm('gone')];
  wheel.set(again, 100);
  wheel.set(gone, 200);
  const seen: string[] = [];
  for (const one of wheel.due(1000)) {
    seen.push(one);
    wheel.set(again, 900);
    wheel.cancel(gone);
  }
  assert.deepEqual(seen, ['again']);
  assert.deepEqual([...wheel.due(1000)], ['again']);
});

test('a look visits those that are due and not all the others', () => {
  const wheel = new TimerWheel<number>(500, 0);
  let looks = 0;
  class Watched extends Alarm<number> {
    at = Infinity;
  }
  for (let index = 0; index < 10_000; index++) {
    const alarm = new Watched(index);
    Object.defineProperty(alarm, 'time', {
      get() {
        looks++;
        return this.at;
      },
      set(value: number) {
        this.at = value;
      },
    });
    wheel.set(alarm, 500 + index * 1.5);
  }
  looks = 0;
  const due = [...wheel.due(1000)];
  assert.equal(due.length, 334);
  assert(looks < 4 * 334 + 1000, `${looks} looks`);
});
