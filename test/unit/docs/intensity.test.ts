import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIFECYCLE_G_PER_KWH } from '../../../src/carbon/fuel-factors';
import { wantedSeries } from '../../../src/carbon/fetch-series';
import { PROVIDERS } from '../../../src/carbon/providers';
import { loadConfig } from '../../../src/config/config';
import { codeBlocks, read } from './documents';

const page = read('docs/intensity.md');
const rows = [...page.text.matchAll(/^\| `(\w+)` \|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|$/gm)];

test('the example of eit.yaml is one that fetch takes', () => {
  const [block = ''] = codeBlocks(page, '');
  const dir = mkdtempSync(join(tmpdir(), 'eit-docs-'));
  try {
    writeFileSync(join(dir, 'eit.yaml'), block.replaceAll(/^ {3}/gm, ''));
    const { intensity } = loadConfig({ path: join(dir, 'eit.yaml'), env: {} }).config;
    expect(intensity.map((entry) => wantedSeries(entry, '').zone)).toEqual(['GB', 'DE', 'FR', 'US-CAL-CISO']);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('the table has every provider, with its bases, flow and token', () => {
  expect(new Set(rows.map(([, name]) => name))).toEqual(new Set(PROVIDERS.map(({ name }) => name)));
  for (const { name, bases, flow, tokenLines } of PROVIDERS) {
    const [, , , , basis = '', token = ''] = rows.find(([, found]) => found === name) ?? [];
    expect([name, basis.trim()]).toEqual([
      name,
      `${bases.map((one) => (one === 'average-direct' ? 'direct' : 'life-cycle')).join(' or ')}; ${flow}`,
    ]);
    expect([name, token.trim()]).toEqual([name, ['no', 'yes', 'name and password'][tokenLines]]);
  }
});

test('the factors are those of the code', () => {
  const named = [
    ...page.text.matchAll(
      /\b(coal|biomass|solar|geothermal|hydro|ocean|nuclear|offshore wind|wind|gas|oil|oil shale) (\d+)\b/g,
    ),
  ];
  const found = new Map(
    named.map(([, fuel = '', grams]) => [fuel === 'oil shale' ? 'lignite' : fuel, Number(grams)]),
  );
  expect(Object.fromEntries(found)).toEqual(LIFECYCLE_G_PER_KWH);
});
