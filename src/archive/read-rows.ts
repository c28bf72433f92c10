import type { DuckDBConnection } from '@duckdb/node-api';
import { quoted, type Table, type Value } from './column';
import { archiveError } from './part';
import type { Values } from './slice-table';

/** In what DuckDB hands over absent numbers are this, absent texts empty: to ask each value whether it is there takes longer. */
const ABSENT = -1;

/**
 * Rows of a table's relation, streamed. Numbers come as doubles, which are exact below 2^53.
 * @param names of the columns that are wanted
 * @param from SQL from FROM on
 * @throws EitError EIT_ARCHIVE where a part is missing or damaged
 */
export async function* readRows(
  connection: DuckDBConnection,
  table: Table<never>,
  names: readonly string[],
  from: string,
): AsyncGenerator<Values, void, undefined> {
  const columns = names.map((name) => {
    const column = table.columns.find((candidate) => candidate.name === name);
    if (column === undefined) throw new Error(`${table.name} has no column ${name}`);
    return column;
  });
  const select = columns.map(({ name, type }) =>
    type === 'VARCHAR' ? `coalesce(${quoted(name)}, '')` : `coalesce(${quoted(name)}::DOUBLE, ${ABSENT})`,
  );
  try {
    const result = await connection.stream(`SELECT ${select.join(', ')} FROM ${from}`);
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return;
      const values = columns.map((_, i) => chunk.getColumnValues(i));
      for (let row = 0; row < chunk.rowCount; row++) {
        const found: Record<string, Value> = {};
        for (let i = 0; i < columns.length; i++) {
          const { name, type } = columns[i]!;
          found[name] = valueOf(values[i]![row], type);
        }
        yield found;
      }
    }
  } catch (cause) {
    throw archiveError(cause);
  }
}

function valueOf(value: unknown, type: string): Value {
  if (type === 'VARCHAR') return value === '' ? undefined : (value as string);
  if (value === ABSENT) return undefined;
  return type === 'BOOLEAN' ? value === 1 : (value as number);
}
