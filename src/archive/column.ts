/**
 * How values of rows that are one row become one: `key` makes rows the same; sums, least and most; `or` of booleans; `earliest` is the value
 * of the row whose order columns are lowest, absent values too; `latest` that of the row whose order column is highest; `union` joins lists.
 */
export type Merge = 'key' | 'sum' | 'min' | 'max' | 'or' | 'earliest' | 'latest' | 'union';

export type Value = number | string | boolean | undefined;

/** A column of a table of the archive. Lists of names are texts with commas. */
export interface Column<Row> {
  readonly name: string;
  readonly type: 'BIGINT' | 'INTEGER' | 'BOOLEAN' | 'VARCHAR' | 'DECIMAL(38,0)';
  readonly merge: Merge;
  /** undefined: absent. Numbers are whole, and not negative. */
  readonly of: (row: Row) => Value;
}

/** What of the ledger is kept as Parquet, by one list of columns from which everything that is done with it follows. */
export interface Table<Row> {
  /** Also the name of its folder: `kind=NAME`. */
  readonly name: string;
  readonly columns: readonly Column<Row>[];
  /** Columns that `earliest` goes by; their own values follow it too. */
  readonly earliestBy?: readonly string[];
  /** Column that `latest` goes by. */
  readonly latestBy?: string;
  /** In which parts are sorted: what is asked for together lies together. */
  readonly order: readonly string[];
  /** Column, Unix ms, by which a row belongs to a day and month. */
  readonly time: string;
}

/** A name as SQL has it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** SQL that gives no row, in all columns of a table: parts that an older version wrote have fewer. */
export function shapeSql({ columns }: Pick<Table<never>, 'columns'>): string {
  return `SELECT ${columns.map(({ name, type }) => `NULL::${type} AS ${quoted(name)}`).join(', ')} WHERE false`;
}

/** Columns of a part that holds none of the values of a column may lack it. */
export function selectAll(table: Table<never>): string {
  return table.columns.map(({ name }) => quoted(name)).join(', ');
}

/**
 * SQL that makes of rows with the same key one. Most rows are the only ones of their key, in a part that was merged before: they are
 * passed on as they are.
 * @param from a table or relation
 */
export function mergeSql(table: Table<never>, from: string): string {
  const keys = table.columns.filter(({ merge }) => merge === 'key').map(({ name }) => quoted(name));
  const columns = table.columns.map((column) => `${mergedSql(table, column)} AS ${quoted(column.name)}`);
  return `SELECT ${columns.join(', ')} FROM ${from} GROUP BY ${keys.join(', ')}`;
}

/** A column of a table that DuckDB makes of another: no row of ours has it. */
export function derivedColumn(
  name: string,
  type: Column<never>['type'],
  merge: Column<never>['merge'],
): Column<never> {
  return { name, type, merge, of: () => undefined };
}

/** SQL aggregate that makes one value of a column's values. */
export function mergedSql(table: Table<never>, { name, type, merge }: Column<never>): string {
  const value = quoted(name);
  switch (merge) {
    case 'key':
      return value;
    case 'sum':
      return `sum(${value})::${type}`;
    case 'min':
      return `min(${value})`;
    case 'max':
      return `max(${value})`;
    case 'or':
      return `bool_or(${value})`;
    case 'union':
      // Names have no commas, and few rows have any.
      return `string_agg(DISTINCT ${value}, ',' ORDER BY ${value})`;
    case 'earliest':
      return `first(${value} ORDER BY ${(table.earliestBy ?? []).map(quoted).join(', ')})`;
    case 'latest':
      return `arg_max(${value}, ${quoted(table.latestBy ?? name)})`;
  }
}
