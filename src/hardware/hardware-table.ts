import { readFileSync } from 'node:fs';
import { visible } from '../config/visible';
import { EitError } from '../errors';

/** A line of a table: where it stands, and its fields by the names of the columns. */
export interface HardwareLine<Name extends string> {
  readonly place: string;
  readonly fields: Readonly<Record<Name, string>>;
}

/** A file of data/hardware. @throws EitError EIT_DATA_FILE where it cannot be read */
export function readHardwareTable(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new EitError('EIT_DATA_FILE', `cannot read ${visible(path)}; install EIT again`, { cause: error });
  }
}

/**
 * The lines of a table with these columns, in this order; no quoting.
 * @throws EitError EIT_DATA_FILE, with the line, where one is not of this form
 */
export function parseHardwareTable<Name extends string>(
  text: string,
  path: string,
  columns: readonly Name[],
): HardwareLine<Name>[] {
  const [header, ...lines] = text.trimEnd().split('\n');
  if (header !== columns.join(','))
    throw new EitError(
      'EIT_DATA_FILE',
      `${path}:1: expected the columns ${columns.join()}; install EIT again`,
    );
  return lines.map((line, at) => {
    const fields = line.split(',');
    const place = `${path}:${at + 2}`;
    if (fields.length !== columns.length) throw badLine(place, line);
    return {
      place,
      fields: Object.fromEntries(columns.map((name, i) => [name, fields[i] ?? ''])) as Record<Name, string>,
    };
  });
}

/** A number above 0. @throws EitError EIT_DATA_FILE */
export function positiveField(place: string, field: string): number {
  const value = /^\d+(\.\d+)?$/.test(field) ? Number(field) : 0;
  if (value > 0) return value;
  throw badLine(place, field);
}

export function badLine(place: string, what: string): EitError {
  return new EitError(
    'EIT_DATA_FILE',
    `${place}: ${JSON.stringify(visible(what, 120))} is not as it should be; install EIT again`,
  );
}
