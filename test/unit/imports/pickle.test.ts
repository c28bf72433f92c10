import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { EitError } from '../../../src/errors';
import { parsePickle } from '../../../src/imports/pickle';
import { at, wallMsOf } from '../../../src/imports/pickle-facts';
import { OpaqueValue, type PickleValue } from '../../../src/imports/pickle-value';

const FOLDER = join(__dirname, '../../fixtures/imports/pickles');

/** What test/fixtures/imports/make.py pickled, but for bytes, times and what is called. */
const PLAIN: readonly (readonly [string, PickleValue])[] = [
  ['none', null],
  ['yes', true],
  ['no', false],
  ['small', 7],
  ['negative', -3],
  ['two_bytes', 65535],
  ['four_bytes', -2147483648],
  ['long', 2n ** 70n],
  ['negative_long', -(2n ** 70n)],
  ['float', 0.1],
  ['nothing', -0],
  ['infinite', Infinity],
  ['text', "grün ☃ 🌱 back\\slash 'quote' \n line"],
  ['list', [1, 'two', [3.5]]],
  ['tuple0', []],
  ['tuple1', [1]],
  ['tuple3', [1, 2, 3]],
  ['tuple4', [1, 2, 3, 4]],
  ['many', Array.from({ length: 3000 }, (_, i) => i)],
];

const error = (bytes: Uint8Array | string): string => {
  try {
    parsePickle(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, 'info.pkl');
  } catch (thrown) {
    if (thrown instanceof EitError) return `${thrown.code}: ${thrown.message}`;
    throw thrown;
  }
  return 'none';
};

describe.each([0, 1, 2, 3, 4, 5])('what CPython writes with protocol %i', (protocol) => {
  const value = parsePickle(readFileSync(join(FOLDER, `values-${protocol}.pkl`)), 'values');

  test.each(PLAIN)('%s', (key, wanted) => {
    expect(at(value, key)).toEqual(wanted);
  });

  test('a value that is there twice is one', () => {
    expect(at(value, 'same')).toBe(at(value, 'list'));
  });

  test('a datetime, to the microsecond', () => {
    expect(wallMsOf(at(value, 'when'))).toBe(Date.UTC(2020, 1, 29, 23, 59, 58) + 123.456);
  });

  test('a class of another package is named, with what it would be given', () => {
    const opaque = at(value, 'opaque');
    expect(opaque).toBeInstanceOf(OpaqueValue);
    expect((opaque as OpaqueValue).of).toBe('shapely.geometry.multipolygon.MultiPolygon');
    expect((at(value, 'ordered') as OpaqueValue).of).toBe('collections.OrderedDict');
  });
});

test('bytes as bytes, where the protocol has them', () => {
  const value = parsePickle(readFileSync(join(FOLDER, 'values-4.pkl')), 'values');
  expect([...(at(value, 'bytes') as Uint8Array)]).toEqual([0, 255, 10, 39]);
});

test('what a pickle would run is a name: nothing is run', () => {
  const marker = join(FOLDER, 'must-not-be-there');
  const value = parsePickle(Buffer.from(`cposix\nsystem\n(S'touch ${marker}'\ntR.`), 'evil');
  expect(value).toEqual(new OpaqueValue('posix.system', [`touch ${marker}`]));
  expect(() => readFileSync(marker)).toThrow('ENOENT');
  const evaluated = parsePickle(Buffer.from(`c__builtin__\neval\n(S'1/0'\ntR.`), 'evil');
  expect(evaluated).toBeInstanceOf(OpaqueValue);
});

test('a key that JavaScript has a meaning for is a key', () => {
  const value = parsePickle(Buffer.from(`(dS'__proto__'\n(dS'id'\nS'x'\nss.`), 'evil');
  expect(at(value, '__proto__', 'id')).toBe('x');
  expect(at(value, 'id')).toBeUndefined();
  expect(({} as Record<string, unknown>)['id']).toBeUndefined();
});

test('a list that is in itself, and lists that share lists, stay what they are', () => {
  const own = parsePickle(Buffer.from(']q\0h\0a.', 'latin1'), 'own') as PickleValue[];
  expect(own[0]).toBe(own);
  // Each list twice in the next: written out it would have 2^200 items.
  let text = ']q\0';
  for (let i = 0; i < 200; i++) text += `](h\0h\0eq\0`;
  expect(error(`${text}.`)).toMatch('values that nothing uses');
});

test('what is filled many times is made once: each filling names what it was called with', () => {
  const times = 20_000;
  const text = `(cdatetime\ndatetime\n(K\x01K\x02tR${'2Nb'.repeat(times)}t.`;
  const filled = parsePickle(Buffer.from(text, 'latin1'), 'filled') as OpaqueValue[];
  expect(filled).toHaveLength(times + 1);
  expect(new Set(filled.map(({ given }) => given)).size).toBe(1);
  expect(filled.at(-1)).toEqual(new OpaqueValue('datetime.datetime', [1, 2], null));
  expect(filled[0]?.state).toBeUndefined();
});

test.each([
  [
    'cut off in a text',
    'X\xff\xff\xff\x7fabc',
    /EIT_IMPORT: info\.pkl is no pickle.*in the middle: 2147483647 bytes/,
  ],
  ['a length above any', '\x8e\xff\xff\xff\xff\xff\xff\xff\xffabc', /in the middle/],
  ['a negative length', 'T\xff\xff\xff\xff', /a text of -1 bytes/],
  ['a number of a million digits', `L${'9'.repeat(1_000_000)}L\n.`, /a number of 1000001 digits/],
  ['a long of many bytes', `\x8b\x00\x00\x10\x00${'x'.repeat(1 << 20)}.`, /a number of 1048576 bytes/],
  ['no value', '.', /an empty stack/],
  ['no mark', 'e.', /no mark/],
  ['items of a number', 'K\x01(K\x02e.', /items of what is not a list/],
  ['an opcode of nobody', '\xee', /0xee is no opcode/],
  ['a key without a value', '}(K\x01u.', /a key without a value/],
  ['something forgotten', 'h\x05.', /no value was remembered as 5/],
  ['more values than any log has', `(${'N'.repeat(2_000_001)}t.`, /more than 2000000 values/],
  ['a text file', 'hello', /EIT_IMPORT/],
  ['nothing', '', /in the middle/],
])('%s is refused', (_, text, wanted) => {
  expect(error(text)).toMatch(wanted);
});

test('whatever bytes come, there is a value or an EitError', () => {
  const opcodes = Array.from(Buffer.from('.(012IJKLMNFGSTUVXBC]laet)}dsupqrgjhcibRoPQ'));
  const byte = fc.oneof(fc.constantFrom(...opcodes, 0x80, 0x81, 0x8a, 0x8c, 0x93, 0x94, 0x90), fc.nat(255));
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 60 }), (bytes) => {
      expect(error(Uint8Array.from(bytes))).toMatch(/^(none|EIT_IMPORT: )/);
    }),
    { numRuns: 3000 },
  );
});
