import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { differenceCounter } from '../../../src/attribution/counter';
import { dramPowerUw } from '../../../src/hardware/dram-power';
import { dramModel } from '../../../src/sources/dram-model';
import { type EnergyMeter, isMissing } from '../../../src/sources/source';
import { Tree } from './tree';

const GIB = 2 ** 30;
const SECOND_NS = 1_000_000_000n;

let tree: Tree;
afterEach(() => tree?.remove());

function open(): EnergyMeter {
  const roots = { sys: tree.path('sys'), proc: tree.path('proc'), cgroup: '/nonexistent' };
  const meter = dramModel.open(roots);
  if (isMissing(meter)) throw new Error(meter.missing);
  return meter;
}

/** So many memory blocks online, of 2 GiB each. */
function blocks(count: number): Record<string, string> {
  const states = Array.from({ length: count }, (_, i) => [
    `sys/devices/system/memory/memory${i}/state`,
    'online\n',
  ]);
  return { 'sys/devices/system/memory/block_size_bytes': '80000000\n', ...Object.fromEntries(states) };
}

test.each([
  [16 * GIB, 5_960_000n],
  [256 * GIB, 95_360_000n],
  [1.5 * 1024 * GIB, 572_160_000n],
  [GIB / 1024, 364n],
])('%d bytes draw %d µW: 0.3725 W a GB of 2^30 bytes', (bytes, expectedUw) => {
  expect(dramPowerUw(bytes)).toBe(expectedUw);
});

test('one modelled domain, idle power and all', () => {
  tree = new Tree(blocks(128));
  const meter = open();
  meter.close();
  expect(meter.domains).toEqual([
    {
      name: 'dram-0',
      class: 'dram',
      quality: 'modelled',
      source: 'dram-model: 256 GiB online',
      maxPowerW: expect.closeTo(95.36 * 1.1),
      idlePowerW: 95.36,
    },
  ]);
});

test('from modules that DMI lists', () => {
  tree = new Tree();
  for (const slot of [0, 1]) {
    // SMBIOS type 17: size 0x7fff, type DDR5, extended size 131072 MB, technology DRAM.
    const raw = Buffer.alloc(0x54 + 2);
    raw.set([17, 0x54], 0);
    raw.writeUInt16LE(0x7fff, 0x0c);
    raw.writeUInt8(0x22, 0x12);
    raw.writeUInt32LE(131_072, 0x1c);
    raw.writeUInt8(3, 0x28);
    tree.write(`sys/firmware/dmi/entries/17-${slot}/raw`, '');
    writeFileSync(tree.path(`sys/firmware/dmi/entries/17-${slot}/raw`), raw);
  }
  const meter = open();
  expect(meter.domains[0]?.source).toBe('dram-model: 256 GiB installed');
  expect(meter.read({ monoNs: 10n * SECOND_NS, wallMs: 0 })).toEqual([953_600_000n]);
  meter.close();
});

test.each([
  [16_384_256, 'dram-model: 15.6 GiB MemTotal'],
  [263_000_000, 'dram-model: 251 GiB MemTotal'],
  [524_288, 'dram-model: 0.5 GiB MemTotal'],
  [Number.MAX_SAFE_INTEGER / 1024, 'dram-model: 8388608 GiB MemTotal'],
])('%d kB of MemTotal', (totalKb, source) => {
  tree = new Tree({
    'proc/meminfo': `MemTotal:  ${Math.floor(totalKb)} kB\nAnonPages:  1 kB\nShmem:  1 kB\n`,
  });
  const meter = open();
  meter.close();
  expect(meter.domains[0]?.source).toBe(source);
  expect(source.length).toBeLessThanOrEqual(64);
});

test('a host that does not tell its memory says why', () => {
  tree = new Tree();
  const roots = { sys: tree.path('sys'), proc: tree.path('proc'), cgroup: '/nonexistent' };
  expect(dramModel.open(roots)).toEqual({ missing: expect.stringMatching(/meminfo: ENOENT/) });
});

test('the counter follows from the time since boot alone, so that another process goes on with it', () => {
  tree = new Tree(blocks(8));
  const [before, after] = [open(), open()];
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 10n ** 18n }),
      fc.bigInt({ min: 1n, max: 10n ** 15n }),
      (fromNs, elapsedNs) => {
        const read = (meter: EnergyMeter, monoNs: bigint) => {
          const [energyUj] = meter.read({ monoNs, wallMs: 0 });
          if (typeof energyUj !== 'bigint') throw new Error('missing');
          return { energyUj, monoNs };
        };
        const [domain] = after.domains;
        if (domain === undefined) throw new Error('no domain');
        const difference = differenceCounter(domain, read(before, fromNs), read(after, fromNs + elapsedNs));
        // 16 GiB draw 5.96 W, so 5.96 µJ in 1,000 ns.
        const exactUj = Number((596n * elapsedNs) / 100_000n);
        expect(difference).toEqual({ kind: 'growth', energyUj: expect.any(Number), wrapped: false });
        expect(difference).toHaveProperty('energyUj', expect.closeTo(exactUj, -1));
      },
    ),
  );
  before.close();
  after.close();
});

test('memory that goes offline later does not change what has been counted', () => {
  tree = new Tree(blocks(8));
  const meter = open();
  tree.write('sys/devices/system/memory/memory1/state', 'offline\n');
  expect(meter.read({ monoNs: SECOND_NS, wallMs: 0 })).toEqual([5_960_000n]);
  meter.close();
});
