import { type Column, quoted, type Table } from './column';
import { MONTHS_KIND } from './kept-months';
import { COUNTS, groupSql, keptFigures, type TotalKey } from './group-sql';
import { RUN_FIGURES } from './run-day-table';

/** What groups are known by where nothing but months is left. */
export const MONTH_KEYS = [
  'user',
  'uid',
  'account',
  'partition',
  'month',
] as const satisfies readonly TotalKey[];

const column = (name: string, type: Column<never>['type'], merge: Column<never>['merge']): Column<never> => ({
  name,
  type,
  merge,
  of: () => undefined,
});

/**
 * What is left of a month whose energy is kept no longer by job, day and hour: what reports of whole months tell of a user, account
 * and partition, under every policy. A month can have several rows a group: what came late has its own.
 */
export const MONTHS: Table<never> = {
  name: MONTHS_KIND,
  time: 'month_ms',
  order: ['month', 'user', 'account', 'partition'],
  columns: [
    column('month', 'VARCHAR', 'key'),
    column('month_ms', 'BIGINT', 'key'),
    column('user', 'VARCHAR', 'key'),
    column('uid', 'BIGINT', 'key'),
    column('account', 'VARCHAR', 'key'),
    column('partition', 'VARCHAR', 'key'),
    // As slices have them: the lines of what is a sum are counted no more.
    column('lines', 'BIGINT', 'sum'),
    column('first_ms', 'BIGINT', 'min'),
    ...COUNTS.map((name) => column(name, 'BIGINT', 'sum')),
    ...keptFigures().map(({ name, type, role }) =>
      column(name, type, role === 'names' ? 'union' : name === 'gpu_memory_bytes' ? 'max' : 'sum'),
    ),
  ],
};

/**
 * SQL that makes a month's rows of the totals of its days.
 * @param from SQL that gives these
 */
export function monthRowsSql(from: string, monthMs: number): string {
  const groups = groupSql({ from, where: '', whereTold: '', figures: RUN_FIGURES }, [...MONTH_KEYS]);
  const selected = MONTHS.columns.map(({ name, type }) => {
    if (name === 'month_ms') return `${monthMs} AS month_ms`;
    if (name === 'lines') return '0::BIGINT AS lines';
    return `${quoted(name)}::${type} AS ${quoted(name)}`;
  });
  return `SELECT ${selected.join(', ')} FROM (${groups})`;
}
