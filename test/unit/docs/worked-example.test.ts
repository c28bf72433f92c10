import { longestReadableGapS } from '../../../src/attribution/counter';
import { type Carry, POLICIES, divideEnergy } from '../../../src/attribution/policy';
import { DEFAULT_NODE_OVERHEAD, DEFAULT_PUE } from '../../../src/carbon/factors';
import { loadZones } from '../../../src/carbon/zone';
import { dataPath } from '../../../src/data-path';
import { maxPowerW } from '../../../src/sources/powercap';
import { read } from './documents';

const page = read('docs/how-it-measures.md').text;

test('the worked example is what the arithmetic gives', () => {
  const carry = (): Carry => [0, 0, 0, 0];
  const { runs, idle, system } = divideEnergy({
    energyUj: 1000e6,
    idleEnergyUj: 40e6 * 10,
    runs: [
      { used: 40e9, allocated: 4 },
      { used: 20e9, allocated: 2 },
    ],
    systemUsed: 4e9,
    capacity: 8,
    carry: [carry(), carry(), carry(), carry()],
  });
  POLICIES.forEach((policy, i) => {
    const [, ...cells] = new RegExp(`^\\| ${policy} \\| (.+?) \\| (.+?) \\| (.+?) \\| (.+?) \\|$`, 'm').exec(
      page,
    )!;
    const expected = [...runs, system, idle].map((uj) => (uj[i] ?? 0) / 1e6);
    expect(cells.map(Number)).toEqual(expected);
  });
});

test('the longest readable gap, with the bounds of the power', () => {
  const bounds = { maxEnergyUj: 262_143_328_850n, maxPowerW: maxPowerW('cpu', []) };
  expect(page).toContain(
    `R = 262,143.32885 J and no limits, gaps up to ${longestReadableGapS(bounds).toFixed(1)} s`,
  );
  expect(page).toContain(`at least ${maxPowerW('cpu', [1])} W a package and ${maxPowerW('dram', [1])} W`);
  expect([maxPowerW('cpu', []), maxPowerW('dram', [])]).toEqual([1000, 250]);
  expect(page).toMatch(/1,000 W and\s+250 W where it names none/);
});

test('the defaults of the factors', () => {
  const { gPerKwh, year } = loadZones(dataPath()).intensity('WORLD');
  expect(page).toContain(`it is ${gPerKwh} g/kWh`);
  expect(page).toContain(`yearly average of ${year}`);
  expect(page).toContain(`Default ${DEFAULT_PUE},`);
  expect(page).toContain(`(default ${DEFAULT_NODE_OVERHEAD}: nothing)`);
});
