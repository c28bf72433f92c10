import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PowercapLaw, startPowercapLaw } from './powercap-law';

const MAX_UJ = 20_000_000;

let dir: string;
let law: PowercapLaw | undefined;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-law-'));
});

afterEach(async () => {
  await law?.stop();
  law = undefined;
  rmSync(dir, { recursive: true, force: true });
});

const read = (zone: string, file: string) =>
  readFileSync(join(dir, 'sys/class/powercap', zone, file), 'utf8');

test('the counters, read as an agent would and with wraps added, grow as the log says', async () => {
  law = await startPowercapLaw({ dir, packages: 2, maxEnergyUj: MAX_UJ, idleW: 40, fullW: 120 });
  const zones = { 'package-0': 'intel-rapl:0', 'dram-0': 'intel-rapl:0:0', 'package-1': 'intel-rapl:1' };
  expect(Object.values(zones).map((zone) => read(zone, 'name'))).toEqual([
    'package-0\n',
    'dram\n',
    'package-1\n',
  ]);
  expect(read('intel-rapl:0', 'max_energy_range_uj')).toBe(`${MAX_UJ}\n`);
  expect(law.domains).toEqual(['package-0', 'dram-0', 'package-1', 'dram-1']);

  let wraps = 0;
  const sums = { 'package-0': 0, 'dram-0': 0, 'package-1': 0 };
  const readAll = () =>
    Object.values(zones).map((zone) => {
      const text = read(zone, 'energy_uj');
      expect(text).toMatch(/^\d+ *\n$/);
      expect(text).toHaveLength(String(MAX_UJ).length + 1);
      return Number(text);
    });
  const from = process.hrtime.bigint();
  let last = readAll();
  for (let reading = 0; reading < 30; reading++) {
    await sleep(50);
    const now = readAll();
    Object.keys(zones).forEach((domain, index) => {
      const grown = (now[index] ?? 0) - (last[index] ?? 0);
      if (grown < 0) wraps++;
      sums[domain as keyof typeof sums] += grown < 0 ? grown + MAX_UJ : grown;
    });
    last = now;
  }
  const to = process.hrtime.bigint();

  expect(wraps).toBeGreaterThanOrEqual(2);
  for (const [domain, sum] of Object.entries(sums)) {
    const truth = await law.energyBetween(domain, from, to);
    // The reader's and the log's instants are an update or two apart: 20 ms of full power at most.
    expect(Math.abs(sum - truth)).toBeLessThan(120 * 0.02 * 1e6);
    expect(sum).toBeGreaterThan(0);
  }
});

test('packages draw between idle and full power, memory follows its wave, wall time and monotonic time agree', async () => {
  const dram = { baseW: 8, swingW: 5, periodSeconds: 0.5 };
  law = await startPowercapLaw({ dir, idleW: 40, fullW: 120, dram });
  await sleep(1500);
  await law.stop();
  const log = law.log();
  const [first, last] = [log[0], log.at(-1)];
  if (first === undefined || last === undefined) throw new Error('the log is empty');
  const seconds = Number(last.monoNs - first.monoNs) / 1e9;
  const powerW = (domain: string) =>
    ((last.energyUj[domain] ?? 0) - (first.energyUj[domain] ?? 0)) / 1e6 / seconds;

  // One tick (10 ms) of /proc/stat more or less.
  expect(powerW('package-0')).toBeGreaterThan(40 * 0.98);
  expect(powerW('package-0')).toBeLessThan(120 * 1.02);
  // Three periods: the wave has gone out but for what is left of the last one.
  expect(Math.abs(powerW('dram-0') - 8)).toBeLessThan(1);
  expect(await law.energyBetweenWall('dram-0', first.wallMs, last.wallMs)).toBeCloseTo(
    await law.energyBetween('dram-0', first.monoNs, last.monoNs),
    -5,
  );
  await expect(law.energyBetween('dram-0', first.monoNs - 1n, last.monoNs)).rejects.toThrow(
    'before the powercap law began',
  );
  await expect(law.energyBetween('dram-9', first.monoNs, last.monoNs)).rejects.toThrow('no domain dram-9');
});
