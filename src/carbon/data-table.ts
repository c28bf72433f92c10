import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import { type CsvRecord, parseCsv } from './csv';

export const REINSTALL = 'install EIT again';

/**
 * A file of the package's folder `data`.
 * @throws EitError EIT_DATA_FILE where it cannot be read
 */
export function readDataFile(dataDir: string, name: string): string {
  try {
    return readFileSync(join(dataDir, name), 'utf8');
  } catch (error) {
    throw new EitError('EIT_DATA_FILE', `cannot read ${visible(join(dataDir, name))}; ${REINSTALL}`, {
      cause: error,
    });
  }
}

/** A line of a table: its place, and its fields by the names that the caller has for the columns. */
export interface TableLine<Name extends string> {
  readonly place: string;
  readonly fields: Readonly<Record<Name, string>>;
}

/**
 * The lines of a CSV file with a header; columns that nobody asked for are passed over.
 * @param columns name to title of the column
 * @throws EitError EIT_DATA_FILE where a column is missing or the text is no CSV
 */
export function parseTable<Name extends string>(
  text: string,
  file: string,
  columns: Readonly<Record<Name, string>>,
): TableLine<Name>[] {
  const [header, ...records] = parseCsv(text, file);
  const indexes = (Object.entries(columns) as [Name, string][]).map(([name, title]) => {
    const index = header?.fields.indexOf(title) ?? -1;
    if (index < 0) throw new EitError('EIT_DATA_FILE', `${file}:1: the column "${title}" is missing`);
    return [name, index] as const;
  });
  return records.map(({ line, fields }: CsvRecord) => ({
    place: `${file}:${line}`,
    fields: Object.fromEntries(indexes.map(([name, index]) => [name, fields[index] ?? ''])) as Record<
      Name,
      string
    >,
  }));
}

/**
 * An intensity in gCO2eq/kWh.
 * @throws EitError EIT_DATA_FILE where it is none, or one that cannot be
 */
export function parseGrams(field: string, place: string): number {
  // Number('') is 0, and an intensity that is not known is not 0.
  const value = /^\d+(\.\d+)?$/.test(field) ? Number(field) : NaN;
  if (value <= 5000) return value;
  throw new EitError('EIT_DATA_FILE', `${place}: "${visible(field, 80)}" is no intensity in gCO2eq/kWh`);
}
