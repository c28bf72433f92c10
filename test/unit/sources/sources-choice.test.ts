import { chmodSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { ENERGY_SOURCES, chooseSources } from '../../../src/sources/index';
import { nodePower } from '../../../src/attribution/calibration';
import { otherDomain } from '../../../src/agent/other-domain';
import { gpuDomainName } from '../../../src/sources/gpu-domain-name';
import type { EnergyDomain, EnergySource, Missing } from '../../../src/sources/source';
import { FIXTURES, Tree } from './tree';
import { SETTINGS } from './settings';

const NOW = { monoNs: 1_000_000_000n, wallMs: 0 };
const ROOTS = { sys: '/nonexistent', proc: '/nonexistent', cgroup: '/nonexistent' };

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

describe('hosts with several sources', () => {
  /** A host whose /sys is put together from those of fixtures, and whose `ipmitool` is never asked here. */
  function host(...fixtures: readonly string[]): { sys: string; settings: typeof SETTINGS } {
    tree?.remove();
    tree = new Tree({ ipmitool: '#!/bin/sh\n' });
    chmodSync(tree.path('ipmitool'), 0o755);
    for (const fixture of fixtures) cpSync(join(FIXTURES, fixture, 'sys'), tree.dir, { recursive: true });
    return {
      sys: tree.dir,
      settings: { ...SETTINGS, bmc: { ...SETTINGS.bmc, program: tree.path('ipmitool') } },
    };
  }

  function choose(
    { sys, settings }: ReturnType<typeof host>,
    more: readonly EnergySource[] = [],
  ): { served: string[]; domains: EnergyDomain[]; absent: Record<string, string> } {
    const { meters, absent } = chooseSources({ sys, proc: '/proc', cgroup: '/nonexistent' }, settings, [
      ...more,
      ...ENERGY_SOURCES,
    ]);
    for (const meter of meters) meter.close();
    const domains = meters.flatMap((meter) => [...meter.domains]);
    return { served: domains.map(({ name, source: from }) => `${name} by ${from}`), domains, absent };
  }

  test('RAPL and a BMC: packages by the one, the whole node by the other, and other between them', () => {
    const { served, domains, absent } = choose(host('powercap/node_exporter'));
    expect(served).toEqual([
      'package-0 by powercap',
      'node by bmc: ipmitool',
      expect.stringMatching(/^dram-0 by dram-model/),
    ]);
    expect(otherDomain(domains)).toMatchObject({
      source: 'bmc: ipmitool less cpu, dram',
      quality: 'modelled',
    });
    expect(absent).toEqual({
      amdgpu: expect.stringContaining('no GPU of AMD below'),
      nvidia: expect.stringContaining('no driver of NVIDIA is loaded'),
      intel_gpu: expect.stringContaining('no GPU of Intel below'),
      cray: expect.stringMatching(/not a Cray node$/),
      hwmon: expect.stringContaining('no sensor of energy or power below'),
      'cpu-model': 'package-0 is measured by powercap',
    });
  });

  test('GH200: the module holds Grace and the GPU and is added to neither; the node less all three is other', () => {
    const gpu: EnergySource = {
      ...source('gpu', ['gpu-0:gpu']),
      description: 'stands for a source of GPUs',
    };
    const { served, domains, absent } = choose(host('hwmon/grace-hopper'), [gpu]);
    expect(served).toEqual([
      'gpu-0 by gpu',
      'package-0 by hwmon: power_meter',
      'sysio-0 by hwmon: power_meter',
      'dram-0 by hwmon: power_meter',
      'module-0 by hwmon: power_meter',
      'node by bmc: ipmitool',
    ]);
    expect(absent).toMatchObject({
      'cpu-model': 'package-0, sysio-0 are measured by hwmon',
      'dram-model': 'dram-0 is measured by hwmon',
    });
    expect(nodePower(domains, [200, 45, 23, 33, 312, 450])).toEqual({ countedW: 301, wallW: 450 });
    expect(otherDomain(domains)).toMatchObject({
      source: 'bmc: ipmitool less gpu, cpu, dram',
      quality: 'measured',
    });
  });

  test('Grace of which only the whole is told holds its memory: that is not modelled beside it', () => {
    const both = host();
    tree?.write('class/hwmon/hwmon0/name', 'power_meter\n');
    tree?.write('class/hwmon/hwmon0/device/power1_oem_info', 'Grace Power Socket 0\n');
    tree?.write('class/hwmon/hwmon0/device/power1_average', '101250000\n');
    const { served, absent } = choose(both);
    expect(served).toEqual(['package-0 by hwmon: power_meter', 'node by bmc: ipmitool']);
    expect(absent['dram-model']).toBe('it is inside package-0 of hwmon');
  });

  test('Cray EX: packages by RAPL, which tells them apart; the node, memory and accelerators by its own counters', () => {
    const { served, absent } = choose(host('powercap/node_exporter', 'cray/ex-gpu'));
    expect(served).toEqual([
      'package-0 by powercap',
      'node by cray: pm_counters',
      'dram-0 by cray: pm_counters',
      ...[0, 1, 2, 3].map((i) => `gpu-${i} by cray: pm_counters`),
    ]);
    expect(absent).toMatchObject({
      cray: 'package-0 is measured by powercap',
      bmc: 'node is measured by cray',
      'dram-model': 'dram-0 is measured by cray',
    });
  });

  test('Cray EX with MI250X: accelerators by their driver, which tells them apart', () => {
    const { served, absent } = choose(host('cray/ex-gpu', 'gpu-hwmon/mi250x'));
    expect(served).toEqual([
      'gpu-c1:00.0 by amdgpu: energy_accumulator',
      'gpu-c9:00.0 by amdgpu: energy_accumulator',
      ...['node', 'package-0', 'dram-0'].map((name) => `${name} by cray: pm_counters`),
    ]);
    expect(absent['cray']).toBe('gpu-c1:00.0, gpu-c9:00.0 are measured by amdgpu');
  });

  test('GPUs of two makers: each by its own source', () => {
    const { served, absent } = choose(host('gpu-hwmon/mi300x', 'gpu-hwmon/intel-max'));
    expect(served.filter((one) => one.startsWith('gpu-'))).toEqual([
      'gpu-05:00.0 by amdgpu: energy_accumulator',
      'gpu-0002:00:00.0 by amdgpu: energy_accumulator',
      'gpu-3b:00.0 by intel_gpu: xe energy1',
      'gpu-9a:00.0 by intel_gpu: xe energy2',
    ]);
    expect(absent).not.toHaveProperty('amdgpu');
    expect(absent).not.toHaveProperty('intel_gpu');
  });

  test('MI300A: CPUs and memory are in the GPU’s figure, and neither counted nor modelled beside it', () => {
    const { served, domains, absent } = choose(
      host('powercap/node_exporter', 'gpu-hwmon/mi300a', 'cray/ex-gpu'),
    );
    expect(served).toEqual([
      'gpu-01:00.0 by amdgpu: energy_accumulator',
      'gpu-0001:01:00.0 by amdgpu: energy_accumulator',
      'node by cray: pm_counters',
    ]);
    expect(otherDomain(domains)?.source).toBe('cray: pm_counters less gpu');
    const inside = 'it is inside gpu-01:00.0, gpu-0001:01:00.0 of amdgpu';
    expect(absent).toMatchObject({
      powercap: inside,
      cray: `${inside}; gpu-01:00.0, gpu-0001:01:00.0 are measured by amdgpu`,
      'cpu-model': inside,
      'dram-model': inside,
    });
  });

  test('Cray EX without RAPL: all by its own counters', () => {
    const { served, absent } = choose(host('cray/ex-cpu'));
    expect(served).toEqual(['node', 'package-0', 'dram-0'].map((name) => `${name} by cray: pm_counters`));
    expect(absent).toMatchObject({
      powercap: expect.stringContaining('no powercap zones'),
      'cpu-model': 'package-0 is measured by cray',
    });
  });

  test('Cray EX whose own counters of CPUs and memory hold 0: others serve them', () => {
    const both = host('cray/ex-cpu', 'hwmon/grace-hopper');
    for (const name of ['cpu_energy', 'memory_energy']) tree?.write(`cray/pm_counters/${name}`, '0 J 1 us\n');
    expect(choose(both).served).toEqual([
      'node by cray: pm_counters',
      ...['package-0', 'sysio-0', 'dram-0', 'module-0'].map((name) => `${name} by hwmon: power_meter`),
    ]);
  });

  test('Cray EX with GH200: its own counters, and of the sensors the module for comparing', () => {
    const { served, absent } = choose(host('cray/ex-gpu', 'hwmon/grace-hopper'));
    expect(served.filter((one) => one.includes('hwmon'))).toEqual(['module-0 by hwmon: power_meter']);
    expect(absent['hwmon']).toBe('package-0 is measured by cray; dram-0 is measured by cray');
  });

  test('AMD sockets: RAPL before amd_energy, which shows the same', () => {
    const { served, absent } = choose(host('powercap/node_exporter', 'hwmon/amd-energy'));
    expect(served[0]).toBe('package-0 by powercap');
    expect(absent['hwmon']).toBe('package-0 is measured by powercap');
    expect(choose(host('hwmon/amd-energy')).served.slice(0, 2)).toEqual([
      'package-0 by hwmon: amd_energy',
      'package-1 by hwmon: amd_energy',
    ]);
  });

  test('several that hold others are all kept where their names differ, the first where they do not', () => {
    const chosen = chooseSources(ROOTS, SETTINGS, [
      source('a', ['psys:whole', 'package-0:cpu']),
      source('b', ['node:whole', 'cpu:cpu']),
      source('c', ['node:whole', 'module-0:whole']),
    ]);
    expect(readings(chosen)).toEqual(['psys a 1', 'package-0 a 2', 'node b 1', 'module-0 c 2']);
    expect(chosen.absent).toEqual({ b: 'package-0 is measured by a', c: 'node is measured by b' });
  });
});

test('names of sources are unique', () => {
  expect(new Set(ENERGY_SOURCES.map(({ name }) => name)).size).toBe(ENERGY_SOURCES.length);
});

describe('accelerators', () => {
  /** A source of GPUs that say which they are, by PCI bus, or of accelerators that do not. */
  function gpus(name: string, buses: readonly string[], isTold = true): EnergySource {
    const domains = buses.map((bus, index): EnergyDomain => {
      const pciBusId = `0000:${bus}:00.0`;
      const gpu = { uuid: null, pciBusId, index, minor: null, model: 'x' };
      return {
        name: isTold ? gpuDomainName(pciBusId) : `gpu-${index}`,
        class: 'gpu',
        quality: 'measured',
        source: name,
        maxPowerW: 1,
        ...(isTold ? { gpu } : {}),
      };
    });
    const read = (): bigint[] => domains.map((_, i) => BigInt(i + 1));
    return { name, description: name, unit: 'J', open: () => ({ domains, read, close: () => {} }) };
  }

  test('a GPU is served by the first that has it, and others of that source by the next', () => {
    const chosen = chooseSources(ROOTS, SETTINGS, [gpus('a', ['01', '02']), gpus('b', ['02', '03'])]);
    expect(readings(chosen)).toEqual(['gpu-01:00.0 a 1', 'gpu-02:00.0 a 2', 'gpu-03:00.0 b 2']);
    expect(chosen.absent).toEqual({ b: 'gpu-02:00.0 is measured by a' });
  });

  test('those that do not say which they are clash with all, whichever comes first', () => {
    const told = gpus('told', ['01']);
    const untold = gpus('untold', ['01', '02'], false);
    const first = chooseSources(ROOTS, SETTINGS, [told, untold]);
    expect(first.absent).toEqual({ untold: 'gpu-01:00.0 is measured by told' });
    const last = chooseSources(ROOTS, SETTINGS, [untold, told]);
    expect(last.absent).toEqual({ told: 'gpu-0, gpu-1 are measured by untold' });
    expect(readings(last)).toHaveLength(2);
  });

  test('of several sources that serve some, each is named', () => {
    const sources = [gpus('a', ['01']), gpus('b', ['02']), gpus('c', ['x'], false)];
    expect(chooseSources(ROOTS, SETTINGS, sources).absent).toEqual({
      c: 'gpu-01:00.0 is measured by a; gpu-02:00.0 is measured by b',
    });
  });
});
