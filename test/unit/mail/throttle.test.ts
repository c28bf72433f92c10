import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Throttle, readThrottleState, writeThrottleState } from '../../../src/mail/throttle';

const limits = { most: 2, windowMs: 1000 };

test('holds what is beyond the most, for the whole time, and each recipient by himself', () => {
  const throttle = new Throttle({}, limits);
  expect([0, 10, 20].map((ms) => throttle.take('ada', ms))).toEqual([true, true, false]);
  expect(throttle.take('bob', 20)).toBe(true);
  // There would be room again, but what is held goes first.
  expect(throttle.take('ada', 1015)).toBe(false);
  expect([1019, 1020].map((ms) => throttle.isDue('ada', ms))).toEqual([false, true]);
  throttle.release('ada');
  expect(throttle.take('ada', 1030)).toBe(true);
});

test('goes on where it was in the next process, and a damaged file is as none', () => {
  const dir = mkdtempSync(join(tmpdir(), 'eit-throttle-'));
  try {
    const path = join(dir, 'throttle.json');
    expect(readThrottleState(path)).toEqual({});
    const first = new Throttle({}, limits);
    for (const ms of [0, 10, 20]) first.take('ada', ms);
    first.take('old', -5000);
    writeThrottleState(path, first.state(30));
    const state = readThrottleState(path);
    expect(Object.keys(state)).toEqual(['ada']);
    const next = new Throttle(state, limits);
    expect([next.take('ada', 40), next.isDue('ada', 1019), next.isDue('ada', 1020)]).toEqual([
      false,
      false,
      true,
    ]);
    for (const text of ['', '[1]', '{"ada": 3}', '{"ada": {"sentMs": ["x"], "heldSinceMs": null}}']) {
      writeFileSync(path, text);
      expect(new Throttle(readThrottleState(path), limits).take('ada', 0)).toBe(true);
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('a clock that was put back holds nothing for longer', () => {
  const throttle = new Throttle({ ada: { sentMs: [9000, 9001], heldSinceMs: 9002 } }, limits);
  expect(throttle.isDue('ada', 100)).toBe(true);
});
