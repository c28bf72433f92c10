import { parseDiskstats, readDisks } from '../../../src/sources/disk-stats';
import { isMissing } from '../../../src/sources/source';
import { Tree } from './tree';

let tree: Tree;
afterEach(() => tree?.remove());

/** Of Linux 4.17 on there are more numbers than these 11. */
const SDA = '   8       0 sda 100 5 2000 60 7 1 80 9 0 66 69';
const io = (readBytes: bigint, writtenBytes: bigint, readOps: bigint, writtenOps: bigint) => ({
  readBytes,
  writtenBytes,
  readOps,
  writtenOps,
});

test.each([
  ['a disk', `${SDA}\n`, [['sda', io(1_024_000n, 40_960n, 100n, 7n)]]],
  ['newer kernels', `${SDA} 1 2 3 4 5 6\n`, [['sda', io(1_024_000n, 40_960n, 100n, 7n)]]],
  [
    'a name with a slash',
    ' 104 0 cciss/c0d0 1 0 2 0 3 0 4 0 0 0 0\n',
    [['cciss/c0d0', io(1024n, 2048n, 1n, 3n)]],
  ],
  ['no device', '', []],
])('the text of %s', (_, text, expected) => {
  expect([...(parseDiskstats(text) as Map<string, unknown>)]).toEqual(expected);
});

test.each(['hello\n', '   8       0 sda 100 5 2000\n', '8 0 sda -1 5 2000 60 7 1 80 9 0 66 69\n'])(
  '%j is missing and not 0',
  (text) => {
    expect(parseDiskstats(text, '/p')).toEqual({ missing: expect.stringContaining('/p holds') });
  },
);

test('partitions, devices on devices and hidden paths count at the disk, which counts once', () => {
  const names = ['sda', 'sda1', 'dm-0', 'loop0', 'md0', 'ram0', 'nvme0n1', 'nvme0c0n1', 'cciss/c0d0'];
  tree = new Tree({
    'proc/diskstats': names.map((name) => `${SDA.replace('sda', name)}\n`).join(''),
    'sys/block/sda/device/model': 'x',
    'sys/block/dm-0/dm/name': 'vg-lv',
    'sys/block/loop0/size': '0',
    'sys/block/nvme0n1/device/model': 'x',
    'sys/block/nvme0n1/hidden': '0\n',
    'sys/block/nvme0c0n1/device/model': 'x',
    'sys/block/nvme0c0n1/hidden': '1\n',
    'sys/block/cciss!c0d0/device/model': 'x',
  });
  const disks = readDisks({ proc: tree.path('proc'), sys: tree.path('sys') });
  expect([...(disks as Map<string, unknown>).keys()]).toEqual(['sda', 'nvme0n1', 'cciss/c0d0']);
});

test('without diskstats it is missing, and this machine has one that can be read', () => {
  expect(readDisks({ proc: '/nonexistent', sys: '/sys' })).toEqual({
    missing: expect.stringContaining('diskstats: ENOENT'),
  });
  const disks = readDisks({ proc: '/proc', sys: '/sys' });
  if (isMissing(disks)) throw new Error(disks.missing);
  expect([...disks.values()].every(({ readBytes }) => readBytes >= 0n)).toBe(true);
});
