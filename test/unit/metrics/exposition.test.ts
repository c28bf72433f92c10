import fc from 'fast-check';
import { exposition, type MetricFamily } from '../../../src/metrics/exposition';

function family(more: Partial<MetricFamily> = {}): MetricFamily {
  return { name: 'eit_x_joules', type: 'gauge', help: 'Energy', samples: [{ value: 1 }], ...more };
}

/** What a reader makes of a label's value: only these three escapes are known to it. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([\\"n])/g, (_, one: string) => (one === 'n' ? '\n' : one));
}

test('a family has its help, type, unit and samples', () => {
  const text = exposition([
    family({ unit: 'joules', samples: [{ labels: { a: 'x', b: 'y' }, value: 1.5 }, { value: 1e21 }] }),
    family({ name: 'eit_y_seconds', type: 'summary', samples: [{ suffix: '_sum', value: 2 }] }),
  ]);
  expect(text).toBe(
    '# HELP eit_x_joules Energy\n# TYPE eit_x_joules gauge\n# UNIT eit_x_joules joules\n' +
      'eit_x_joules{a="x",b="y"} 1.5\neit_x_joules 1e+21\n' +
      '# HELP eit_y_seconds Energy\n# TYPE eit_y_seconds summary\neit_y_seconds_sum 2\n',
  );
});

test.each([
  [Infinity, '+Inf'],
  [-Infinity, '-Inf'],
  [NaN, 'NaN'],
  [0, '0'],
  [-0.5, '-0.5'],
])('%p is written as %s', (value, text) => {
  expect(exposition([family({ samples: [{ value }] })])).toContain(`\neit_x_joules ${text}\n`);
});

test('what is not known has no sample, and a family of which nothing is known is left out', () => {
  expect(exposition([family({ samples: [{ value: null }] })])).toBe('');
  expect(exposition([family({ samples: [] })])).toBe('');
  const text = exposition([family({ samples: [{ labels: { a: '1' }, value: null }, { value: 0 }] })]);
  expect(text.match(/^eit_x_joules.*$/gm)).toEqual(['eit_x_joules 0']);
});

test('a help keeps its quotes and its one line', () => {
  expect(exposition([family({ help: 'a "b"\nc\\d' })])).toContain('# HELP eit_x_joules a "b"\\nc\\\\d\n');
});

test('a value of a label stays within its quotes, whatever it holds, and no two become one', () => {
  const values = fc.uniqueArray(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(values, (names) => {
      const text = exposition([family({ samples: names.map((a) => ({ labels: { a }, value: 1 })) })]);
      const lines = text.split('\n').slice(2, -1);
      const read = lines.map((line) =>
        unescaped(/^eit_x_joules\{a="((?:[^"\\]|\\.)*)"\} 1$/u.exec(line)?.[1] ?? '?'),
      );
      expect(lines).toHaveLength(names.length);
      expect(new Set(read).size).toBe(names.length);
      expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cs}]/u);
      for (const [i, name] of names.entries())
        if (!/[\p{Cc}\p{Cs}\uFFFD]/u.test(name.replaceAll('\n', ''))) expect(read[i]).toBe(name);
    }),
  );
});
