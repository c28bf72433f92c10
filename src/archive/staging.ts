import type { DuckDBConnection, DuckDBAppender, DuckDBType } from '@duckdb/node-api';
import { duckDb } from './duckdb';
import { type Column, quoted, type Table } from './column';

/** Rows that DuckDB takes at once. */
const CHUNK_ROWS = 2048;

/** In the staging table absent numbers are this, since no number of ours is negative; absent texts are empty. */
const ABSENT = -1;

/**
 * Takes rows of a table and hands them to DuckDB in pieces. In the staging table numbers are doubles, which JavaScript writes without a
 * detour and which are exact below 2^53: no row's sum is larger.
 */
export class Staging<Row> {
  readonly #connection: DuckDBConnection;
  readonly #table: Table<Row>;
  readonly #name: string;
  readonly #types: readonly DuckDBType[];
  #appender: DuckDBAppender | null = null;
  #rows: Row[] = [];
  #count = 0;
  /** Columns of which a row had a value: the others are not stored. */
  readonly #used: boolean[];

  constructor(connection: DuckDBConnection, table: Table<Row>) {
    const { DOUBLE, VARCHAR } = duckDb();
    this.#connection = connection;
    this.#table = table;
    this.#name = `staging_${table.name}`;
    this.#types = table.columns.map(({ type }) => (type === 'VARCHAR' ? VARCHAR : DOUBLE));
    this.#used = table.columns.map(() => false);
  }

  get rows(): number {
    return this.#count;
  }

  async add(row: Row): Promise<void> {
    this.#rows.push(row);
    if (this.#rows.length === CHUNK_ROWS) await this.#flush();
  }

  async addAll(rows: Iterable<Row>): Promise<void> {
    for (const row of rows) if (this.#rows.push(row) === CHUNK_ROWS) await this.#flush();
  }

  /** The rows added, with their columns' types and absent values as such: a relation for SQL. */
  async relation(): Promise<string> {
    await this.#flush();
    this.#appender?.flushSync();
    const columns = this.#table.columns.map(
      (column, i) => `${this.#valueSql(column, this.#used[i] === true)} AS ${quoted(column.name)}`,
    );
    return `(SELECT ${columns.join(', ')} FROM ${this.#name})`;
  }

  async clear(): Promise<void> {
    this.#appender?.closeSync();
    this.#appender = null;
    if (this.#count > 0) await this.#connection.run(`DROP TABLE ${this.#name}`);
    this.#rows = [];
    this.#count = 0;
    this.#used.fill(false);
  }

  #valueSql({ name, type }: Column<Row>, isUsed: boolean): string {
    if (!isUsed) return `NULL::${type}`;
    if (type === 'VARCHAR') return `nullif(${quoted(name)}, '')`;
    if (type === 'BOOLEAN') return `${quoted(name)} = 1`;
    return `nullif(${quoted(name)}, ${ABSENT})::${type}`;
  }

  async #flush(): Promise<void> {
    const rows = this.#rows;
    if (rows.length === 0 && this.#appender !== null) return;
    const appender = (this.#appender ??= await this.#begin());
    if (rows.length === 0) return;
    const { DuckDBDataChunk, DuckDBDoubleVector } = duckDb();
    const chunk = DuckDBDataChunk.create(this.#types, rows.length);
    this.#table.columns.forEach(({ of }, i) => {
      const vector = chunk.getColumnVector(i);
      if (vector instanceof DuckDBDoubleVector)
        this.#used[i] = fillNumbers(vector, rows, of) || this.#used[i]!;
      else {
        rows.forEach((row, k) => {
          const text = of(row) as string | undefined;
          vector.setItem(k, text ?? '');
          if (text !== undefined) this.#used[i] = true;
        });
      }
      vector.flush();
    });
    appender.appendDataChunk(chunk);
    this.#count += rows.length;
    this.#rows = [];
  }

  async #begin(): Promise<DuckDBAppender> {
    const columns = this.#table.columns.map(
      ({ name, type }) => `${quoted(name)} ${type === 'VARCHAR' ? 'VARCHAR' : 'DOUBLE'}`,
    );
    await this.#connection.run(`CREATE OR REPLACE TABLE ${this.#name} (${columns.join(', ')})`);
    return this.#connection.createAppender(this.#name);
  }
}

/** The package's own way of setting items checks and boxes each; this fills the vector's memory. */
function fillNumbers<Row>(vector: object, rows: readonly Row[], of: Column<Row>['of']): boolean {
  const items = (vector as { items: Float64Array }).items;
  let isUsed = false;
  for (let k = 0; k < rows.length; k++) {
    const value = of(rows[k]!);
    if (value === undefined) items[k] = ABSENT;
    else {
      items[k] = Number(value);
      isUsed = true;
    }
  }
  return isUsed;
}
