import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { amdgpu } from '../../../src/sources/amdgpu';
import { cray } from '../../../src/sources/cray';
import { chooseSources } from '../../../src/sources/index';
import { intelGpu } from '../../../src/sources/intel-gpu';
import { amdGpuTable, unitsOf } from './amd-gpu-table';
import { Tree } from './tree';
import { SETTINGS } from './settings';

/** Kinds of GPUs: with how many of them a module is, and whether it can be measured. */
const KINDS = {
  mi250x: { cards: 2, isMeasured: true },
  mi300x: { cards: 1, isMeasured: true },
  radeon: { cards: 1, isMeasured: true },
  processor: { cards: 1, isMeasured: false },
  driverless: { cards: 1, isMeasured: false },
  xe: { cards: 1, isMeasured: true },
  i915: { cards: 1, isMeasured: true },
  integrated: { cards: 1, isMeasured: false },
} as const;
type Kind = keyof typeof KINDS;

const hex = (bus: number): string => bus.toString(16).padStart(2, '0');

/** Writes a module of so many joules; its cards are on the buses from `bus` on. */
function writeModule(tree: Tree, kind: Kind, bus: number, joules: number): void {
  const dir = `bus/pci/devices/0000:${hex(bus)}:00.0`;
  const put = (driver: string, id: string, code = '38000', at = dir): void =>
    tree.write(`${at}/uevent`, `${driver && `DRIVER=${driver}\n`}PCI_CLASS=${code}\nPCI_ID=${id}\n`);
  const sensors = (chip: string, files: Record<string, string>, hwmon = 'hwmon0'): void => {
    for (const [name, text] of Object.entries({ name: chip, ...files })) {
      tree.write(`${dir}/hwmon/${hwmon}/${name}`, `${text}\n`);
    }
  };
  const table = (content: number, of: number, at = dir): void =>
    writeFileSync(tree.path(`${at}/gpu_metrics`), amdGpuTable({ content, count: unitsOf(of) }));
  const energy = `${joules}000000`;
  const power = { power1_average: energy, power1_cap: '1' };
  switch (kind) {
    case 'mi250x': {
      const second = `bus/pci/devices/0000:${hex(bus + 1)}:00.0`;
      put('amdgpu', '1002:7408');
      put('amdgpu', '1002:7408', '38000', second);
      sensors('amdgpu', power);
      table(3, joules);
      table(3, 0, second);
      return;
    }
    case 'mi300x':
      put('amdgpu', '1002:74A1', '120000');
      sensors('amdgpu', power);
      table(4, joules);
      return;
    case 'radeon':
      put('amdgpu', '1002:744C', '30000');
      sensors('amdgpu', power);
      return;
    case 'processor':
      put('amdgpu', '1002:164E', '30000');
      sensors('amdgpu', { power1_input: energy });
      writeFileSync(tree.path(`${dir}/gpu_metrics`), amdGpuTable({ format: 2, content: 3 }));
      return;
    case 'driverless':
      put('', '1002:74A1', '120000');
      return;
    case 'xe':
      put('xe', '8086:0BDA');
      sensors('xe', {
        energy1_input: energy,
        energy1_label: 'card',
        energy2_input: energy,
        energy2_label: 'pkg',
      });
      return;
    case 'i915':
      put('i915', '8086:56A0');
      sensors('i915', { energy1_input: energy });
      sensors('i915_gt0', { energy1_input: energy }, 'hwmon1');
      return;
    case 'integrated':
      put('i915', '8086:4680', '30000');
      return;
  }
}

test('whatever GPUs a host has, each that can be measured is counted once, and none twice', () => {
  const kinds = fc.array(fc.constantFrom(...(Object.keys(KINDS) as Kind[])), { maxLength: 8 });
  fc.assert(
    fc.property(kinds, fc.boolean(), (modules, isCray) => {
      const tree = new Tree();
      const energies = new Map<string, number>();
      modules.forEach((kind, i) => {
        const bus = 2 * i + 1;
        writeModule(tree, kind, bus, i + 1);
        if (KINDS[kind].isMeasured) energies.set(`gpu-${hex(bus)}:00.0`, i + 1);
        if (isCray) tree.write(`cray/pm_counters/accel${i}_energy`, `${i + 1} J 1 us\n`);
      });
      if (isCray) tree.write('cray/pm_counters/freshness', '1\n');

      const roots = { sys: tree.dir, proc: '/nonexistent', cgroup: '/nonexistent' };
      const settings = { ...SETTINGS, bmc: { program: 'none', interval_seconds: 10, timeout_seconds: 10 } };
      const { meters } = chooseSources(roots, settings, [amdgpu, intelGpu, cray]);
      const read = (seconds: bigint) =>
        meters.flatMap((meter) => meter.read({ monoNs: seconds * 1_000_000_000n, wallMs: 0 }));
      read(0n);
      const after = read(1n); // of a Radeon so many watts in a second
      const domains = meters.flatMap((meter) => [...meter.domains]);
      for (const meter of meters) meter.close();
      tree.remove();

      const counted = domains.map(({ name }, i) => [name, after[i]] as const);
      const expected =
        energies.size > 0 || !isCray
          ? [...energies].map(([name, joules]) => [name, BigInt(joules) * 1_000_000n] as const)
          : modules.map((_, i) => [`gpu-${i}`, BigInt(i + 1) * 1_000_000n] as const);
      expect(new Map(counted)).toEqual(new Map(expected));
      expect(counted).toHaveLength(expected.length);
      if (energies.size === 0) return;
      const gpus = domains.reduce((sum, { accelerators = 0 }) => sum + accelerators, 0);
      expect(gpus).toBe(
        modules.reduce((sum, kind) => sum + (KINDS[kind].isMeasured ? KINDS[kind].cards : 0), 0),
      );
    }),
    { numRuns: 60 },
  );
});
