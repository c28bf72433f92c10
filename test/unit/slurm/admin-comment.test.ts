import fc from 'fast-check';
import { commentToken, LONGEST_COMMENT_BYTES, mergeComment } from '../../../src/slurm/admin-comment';

const OLD = 'eit:kwh=1.2;co2e_kg=0.4;cov=0.90';
const NEW = 'eit:kwh=1.24;co2e_kg=0.41;cov=1.00';

test.each([
  [{ energyKwh: 1.2381, co2eKg: 0.4099, coverage: 1 }, 'eit:kwh=1.24;co2e_kg=0.41;cov=1.00'],
  [{ energyKwh: 0.000123456, co2eKg: 0, coverage: 0 }, 'eit:kwh=0.000123;co2e_kg=0;cov=0.00'],
  [{ energyKwh: 12345.6, co2eKg: 100, coverage: 0.9999 }, 'eit:kwh=12346;co2e_kg=100;cov=0.99'],
  [{ energyKwh: 1e-12, co2eKg: 1e-9, coverage: 0.29 }, 'eit:kwh=0;co2e_kg=0.000000001;cov=0.29'],
  [{ energyKwh: 5, co2eKg: 2.5, coverage: null }, 'eit:kwh=5;co2e_kg=2.5'],
])('%j is %s', (figures, token) => {
  expect(commentToken(figures)).toBe(token);
});

test.each([
  ['', NEW],
  [OLD, NEW],
  ['other', `other | ${NEW}`],
  ['a | b', `a | b | ${NEW}`],
  [`a | ${OLD} | b`, `a | ${NEW} | b`],
  [`${OLD} | a | ${OLD}`, `${NEW} | a`],
  [`${NEW} | ${NEW}`, NEW],
  // Looks like ours, and is not.
  ['eit:kwh=x', null],
  [`see ${OLD}`, `see ${OLD} | ${NEW}`],
  [`${OLD}|a b`, `${OLD}|a b | ${NEW}`],
])('%j becomes %j', (comment, text) => {
  const merged = mergeComment(comment, NEW);
  expect(merged).toEqual(text === null ? { kind: 'kept', reason: 'program' } : { kind: 'write', text });
});

test.each([NEW, `a b | ${NEW}`, `Ticket "X" | ${NEW}`, `${NEW} | {"a":1}`])(
  '%j is right as it is',
  (comment) => {
    expect(mergeComment(comment, NEW)).toEqual({ kind: 'right' });
  },
);

test.each([
  ['{"a": 1}', 'program'],
  [' [1, 2]', 'program'],
  ['<a/>', 'program'],
  ['js1:h4si', 'program'],
  ['a'.repeat(64), 'program'],
  [`{"a": 1} | ${OLD}`, 'program'],
  ['Ticket 12', 'letters'],
  ["it's", 'letters'],
  ['"a b"', 'letters'],
  ['a\nb', 'letters'],
  ['a\x1b[31m b', 'letters'],
  ['a \u202e b', 'letters'],
  ['Über uns', 'letters'],
  ['a '.repeat(1000), 'long'],
] as const)('%j is let be: %s', (comment, reason) => {
  expect(mergeComment(comment, NEW)).toEqual({ kind: 'kept', reason });
});

const pieces = fc.array(
  fc.oneof(fc.constantFrom(OLD, NEW, 'a b', 'A', '{', '"', '|', ' | ', ''), fc.string({ unit: 'binary' })),
);

test('others keep every byte, ours stands there once, and a second time changes nothing', () => {
  fc.assert(
    fc.property(pieces, (list) => {
      const comment = list.join(' | ');
      const merged = mergeComment(comment, NEW);
      if (merged.kind !== 'write') return;
      const others = (text: string): string[] =>
        text.split(' | ').filter((piece) => piece !== OLD && piece !== NEW);
      expect(others(merged.text)).toEqual(comment === '' ? [] : others(comment));
      expect(merged.text.split(' | ').filter((piece) => piece === NEW)).toHaveLength(1);
      expect(Buffer.byteLength(merged.text)).toBeLessThanOrEqual(LONGEST_COMMENT_BYTES);
      expect(merged.text).not.toMatch(/[A-Z"'\p{Cc}]/u);
      expect(mergeComment(merged.text, NEW)).toEqual({ kind: 'right' });
    }),
  );
});
