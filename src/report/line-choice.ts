import { EitError } from '../errors';
import { type Column, columnNamed, COLUMNS, type Row } from './columns';

/** A column that lines are sorted by. */
export interface SortKey {
  readonly column: Column;
  readonly descending: boolean;
}

/** Which lines of a report are shown, and in which order; the rest of them are added up to one. */
export interface LineChoice {
  /** The first decides, the next where lines are equal in it; empty: as the report's keys have it. */
  readonly sort: readonly SortKey[];
  /** At most so many lines; null: all. */
  readonly top: number | null;
  /** Lines with less Energy (kWh, with PUE) are not shown; 0: all are. */
  readonly minKwh: number;
}

/** Every line, as the report's keys have it. */
export const ALL_LINES: LineChoice = { sort: [], top: null, minKwh: 0 };

/**
 * Reads the value of --sort: names of columns in any case, with commas; `-Energy` or `Energy:desc` for the largest first.
 * @throws EitError EIT_USAGE for a name that is no column
 */
export function parseSort(text: string): SortKey[] {
  const keys = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [, sign = '', name = '', order] = /^([-+]?)(.*?)(?::(asc|desc))?$/i.exec(part) ?? [];
      const column = columnNamed(name);
      if (column === undefined || (sign !== '' && order !== undefined)) {
        throw new EitError(
          'EIT_USAGE',
          `--sort: ${JSON.stringify(part)} is no column with an order. Give -Energy or Energy:desc for the largest first, Energy or ` +
            `Energy:asc for the smallest. There are ${COLUMNS.map((c) => c.name).join(', ')}; --helpformat says what they are.`,
        );
      }
      return { column, descending: sign === '-' || order?.toLowerCase() === 'desc' };
    });
  if (keys.length > 0) return keys;
  throw new EitError('EIT_USAGE', '--sort names no column; --helpformat lists them');
}

/**
 * The lines to be shown, in their order, and those to be added up.
 * @param lines a report's lines in the order of its keys, which stays where lines are equal
 */
export function chooseLines<T>(
  lines: readonly T[],
  rowOf: (line: T) => Row,
  { sort, top, minKwh }: LineChoice,
): { readonly shown: T[]; readonly others: T[] } {
  const sorted =
    sort.length === 0
      ? lines
      : lines
          .map((line) => ({ line, values: sort.map(({ column }) => sortValue(column, rowOf(line))) }))
          .sort((a, b) => compare(a.values, b.values, sort))
          .map(({ line }) => line);
  const shown: T[] = [];
  const others: T[] = [];
  for (const line of sorted) {
    const isShown = rowOf(line).energy_kwh.total >= minKwh && shown.length < (top ?? Infinity);
    (isShown ? shown : others).push(line);
  }
  return { shown, others };
}

type SortValue = string | number | null;

function sortValue(column: Column, row: Row): SortValue {
  return column.order === undefined ? column.raw(row) : column.order(row);
}

/** What has no value comes last either way. */
function compare(a: readonly SortValue[], b: readonly SortValue[], sort: readonly SortKey[]): number {
  for (const [i, { descending }] of sort.entries()) {
    const [x, y] = [a[i] ?? null, b[i] ?? null];
    if (x === y) continue;
    if (x === null || y === null) return x === null ? 1 : -1;
    return x < y === descending ? 1 : -1;
  }
  return 0;
}
