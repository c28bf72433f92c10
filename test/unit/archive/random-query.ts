import fc from 'fast-check';
import { POLICIES } from '../../../src/attribution/policy';
import { dayNamed } from '../../../src/archive/days';
import { slotMsOf } from '../../../src/archive/slot';
import type { GroupKey } from '../../../src/generated/report';
import type { ReportQuery } from '../../../src/report/aggregate';
import { BEGIN_MS, END_MS } from './random-life';

const HOUR_MS = 3_600_000;

/** All that these lives hold, and nothing cut. */
export const WHOLE = { sinceMs: BEGIN_MS - 48 * HOUR_MS, untilMs: END_MS + 48 * HOUR_MS };

/** In Beirut clocks go forward at midnight, on 29 March. */
export const ZONES = ['UTC', 'Europe/Berlin', 'Asia/Beirut', 'Asia/Kolkata', 'Asia/Kathmandu'] as const;
export type Zone = (typeof ZONES)[number];

const SUMMED: GroupKey[] = ['user', 'account', 'partition', 'day', 'month', 'cluster'];

const filter = fc.record(
  {
    users: fc.constantFrom(
      [{ uid: 1001, name: 'alice' }],
      [{ name: 'alice' }],
      [{ uid: 1004 }, { name: "o'neil, x" }],
      [{ uid: 1003, name: 'bob' }],
      [],
    ),
    accounts: fc.constantFrom(new Set(['physics']), new Set(['chemistry', 'äöü "q", \u{1f9ea}'])),
    partitions: fc.constantFrom(new Set(['cpu']), new Set(['gpu', 'none'])),
    jobs: fc.constantFrom(new Set([1]), new Set([2, 3])),
    clusters: fc.constantFrom(new Set(['alpha']), new Set(['beta'])),
    nodes: fc.constantFrom(new Set(['n1']), new Set(['n2', 'n3'])),
  },
  { requiredKeys: [] },
);

const query = fc.record({
  groupBy: fc.oneof(
    { weight: 4, arbitrary: fc.subarray(SUMMED, { minLength: 1, maxLength: 3 }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<GroupKey[]>(['job'], ['job', 'day'], ['node', 'user'], ['node']),
    },
  ),
  policy: fc.constantFrom(...POLICIES),
  filter: fc.oneof(
    { weight: 2, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: filter },
    { weight: 1, arbitrary: filter.map(({ users, accounts }) => ({ users, accounts })) },
  ),
  window: fc.oneof(
    { weight: 2, arbitrary: fc.constant(null) },
    {
      weight: 2,
      arbitrary: fc.record({ unit: fc.constantFrom('day', 'slot'), from: fc.nat(150), length: fc.nat(200) }),
    },
  ),
  zone: fc.constantFrom(null, null, null, ...ZONES),
  withUnattributed: fc.boolean(),
  extrapolate: fc.constantFrom(false, false, false, true),
});

/** Questions of which the archive of a zone gives the answer that its records would, to the digit. */
export function anyExactQuery(archiveZone: Zone): fc.Arbitrary<Partial<ReportQuery>> {
  const slotMs = slotMsOf(archiveZone, BEGIN_MS);
  return query.map(({ window, zone, filter: given, ...asked }) => ({
    ...asked,
    filter: given,
    // Days that begin within a slot are the archive's rule, not the records'.
    timeZone: zone === null || slotMsOf(zone, BEGIN_MS) < slotMs ? archiveZone : zone,
    ...(window === null ? WHOLE : windowOf(window, archiveZone, slotMs)),
  }));
}

function windowOf(
  { unit, from, length }: { readonly unit: string; readonly from: number; readonly length: number },
  zone: string,
  slotMs: number,
): { sinceMs: number; untilMs: number } {
  if (unit === 'slot') {
    const sinceMs = BEGIN_MS + from * HOUR_MS - (BEGIN_MS % slotMs);
    return { sinceMs, untilMs: sinceMs + (1 + length) * slotMs };
  }
  const dayMs = (days: number) =>
    dayNamed(new Date(BEGIN_MS + days * 24 * HOUR_MS).toISOString().slice(0, 10), zone).fromMs;
  const first = (from % 8) - 1;
  return { sinceMs: dayMs(first), untilMs: dayMs(first + 1 + (length % 7)) };
}
