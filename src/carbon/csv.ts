import { EitError } from '../errors';

/** A record of a CSV file and the line where it begins, from 1. */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * Parses CSV (RFC 4180: https://www.rfc-editor.org/rfc/rfc4180): fields in double quotes may hold commas, line breaks
 * and doubled quotes; lines end with LF or CRLF. Empty lines are left out.
 * @param file named in errors
 * @throws EitError EIT_DATA_FILE where a quote is not closed, or stands in or behind a field
 */
export function parseCsv(text: string, file: string): CsvRecord[] {
  const records: CsvRecord[] = [];
  let line = 1;
  let fields: string[] = [];
  let recordLine = 1;
  // One field and what ends it: a comma, a line's end or the text's.
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  while (field.lastIndex < text.length || fields.length > 0) {
    const match = field.exec(text);
    if (!match)
      throw new EitError(
        'EIT_DATA_FILE',
        `${file}:${line}: a quote that is not closed or not at a field's end`,
      );
    const [whole, quoted, plain = '', end] = match;
    fields.push(quoted?.replaceAll('""', '"') ?? plain);
    line += whole.split('\n').length - 1;
    if (end === ',') continue;
    if (fields.length > 1 || fields[0] !== '') records.push({ line: recordLine, fields });
    fields = [];
    recordLine = line;
  }
  return records;
}
