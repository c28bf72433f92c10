import fc from 'fast-check';
import { parseCsv } from '../../../src/carbon/csv';

const rows = (text: string) => parseCsv(text, 'f.csv').map(({ fields }) => fields);

test.each<[string, string, string[][]]>([
  [
    'plain fields',
    'a,b\nc,d\n',
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  ['no line end at the end', 'a,b', [['a', 'b']]],
  [
    'Windows line ends',
    'a,b\r\nc,d\r\n',
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  ['empty fields', ',a,,\n', [['', 'a', '', '']]],
  ['a comma at the very end', 'a,', [['a', '']]],
  ['quoted commas and quotes', '"a, ""b""",c\n', [['a, "b"', 'c']]],
  ['a quoted line end', '"a\nb",c\n', [['a\nb', 'c']]],
  ['an empty quoted field', '""\n"",a\n', [['', 'a']]],
  ['empty lines', '\na\n\nb\n\n', [['a'], ['b']]],
  ['nothing', '', []],
])('%s', (_, text, expected) => {
  expect(rows(text)).toEqual(expected);
});

test('a record knows the line where it begins', () => {
  expect(parseCsv('a\n"b\nc"\n\nd\n', 'f.csv').map(({ line }) => line)).toEqual([1, 2, 5]);
});

test.each([
  ['not closed', 'a\n"b,c\n', 2],
  ['in a field', 'a"b,c\n', 1],
  ['before more of the field', 'a\nb\n"c"d\n', 3],
  ['not closed behind line ends', '"a\nb","c\n""', 2],
])('a quote %s is refused with its line', (_, text, line) => {
  expect(() => rows(text)).toThrow(`f.csv:${line}: a quote that is not closed or not at a field's end`);
});

test('what was written as CSV is read again', () => {
  const field = fc
    .array(fc.constantFrom('a', ',', '"', '\n', '\r\n', ' ', 'é'), { maxLength: 6 })
    .map((parts) => parts.join(''));
  const table = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 5 });
  fc.assert(
    fc.property(table, (records) => {
      const quote = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
      expect(rows(records.map((fields) => `${fields.map(quote).join(',')}\n`).join(''))).toEqual(records);
    }),
  );
});

test('a quoted field may be as long as the text', () => {
  const long = `${'a,\n""'.repeat(1000)}${'a'.repeat(20_000_000)}`;
  const [[field, next] = []] = rows(`"${long}",b\n`);
  // Compared here: the test's own comparison of so long a text takes seconds.
  expect([field === long.replaceAll('""', '"'), next]).toEqual([true, 'b']);
  expect(() => rows(`x\n"${long}`)).toThrow('f.csv:2: a quote that is not closed');
});
