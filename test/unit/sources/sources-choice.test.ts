import { join } from 'node:path';
import { ENERGY_SOURCES, chooseSources } from '../../../src/sources/index';
import type { EnergyDomain, EnergySource, Missing } from '../../../src/sources/source';
import { FIXTURES, Tree } from './tree';

const NOW = { monoNs: 1_000_000_000n, wallMs: 0 };
const ROOTS = { sys: '/nonexistent', proc: '/nonexistent', cgroup: '/nonexistent' };
const SETTINGS = { bmc: { program: 'auto', interval_seconds: 10, timeout_seconds: 10 } };

let tree: Tree | undefined;
afterEach(() => tree?.remove());

/** A source whose domains are given as `name:class` and read 1, 2, ...; it notes when it is closed. */
function source(name: string, served: readonly string[] | Missing): EnergySource & { closed: number } {
  const made = {
    name,
    description: name,
    unit: 'J',
    closed: 0,
    open: () =>
      'missing' in served
        ? served
        : {
            domains: served.map((each): EnergyDomain => {
              const [domain = '', domainClass] = each.split(':');
              return {
                name: domain,
                class: domainClass as EnergyDomain['class'],
                quality: 'measured',
                source: name,
                maxPowerW: 1,
              };
            }),
            read: () => served.map((_, i) => BigInt(i + 1)),
            close: () => {
              made.closed++;
            },
          },
  };
  return made;
}

function readings(chosen: ReturnType<typeof chooseSources>): string[] {
  return chosen.meters.flatMap((meter) => {
    const values = meter.read(NOW);
    expect(values).toHaveLength(meter.domains.length);
    return meter.domains.map(({ name, source: from }, i) => `${name} ${from} ${values[i] as bigint}`);
  });
}

test('where packages are measured and their memory is not, the memory is modelled; the CPU’s model is refused by name', () => {
  const sys = join(FIXTURES, 'powercap/node_exporter/sys');
  const chosen = chooseSources({ ...ROOTS, sys, proc: '/proc' }, SETTINGS);
  expect(readings(chosen)).toEqual([
    'package-0 powercap 240422366267',
    expect.stringMatching(/^dram-0 dram-model: [\d.]+ GiB .* \d+$/),
  ]);
  expect(chosen.absent).toMatchObject({ 'cpu-model': 'package-0 is measured by powercap' });
  for (const meter of chosen.meters) meter.close();
});

test('without counters the model serves, and the reason is kept', () => {
  tree = new Tree();
  const chosen = chooseSources({ ...ROOTS, sys: tree.dir, proc: '/proc' }, SETTINGS);
  expect(
    chosen.meters.map(({ domains }) => domains.map(({ name, quality }) => `${name} ${quality}`)),
  ).toEqual([['package-0 modelled']]);
  expect(chosen.absent).toMatchObject({
    powercap: expect.stringContaining('no powercap zones below'),
    'dram-model': 'it is inside package-0 of cpu-model',
  });
  for (const meter of chosen.meters) meter.close();
});

test('a host where nothing serves has every reason', () => {
  const chosen = chooseSources(ROOTS, SETTINGS);
  expect(chosen.meters).toEqual([]);
  expect(Object.keys(chosen.absent)).toEqual(ENERGY_SOURCES.map(({ name }) => name));
});

test('a class is served by one source, and a source serves what is left', () => {
  const packages = source('a', ['package-0:cpu', 'package-1:cpu']);
  const both = source('b', ['cpu:cpu', 'dram-0:dram', 'dram-1:dram']);
  const none = source('c', ['dram:dram', 'cpu:cpu']);
  const absent = source('d', { missing: 'no such hardware' });
  const chosen = chooseSources(ROOTS, SETTINGS, [packages, both, none, absent]);
  expect(readings(chosen)).toEqual(['package-0 a 1', 'package-1 a 2', 'dram-0 b 2', 'dram-1 b 3']);
  expect(chosen.absent).toEqual({
    b: 'package-0, package-1 are measured by a',
    c: 'dram-0, dram-1 are measured by b; package-0, package-1 are measured by a',
    d: 'no such hardware',
  });
  expect([packages.closed, both.closed, none.closed]).toEqual([0, 0, 1]);
  for (const meter of chosen.meters) meter.close();
  expect([packages.closed, both.closed, none.closed]).toEqual([1, 1, 1]);
});

test('names of sources are unique', () => {
  expect(new Set(ENERGY_SOURCES.map(({ name }) => name)).size).toBe(ENERGY_SOURCES.length);
});
