import { read } from './documents';

test('the parts of the server add up to what the document says, and each is what its formula gives', () => {
  const { text } = read('docs/factors.md');
  const rows = [...text.matchAll(/^\| ([^|]+) +\| (\d+) +\| ([\d.]+) +\| Gröger/gm)].map(
    ([, part = '', pieces, kg]) => ({
      part,
      pieces: Number(pieces),
      kg: Number(kg),
    }),
  );
  expect(rows).toHaveLength(6);
  expect(rows[0]!.kg).toBeCloseTo(1.97 * 10.64 + 9.14, 2);
  expect(rows[1]!.kg).toBeCloseTo((2.2 * 32) / 1.8762 + 5.22, 2);
  const kg = Math.round(rows.reduce((sum, { pieces, kg: each }) => sum + pieces * each, 0));
  expect(text).toContain(`Together ${kg} kg`);
  expect(text).toContain(`cpu_model: '*EPYC 7763*', kg: ${kg} }`);
  const gpu = Math.round(1.97 * 8.26 + 26.97 + (2.2 * 80) / 1.8762);
  expect(text).toContain(`${gpu} kg. Life times`);
  expect(text).toContain(`model: '*A100*80GB*', kg: ${gpu} }`);
});
