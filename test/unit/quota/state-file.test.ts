import fc from 'fast-check';
import {
  encodeName,
  formatStateFile,
  formatUserNames,
  isOver,
  parseStateFile,
  parseUserNames,
  type QuotaLine,
  stateFileName,
} from '../../../src/quota/state-file';

const NOW_S = 1_795_683_900;

const line = fc.record<QuotaLine>({
  used: fc.integer({ min: 0, max: 1e12 }).map((n) => n / 1e3),
  limit: fc.integer({ min: 0, max: 1e12 }).map((n) => n / 1e3),
  unit: fc.constantFrom('kWh', 'kgCO2e', 'EUR'),
  period: fc.constantFrom('day', 'month', 'quarter', 'year', '30 days', '999 days'),
  untilS: fc.option(fc.integer({ min: 1, max: 1e11 })),
});
const file = fc.record({
  dataUntilS: fc.option(fc.integer({ min: 1, max: 1e11 })),
  quotas: fc.array(line, { maxLength: 8 }),
});

test('a file is read back as it was written', () => {
  fc.assert(
    fc.property(file, (state) => {
      expect(parseStateFile(formatStateFile(state, NOW_S))).toEqual(state);
    }),
  );
});

test('a file that is not whole is none, wherever it was cut', () => {
  fc.assert(
    fc.property(file, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), (state, part) => {
      const text = formatStateFile(state, NOW_S);
      expect(parseStateFile(text.slice(0, Math.floor(part * text.length)))).toBeNull();
    }),
  );
});

test('a file is what docs/quotas.md shows', () => {
  const quotas = [
    { used: 612.5, limit: 500, unit: 'kWh', period: 'month', untilS: 1_796_079_600 },
    { used: 12.25, limit: 100, unit: 'EUR', period: '30 days', untilS: null },
  ];
  expect(formatStateFile({ dataUntilS: NOW_S, quotas }, NOW_S)).toBe(
    'eit-quota 1 1795683900 over 2\nover 612.5 500 kWh month 1796079600\nwithin 12.25 100 EUR 30_days 0\nend\n',
  );
});

test.each([
  ['what is smaller than a double shows without an exponent', 1e-9, '0.000000001'],
  ['what is smaller still', 1e-12, '0'],
  ['what is large', 123_456_789_012, '123456789012'],
  ['less than nothing, by prices below 0, is nothing:', -12.5, '0'],
  ['a whole number that ends with zeros', 2000, '2000'],
])('%s is a plain decimal', (_, used, text) => {
  const quotas = [{ used, limit: 1e12, unit: 'kWh', period: 'day', untilS: null }];
  expect(formatStateFile({ dataUntilS: 1, quotas }, NOW_S)).toContain(`within ${text} 1000000000000 kWh`);
});

test.each([
  ['nothing', ''],
  ['another form', 'eit-quota 2 1795683900 within 0\nend\n'],
  ['fewer quotas than it says', 'eit-quota 1 1795683900 within 1\nend\n'],
  ['more', 'eit-quota 1 1795683900 within 0\nwithin 1 2 kWh month 0\nend\n'],
  ['a negative use', 'eit-quota 1 1795683900 within 1\nwithin -1 2 kWh month 0\nend\n'],
  ['a use that is no number', 'eit-quota 1 1795683900 within 1\nwithin NaN 2 kWh month 0\nend\n'],
  ['an exponent', 'eit-quota 1 1795683900 within 1\nwithin 1e9 2 kWh month 0\nend\n'],
  ['a period of its own', 'eit-quota 1 1795683900 within 1\nwithin 1 2 kWh week 0\nend\n'],
  ['a terminal’s code', 'eit-quota 1 1795683900 within 1\nwithin 1 2 \u001b[31m month 0\nend\n'],
])('%s is no file of the state', (_, text) => {
  expect(parseStateFile(text)).toBeNull();
});

test.each([
  ['below the limit', 9.9, 10, null, false],
  ['at it', 10, 10, null, true],
  ['in a period that ends later', 11, 10, NOW_S + 1, true],
  ['in a period that has ended', 11, 10, NOW_S, false],
  ['of nothing', 0, 0, NOW_S, true],
])('what is used %s', (_, used, limit, untilS, over) => {
  expect(isOver({ used, limit, unit: 'kWh', period: 'month', untilS }, NOW_S)).toBe(over);
});

test('a name is one word of plain characters, another for each name', () => {
  const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(name, name, (a, b) => {
      expect(encodeName(a)).toMatch(/^([A-Za-z0-9_-]|%[0-9A-F]{2})+$/);
      expect(decodeURIComponent(encodeName(a))).toBe(a);
      expect(encodeName(a) === encodeName(b)).toBe(a === b);
    }),
  );
});

test.each([
  ['..', '%2E%2E'],
  ['.', '%2E'],
  ['../../etc/passwd', '%2E%2E%2F%2E%2E%2Fetc%2Fpasswd'],
  ['@others', '%40others'],
  ['a\0b', 'a%00b'],
  ['Ö', '%C3%96'],
  ['astro.lab', 'astro%2Elab'],
])('%j has the file %s', (name, expected) => {
  expect(stateFileName(name)).toBe(expected);
});

test.each(['', 'x'.repeat(201), '.'.repeat(67)])('%j has none', (name) => {
  expect(stateFileName(name)).toBeNull();
});

test('uids by name are read back, whatever the names are', () => {
  const names = fc.string({ unit: 'binary', minLength: 1 });
  fc.assert(
    fc.property(
      fc.dictionary(names, fc.integer({ min: 0, max: 4_294_967_295 }), { noNullPrototype: true }),
      (uids) => {
        const all = new Map(Object.entries(uids));
        const read = parseUserNames(formatUserNames(all));
        expect(read).toEqual(new Map([...all].map(([name, uid]) => [encodeName(name), uid])));
      },
    ),
  );
  expect(parseUserNames('eit-quota-users 1\n1001 alice\n')).toBeNull();
  expect(parseUserNames('eit-quota-users 1\nalice\nend\n')).toBeNull();
});
