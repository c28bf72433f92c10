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
  let [at, line, recordLine] = [0, 1, 1];
  let fields: string[] = [];
  while (at < text.length || fields.length > 0) {
    const isQuoted = text[at] === '"';
    const fieldEnd = isQuoted ? closingQuote(text, at + 1) : plainEnd(text, at);
    const behind = isQuoted ? fieldEnd + 1 : fieldEnd;
    const separator = fieldEnd < 0 ? null : separatorAt(text, behind);
    if (separator === null)
      throw new EitError(
        'EIT_DATA_FILE',
        `${file}:${line}: a quote that is not closed or not at a field's end`,
      );
    const field = text.slice(isQuoted ? at + 1 : at, fieldEnd);
    fields.push(isQuoted ? field.replaceAll('""', '"') : field);
    if (isQuoted) line += lineBreaksIn(field);
    at = behind + separator.length;
    if (separator === ',') continue;
    if (separator !== '') line += 1;
    if (fields.length > 1 || fields[0] !== '') records.push({ line: recordLine, fields });
    fields = [];
    recordLine = line;
  }
  return records;
}

/** Where the quote is that ends a field, from `from` on; -1: nowhere. No regular expression: long fields overflow its stack. */
function closingQuote(text: string, from: number): number {
  let at = text.indexOf('"', from);
  while (at >= 0 && text[at + 1] === '"') at = text.indexOf('"', at + 2);
  return at;
}

const [QUOTE, COMMA, LF, CR] = [0x22, 0x2c, 0x0a, 0x0d];

/** Where a field without quotes ends: before a comma, a quote or a line's end. */
function plainEnd(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE || code === COMMA || code === LF || code === CR) break;
  }
  return at;
}

/** What ends a field: a comma, a line's end or the text's (''); null: something else. */
function separatorAt(text: string, at: number): string | null {
  const character = text.charAt(at);
  if (character === '\r') return text[at + 1] === '\n' ? '\r\n' : null;
  return character === '' || character === ',' || character === '\n' ? character : null;
}

function lineBreaksIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
