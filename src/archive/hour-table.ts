import { POLICIES } from '../attribution/policy';
import { DOMAIN_CLASSES } from '../runs/domain-class';
import { derivedColumn, quoted, type Table } from './column';
import type { Day } from './days';

const CLASSES_SUMMED = ['measured', 'modelled'] as const;

/** Columns that are sums of the slices' columns of the same name. */
const SUMMED = [
  'cpu_us',
  'gpu_ms',
  ...DOMAIN_CLASSES.flatMap((name) =>
    CLASSES_SUMMED.flatMap((kind) => POLICIES.map((policy) => `${name}_${kind}_${policy}_uj`)),
  ),
];

/** What site.node_overhead is applied to: measured energy where no part of the node's other power was seen. */
const OVERHEAD = POLICIES.map((policy) => ({
  name: `overhead_base_${policy}_uj`,
  sql: DOMAIN_CLASSES.map((name) => `coalesce(${quoted(`${name}_measured_${policy}_uj`)}, 0)`).join(' + '),
}));

/**
 * SQL of a row's energies under a policy: what was recorded, and what site.node_overhead is applied to.
 * @param empty columns that hold nothing
 */
export function hourEnergySql(
  policy: string,
  empty: ReadonlySet<string> = new Set(),
): { readonly uj: string; readonly base: string } {
  const told = DOMAIN_CLASSES.flatMap((of) =>
    CLASSES_SUMMED.map((kind) => `${of}_${kind}_${policy}_uj`),
  ).filter((column) => !empty.has(column));
  return {
    uj: `(${told.map((column) => `coalesce(${quoted(column)}, 0)`).join(' + ') || '0'})`,
    base: `overhead_base_${policy}_uj`,
  };
}

/**
 * Energy by slot of time and by whom: for emissions by the hour, and for anyone who wants curves. Made from slices, and made again where
 * those change.
 */
export const HOUR_TOTALS: Table<never> = {
  name: 'hours',
  time: 'slot_ms',
  order: ['user', 'account', 'partition', 'slot_ms'],
  columns: [
    derivedColumn('slot_ms', 'BIGINT', 'key'),
    derivedColumn('uid', 'BIGINT', 'key'),
    derivedColumn('user', 'VARCHAR', 'key'),
    derivedColumn('account', 'VARCHAR', 'key'),
    derivedColumn('partition', 'VARCHAR', 'key'),
    ...SUMMED.map((name) => derivedColumn(name, 'BIGINT', 'sum')),
    ...OVERHEAD.map(({ name }) => derivedColumn(name, 'BIGINT', 'sum')),
  ],
};

/**
 * @param from SQL from FROM on that gives slices of the days; names are as reports have them where a run tells none
 * @param days by time: whether a run's node had a domain of class other is asked of each day, as {@link GroupSums} does
 */
export function hourTotalsSql(from: string, days: readonly Pick<Day, 'toMs'>[]): string {
  const keys = [
    'slot_ms',
    'uid',
    `coalesce("user", 'uid:' || uid, '(unknown)') AS "user"`,
    `coalesce(account, '(unknown)') AS account`,
    `coalesce("partition", '(unknown)') AS "partition"`,
  ];
  const sums = [
    ...SUMMED.map((name) => `sum(${quoted(name)})::BIGINT AS ${quoted(name)}`),
    ...OVERHEAD.map(
      ({ name, sql }) => `coalesce(sum(${sql}) FILTER (WHERE seen IS NULL), 0)::BIGINT AS ${name}`,
    ),
  ];
  const dayOf = days.map(({ toMs }, i) => `WHEN slot_ms < ${toMs} THEN ${i}`).join(' ');
  return `
WITH ofdays AS NOT MATERIALIZED (SELECT *, CASE ${dayOf} END AS nth_day FROM ${from}),
other AS (SELECT DISTINCT node, job, restart, started_ms, nth_day, true AS seen FROM ofdays WHERE other_observed_ms IS NOT NULL)
SELECT ${[...keys, ...sums].join(', ')}
FROM ofdays LEFT JOIN other USING (node, job, restart, started_ms, nth_day) GROUP BY 1, 2, 3, 4, 5`;
}
