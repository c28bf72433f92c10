import fc from 'fast-check';
import { hostShare, soonMs, untilTurnMs } from '../../../src/ledger/ship-time';

const STRETCH_MS = 300_000;

test('ten thousand hosts have their turns spread over the stretch', () => {
  const seconds = Array<number>(300).fill(0);
  for (let i = 0; i < 10_000; i++) {
    const share = hostShare(`node${String(i).padStart(5, '0')}`);
    const second = Math.floor((share * STRETCH_MS) / 1000);
    seconds[second] = (seconds[second] ?? 0) + 1;
  }
  // 33 a second; by chance alone hardly ever more than twice that.
  expect(Math.max(...seconds)).toBeLessThan(67);
  expect(Math.min(...seconds)).toBeGreaterThan(5);
});

test('a host has one turn a stretch, always at the same moment of it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -1e12, max: 2e12 }),
      fc.integer({ min: 1, max: 3_600_000 }),
      fc.string(),
      (nowMs, stretchMs, host) => {
        const share = hostShare(host);
        const waitMs = untilTurnMs(nowMs, stretchMs, share);
        expect(waitMs).toBeGreaterThan(0);
        expect(waitMs).toBeLessThanOrEqual(stretchMs);
        expect(untilTurnMs(nowMs + waitMs, stretchMs, share)).toBe(stretchMs);
        const moment = (nowMs + waitMs) % stretchMs;
        expect((moment + stretchMs) % stretchMs).toBe(Math.floor(share * stretchMs));
      },
    ),
  );
});

test('what is to come soon comes in the seconds that are left of 15', () => {
  // A second in the agent's outbox, at most five until a shipper of its own looks.
  for (let i = 0; i < 1000; i++)
    expect(soonMs(STRETCH_MS, hostShare(`n${i}`))).toBeLessThanOrEqual(15_000 - 1000 - 5000 - 1000);
  expect(soonMs(1000, 0.999)).toBeLessThan(1000);
});
