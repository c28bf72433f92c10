import fc from 'fast-check';
import { expandHostlist } from '../../../src/slurm/hostlist';
import { EventQueue } from '../../../src/synthetic/event-queue';
import { placeCpus } from '../../../src/synthetic/host-room';
import { LineBytes } from '../../../src/synthetic/line-bytes';
import { MicroJoules } from '../../../src/synthetic/micro-joules';
import { nodelist } from '../../../src/synthetic/nodelist';
import { Random } from '../../../src/synthetic/random';
import { rhythm } from '../../../src/synthetic/rhythm';
import { TimeText } from '../../../src/synthetic/time-text';
import { Population } from '../../../src/synthetic/users';

describe('Random', () => {
  const row = (random: Random): number[] => Array.from({ length: 50 }, () => random.next());

  test('gives the same row for the same seed and purpose, and another for any other', () => {
    expect(row(new Random(1, 'jobs'))).toEqual(row(new Random(1, 'jobs')));
    expect(row(new Random(1, 'jobs'))).not.toEqual(row(new Random(2, 'jobs')));
    expect(row(new Random(1, 'jobs'))).not.toEqual(row(new Random(1, 'hosts')));
  });

  test('is even, and has the means that its distributions should have', () => {
    const random = new Random(1, 'means');
    const mean = (draw: () => number): number => {
      let sum = 0;
      for (let i = 0; i < 100_000; i++) sum += draw();
      return sum / 100_000;
    };
    expect(mean(() => random.next())).toBeCloseTo(0.5, 1);
    expect(mean(() => random.normal())).toBeCloseTo(0, 1);
    expect(mean(() => random.normal() ** 2)).toBeCloseTo(1, 1);
    expect(mean(() => random.exponential(3)) / 3).toBeCloseTo(1, 1);
    expect(mean(() => random.poisson(4)) / 4).toBeCloseTo(1, 1);
    expect(mean(() => random.poisson(400)) / 400).toBeCloseTo(1, 1);
    expect(mean(() => random.whole(1, 3))).toBeCloseTo(2, 1);
  });
});

test('events come in the order of their times, those of one time as they were put in', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), (times) => {
      const queue = new EventQueue<{ atMs: number; order: number }>();
      const events = times.map((atMs, order) => ({ atMs, order }));
      for (const event of events) queue.add(event.atMs, event);
      const taken = events.map(() => {
        const { nextMs } = queue;
        const event = queue.take();
        expect(event.atMs).toBe(nextMs);
        return event;
      });
      expect(taken).toEqual([...events].sort((a, b) => a.atMs - b.atMs || a.order - b.order));
      expect(queue.nextMs).toBe(Infinity);
    }),
  );
});

describe('LineBytes', () => {
  test('writes whole numbers as JSON does', () => {
    const whole = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constantFrom(0, 9, 10, 999_999_999, 1e9, 1e9 + 1));
    fc.assert(
      fc.property(fc.array(whole), (values) => {
        const line = new LineBytes();
        for (const value of values) line.named(',', value);
        expect(line.string).toBe(values.map((value) => `,${value}`).join(''));
      }),
    );
  });

  test('grows with what is written', () => {
    const line = new LineBytes();
    const pieces = Array.from({ length: 3000 }, (_, i) => 'x'.repeat(i % 120));
    for (const piece of pieces) line.text(piece);
    expect(line.string).toBe(pieces.join(''));
    line.clear();
    line.text('new');
    expect(line.string).toBe('new');
  });
});

test('times are written as toISOString does', () => {
  const time = new TimeText();
  const line = new LineBytes();
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e12 }), (atMs) => {
      expect(time.of(atMs)).toBe(new Date(atMs).toISOString());
      line.clear();
      line.time(atMs);
      expect(line.string).toBe(new Date(atMs).toISOString());
      // The same day once more.
      expect(time.of(atMs - (atMs % 86_400_000))).toBe(new Date(atMs - (atMs % 86_400_000)).toISOString());
    }),
  );
});

test('sums of µJ are exact beyond 2^53', () => {
  const uj = fc.tuple(fc.maxSafeNat(), fc.maxSafeNat(), fc.maxSafeNat());
  fc.assert(
    fc.property(fc.array(uj), fc.array(uj), (some, more) => {
      const [sums, others] = [new MicroJoules(), new MicroJoules()];
      for (const one of some) sums.add(1, one);
      for (const one of more) others.add(1, one);
      sums.addSums(others);
      const whole = (policy: number): string =>
        String([...some, ...more].reduce((sum, one) => sum + BigInt(one[policy]!), 0n));
      expect(sums.texts).toEqual({
        usage: { cpu: '0', dram: whole(0), gpu: '0' },
        allocation: { cpu: '0', dram: whole(1), gpu: '0' },
        hybrid: { cpu: '0', dram: whole(2), gpu: '0' },
      });
    }),
  );
});

test('a list of nodes is read back as it was', () => {
  const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 9999 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(numbers, (found) => {
      const names = found.sort((a, b) => a - b).map((number) => `c${String(number).padStart(4, '0')}`);
      expect(expandHostlist(nodelist(names.map((name) => ({ name }))))).toEqual(names);
    }),
  );
});

test('CPUs are placed where they are free, on one package where that has room', () => {
  const free = fc.tuple(fc.nat(64), fc.nat(64)).filter(([a, b]) => a + b > 0);
  fc.assert(
    fc.property(free, fc.nat(127), ([first, second], wish) => {
      const cpus = 1 + (wish % (first + second));
      const [a, b] = placeCpus(cpus, [first, second]);
      expect(a + b).toBe(cpus);
      expect(a).toBeLessThanOrEqual(first);
      expect(b).toBeLessThanOrEqual(second);
      if (cpus <= Math.max(first, second)) expect(Math.min(a, b)).toBe(0);
    }),
  );
});

test('a week has the mean of its days, more by day than at night and on weekdays than at the weekend', () => {
  const monday = Date.parse('2026-03-02T00:00:00Z');
  const hours = Array.from({ length: 168 }, (_, hour) => rhythm(monday + hour * 3_600_000));
  expect(hours.reduce((sum, part) => sum + part, 0) / 168).toBeCloseTo(1, 9);
  expect(hours[11]!).toBeGreaterThan(3 * hours[3]!);
  expect(hours[5 * 24 + 11]!).toBeLessThan(hours[11]! / 2);
  expect(hours[4 * 24 + 11]!).toBe(hours[11]);
});

test('few users submit most', () => {
  const random = new Random(1, 'users');
  const population = new Population(100, random);
  const counts = new Map<string, number>();
  for (let i = 0; i < 20_000; i++) {
    const { name } = population.next(random);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const [first, second, ...rest] = population.users.map(({ name }) => counts.get(name) ?? 0);
  expect(first! / second!).toBeCloseTo(2 ** 1.1, 0);
  expect(first! / rest.at(-1)!).toBeGreaterThan(50);
  expect(rest.every((count) => count > 0)).toBe(true);
});
