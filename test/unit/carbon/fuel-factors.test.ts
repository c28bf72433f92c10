import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCsv } from '../../../src/carbon/csv';
import { LIFECYCLE_G_PER_KWH } from '../../../src/carbon/fuel-factors';

const FILE = 'data/generation/methods-ipcc-2014.csv';

/** Lignite is the upper end of coal's range, and oil is not in that table. */
const NAMES = {
  coal: 'Coal',
  gas: 'Gas (combined cycle)',
  biomass: 'Biomass',
  geothermal: 'Geothermal',
  hydro: 'Hydropower',
  nuclear: 'Nuclear',
  solar: 'Solar PV (utility)',
  wind: 'Wind (onshore)',
  'offshore wind': 'Wind (offshore)',
  ocean: 'Ocean',
} as const;

const rows = new Map(
  parseCsv(readFileSync(join(__dirname, '../../..', FILE), 'utf8'), FILE).map(({ fields }) => [
    fields[0],
    fields,
  ]),
);

test.each(Object.entries(NAMES))(
  'generation from %s has the median that eit regions --fuels shows',
  (fuel, method) => {
    expect(String(LIFECYCLE_G_PER_KWH[fuel as keyof typeof NAMES])).toBe(rows.get(method)?.[2]);
  },
);

test("lignite's is the upper end of coal's", () => {
  expect(String(LIFECYCLE_G_PER_KWH.lignite)).toBe(rows.get('Coal')?.[3]);
});
