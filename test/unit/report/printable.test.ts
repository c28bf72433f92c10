import fc from 'fast-check';
import { cut, displayWidth, pad, visible } from '../../../src/report/printable';

test.each([
  ['alice', 'alice'],
  ['DOM\\alice', 'DOM\\alice'],
  ['a\u001b[2Jb', 'a\\u{1b}[2Jb'],
  ['a\nb\r\tc', 'a\\u{a}b\\u{d}\\u{9}c'],
  ['\u009b31m', '\\u{9b}31m'],
  ['\u202egnp.exe', '\\u{202e}gnp.exe'],
  ['a\u200bb\ufeff', 'a\\u{200b}b\\u{feff}'],
  ['a\u2028b', 'a\\u{2028}b'],
  ['\ud800x', '\\u{d800}x'],
  ['\u{e0041}', '\\u{e0041}'],
  ['日本 é 😀', '日本 é 😀'],
])('%j is shown as %s', (text, shown) => {
  expect(visible(text)).toBe(shown);
});

test('nothing is left that a terminal obeys', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(visible(text)).not.toMatch(/\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u);
    }),
  );
});

test.each([
  ['abc', 3],
  ['日本', 4],
  ['e\u0301', 1],
  ['😀', 2],
  ['한글', 4],
  ['µWh', 3],
  ['', 0],
])('%s takes %d columns', (text, width) => {
  expect(displayWidth(text)).toBe(width);
});

test('what is cut says so and fits', () => {
  expect(cut('abcdef', 4)).toBe('abc+');
  expect(cut('abcd', 4)).toBe('abcd');
  expect(cut('日本語', 4)).toBe('日+');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 20 }), (text, width) => {
      expect(displayWidth(cut(visible(text), width))).toBeLessThanOrEqual(width);
    }),
  );
});

test('wide characters are padded by their columns', () => {
  expect(pad('日本', 6, 'left')).toBe('日本  ');
  expect(pad('日本', 6, 'right')).toBe('  日本');
});
