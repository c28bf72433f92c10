import { derivedColumn, quoted, type Table } from './column';
import { MONTHS_KIND } from './kept-months';
import { COUNTS, groupSql, keptFigures, SUM_KEYS } from './group-sql';
import { RUN_FIGURES } from './run-day-table';

/**
 * What is left of a month whose energy is kept no longer by job, day and hour: what reports of whole months tell of a user, account
 * and partition, under every policy. A month can have several rows a group: what came late has its own.
 */
export const MONTHS: Table<never> = {
  name: MONTHS_KIND,
  time: 'month_ms',
  order: ['month', 'user', 'account', 'partition'],
  columns: [
    derivedColumn('month', 'VARCHAR', 'key'),
    derivedColumn('month_ms', 'BIGINT', 'key'),
    derivedColumn('user', 'VARCHAR', 'key'),
    derivedColumn('uid', 'BIGINT', 'key'),
    derivedColumn('account', 'VARCHAR', 'key'),
    derivedColumn('partition', 'VARCHAR', 'key'),
    // As slices have them: the lines of what is a sum are counted no more.
    derivedColumn('lines', 'BIGINT', 'sum'),
    derivedColumn('first_ms', 'BIGINT', 'min'),
    ...COUNTS.map((name) => derivedColumn(name, 'BIGINT', 'sum')),
    ...keptFigures().map(({ name, type, role }) =>
      derivedColumn(name, type, role === 'names' ? 'union' : name === 'gpu_memory_bytes' ? 'max' : 'sum'),
    ),
  ],
};

/**
 * SQL that makes a month's rows of the totals of its days.
 * @param from SQL that gives these
 */
export function monthRowsSql(from: string, monthMs: number): string {
  const groups = groupSql({ from, where: '', whereTold: '', figures: RUN_FIGURES }, [...SUM_KEYS]);
  const selected = MONTHS.columns.map(({ name, type }) => {
    if (name === 'month_ms') return `${monthMs} AS month_ms`;
    if (name === 'lines') return '0::BIGINT AS lines';
    return `${quoted(name)}::${type} AS ${quoted(name)}`;
  });
  return `SELECT ${selected.join(', ')} FROM (${groups})`;
}
