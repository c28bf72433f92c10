import { chmodSync } from 'node:fs';
import fc from 'fast-check';
import {
  parseLustreStats,
  parseMountinfo,
  parseMountstats,
  readNetworkFiles,
} from '../../../src/sources/network-files';
import { isMissing } from '../../../src/sources/source';
import { noOtherUser, testUnless } from '../../test-unless';
import { Tree, asNobody } from './tree';

let tree: Tree;
afterEach(() => tree?.remove());

interface TestMount {
  readonly device: string;
  readonly at: string;
  readonly superblock: string;
  readonly type?: string;
  readonly bytes?: readonly [read: number, written: number];
}

/** As nfs_show_stats (fs/nfs/super.c) writes it: blanks at the ends of lists too. */
function mountstats(mounts: readonly TestMount[]): string {
  return mounts
    .map(({ device, at, type = 'nfs4', bytes: [read, written] = [0, 0] }) =>
      type.startsWith('nfs')
        ? `device ${device} mounted on ${at} with fstype ${type} statvers=1.1
	opts:	rw,vers=4.2,rsize=1048576,wsize=1048576,namlen=255,hard,proto=tcp,timeo=600,retrans=2,sec=sys
	age:	1270876
	impl_id:	name='',domain='',date='0,0'
	caps:	caps=0x3ffbffff,wtmult=512,dtsize=1048576,bsize=0,namlen=255
	nfsv4:	bm0=0xfdffafff,bm1=0x40f9be3e,bm2=0x60803,acl=0x3,sessions,pnfs=not configured,lease_time=90
	sec:	flavor=1,pseudoflavor=1
	events:	52 226 0 0 1 13 398 0 0 331 0 47 0 0 77 0 0 77 0 0 0 0 0 0 0 0 0
	bytes:	11 22 33 44 ${read} ${written} 295483 7
	RPC iostats version: 1.1  p/v: 100003/4 (nfs)
	xprt:	tcp 832 0 1 0 11 6428 6428 0 12154 0 24 26 5726
	per-op statistics
	        NULL: 1 1 0 44 24 0 0 0 0
	        READ: 1298 1298 0 207680 1210292152 6 79386 79407 0
	       WRITE: 17 18 0 4660 2720 0 9 9 0

`
        : `device ${device} mounted on ${at} with fstype ${type}\n`,
    )
    .join('');
}

/** What `mountstats` writes of each mount's operations. */
const ASKED = { readOps: 1298n, writtenOps: 17n };

function mountinfo(mounts: readonly TestMount[]): string {
  return mounts
    .map(
      ({ device, at, superblock, type = 'nfs4' }, i) =>
        `${i + 30} 28 ${superblock} / ${at} rw,relatime shared:${i} master:1 - ${type} ${device} rw,vers=4.2,addr=10.0.0.1\n`,
    )
    .join('');
}

const ROOT: TestMount = { device: '/dev/sda1', at: '/', superblock: '8:1', type: 'ext4' };

function mountTree(mounts: readonly TestMount[], pid = '1'): Tree {
  return new Tree({
    [`proc/${pid}/mountstats`]: mountstats([ROOT, ...mounts]),
    [`proc/${pid}/mountinfo`]: mountinfo([ROOT, ...mounts]),
  });
}

function roots(): { proc: string; sys: string } {
  return { proc: tree.path('proc'), sys: tree.path('sys') };
}

/** What all file systems read and wrote, or why it is not known. */
function sums(): unknown {
  const counters = readNetworkFiles(roots());
  if (isMissing(counters)) return counters;
  const sum = (key: 'readBytes' | 'writtenBytes'): bigint =>
    [...counters.values()].reduce((total, one) => total + one[key], 0n);
  return { readBytes: sum('readBytes'), writtenBytes: sum('writtenBytes') };
}

const LUSTRE_STATS = `snapshot_time             1301585789.189183 secs.usecs
dirty_pages_hits          276 samples [regs]
read_bytes                449131 samples [bytes] 1 23553884 101262334767
write_bytes               201770 samples [bytes] 1 20971520 236938468092 -3193831078871982772
brw_read                  13 samples [pages] 4096 4096 53248
read                      13 samples [usec] 1 2 7 9
`;

describe('the text of mountstats', () => {
  test('what came from and went to the server counts, not what programs read and wrote', () => {
    const text = mountstats([
      ROOT,
      { device: 'fs1:/home', at: '/home', superblock: '0:45', bytes: [1_207_640_230, 5] },
      { device: 'fs2:/old', at: '/old', superblock: '0:46', type: 'nfs', bytes: [7, 8] },
    ]);
    expect(parseMountstats(text)).toEqual([
      { device: 'fs1:/home', mountPoint: '/home', readBytes: 1_207_640_230n, writtenBytes: 5n, ...ASKED },
      { device: 'fs2:/old', mountPoint: '/old', readBytes: 7n, writtenBytes: 8n, ...ASKED },
    ]);
  });

  test.each([
    ['no NFS', 'device proc mounted on /proc with fstype proc\n'],
    [
      'a line of bytes of something else',
      'device x mounted on /x with fstype ext4\n\tbytes:\t1 2 3 4 5 6 7 8 \n',
    ],
    ['too few numbers', 'device x mounted on /x with fstype nfs4 statvers=1.1\n\tbytes:\t1 2 3 4 5\n'],
    [
      'a negative number',
      'device x mounted on /x with fstype nfs4 statvers=1.1\n\tbytes:\t1 2 3 4 -5 6 7 8\n',
    ],
    ['no mount before it', '\tbytes:\t1 2 3 4 5 6 7 8\n'],
    [
      'a type that only begins like NFS',
      'device x mounted on /x with fstype nfsd\n\tbytes:\t1 2 3 4 5 6 7 8\n',
    ],
    ['nothing', ''],
  ])('%s: nothing', (_, text) => {
    expect(parseMountstats(text)).toEqual([]);
  });

  test('a mount without its line does not get the next one’s', () => {
    const next = mountstats([{ device: 'b:/', at: '/b', superblock: '0:2', bytes: [3, 4] }]);
    expect(parseMountstats(`device a:/ mounted on /a with fstype nfs4 statvers=1.1\n${next}`)).toEqual([
      { device: 'b:/', mountPoint: '/b', readBytes: 3n, writtenBytes: 4n, ...ASKED },
    ]);
  });

  test('of one mount the first line counts', () => {
    const text = `${mountstats([{ device: 'b:/', at: '/b', superblock: '0:2', bytes: [3, 4] }])}\tbytes:\t1 2 3 4 5 6 7 8\n`;
    expect(parseMountstats(text)).toHaveLength(1);
  });

  test('no text makes it fail', () => {
    const piece = fc.constantFrom(
      'device ',
      ' mounted on ',
      ' with fstype nfs4',
      '\n',
      '\tbytes:\t',
      '1 ',
      '\\040',
      '-',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 40 }), (parts) => {
        expect(Array.isArray(parseMountstats(parts.join('')))).toBe(true);
        expect(Array.isArray(parseMountinfo(parts.join('')))).toBe(true);
      }),
    );
  });
});

test('mountinfo: optional fields, none of them, and a name with blanks', () => {
  const text = `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue
40 28 0:45 /a\\040-\\040b /home/a\\040-\\040b rw - nfs4 fs1:/home rw,x= - y z
nonsense
`;
  expect(parseMountinfo(text)).toEqual([
    { superblock: '98:0', mountPoint: '/mnt2', type: 'ext3', device: '/dev/root' },
    { superblock: '0:45', mountPoint: '/home/a\\040-\\040b', type: 'nfs4', device: 'fs1:/home' },
  ]);
});

describe('the stats of a Lustre client', () => {
  test('how many and the sums of their bytes, not how large the least and the largest were', () => {
    expect(parseLustreStats(LUSTRE_STATS)).toEqual({
      readBytes: 101_262_334_767n,
      writtenBytes: 236_938_468_092n,
      readOps: 449_131n,
      writtenOps: 201_770n,
    });
  });

  test('what never happened has no line', () => {
    expect(
      parseLustreStats('snapshot_time  1534770326.579119384 secs.nsecs\nopen  4 samples [reqs]\n'),
    ).toEqual({
      readBytes: 0n,
      writtenBytes: 0n,
      readOps: 0n,
      writtenOps: 0n,
    });
  });

  test('another text is missing and not 0', () => {
    expect(parseLustreStats('hello', '/x')).toEqual({ missing: expect.stringContaining('/x holds "hello"') });
  });
});

describe('what is mounted', () => {
  test('file systems are added up; the mounts of one, and of its folders, count once', () => {
    const shared = { superblock: '0:45', bytes: [100, 10] } as const;
    tree = mountTree([
      { ...shared, device: 'fs1:/home', at: '/home' },
      { ...shared, device: 'fs1:/home', at: '/mnt/home' },
      { ...shared, device: 'fs1:/home/alice', at: '/home/alice\\040s' },
      { device: 'fs1:/home', at: '/apart', superblock: '0:46', bytes: [5, 1] },
    ]);
    expect(sums()).toEqual({ readBytes: 105n, writtenBytes: 11n });
  });

  test('Lustre: in /proc, in sysfs and in debugfs, each file system once', () => {
    tree = mountTree([{ device: 'mgs@tcp:/l', at: '/l', superblock: '0:50', type: 'lustre' }]);
    const stats = (bytes: number): string =>
      `snapshot_time 1.2 secs.usecs\nread_bytes  1 samples [bytes] 1 1 ${bytes}\nwrite_bytes  1 samples [bytes] 1 1 1\n`;
    tree.write('proc/fs/lustre/llite/a-ffff8800/stats', stats(1));
    tree.write('sys/fs/lustre/llite/b-ffff8801/stats', stats(10));
    tree.write('sys/fs/lustre/llite/c-ffff8802/uuid', 'its stats are in debugfs');
    tree.write('sys/kernel/debug/lustre/llite/c-ffff8802/stats', stats(100));
    tree.write('sys/kernel/debug/lustre/llite/b-ffff8801/stats', stats(10));
    expect(sums()).toEqual({ readBytes: 111n, writtenBytes: 3n });
  });

  test('where none is mounted it is 0, since nothing was read', () => {
    tree = mountTree([]);
    expect(sums()).toEqual({ readBytes: 0n, writtenBytes: 0n });
  });

  test('Lustre whose stats cannot be read is missing and not 0', () => {
    tree = mountTree([{ device: 'mgs@tcp:/l', at: '/l', superblock: '0:50', type: 'lustre' }]);
    expect(sums()).toEqual({ missing: expect.stringContaining('Lustre') });
  });

  test('without the first process the agent’s own view', () => {
    tree = mountTree([{ device: 'fs:/', at: '/m', superblock: '0:9', bytes: [3, 4] }], 'self');
    expect(sums()).toEqual({ readBytes: 3n, writtenBytes: 4n });
  });

  testUnless(noOtherUser)('without the right to look at the first process the agent’s own view', () => {
    tree = mountTree([{ device: 'fs:/', at: '/m', superblock: '0:9', bytes: [3, 4] }], 'self');
    tree.write('proc/1/mountstats', mountstats([]));
    tree.write('proc/1/mountinfo', mountinfo([ROOT]));
    chmodSync(tree.path('proc/1'), 0o700);
    expect(asNobody(() => sums())).toEqual({ readBytes: 3n, writtenBytes: 4n });
  });

  test('mountstats that is not there is missing', () => {
    tree = new Tree({ 'proc/self/mountinfo': mountinfo([ROOT]) });
    expect(sums()).toEqual({
      missing: expect.stringMatching(/^cannot read .*self\/mountstats: ENOENT/),
    });
  });

  test('a mountinfo of another form is missing', () => {
    tree = new Tree({ 'proc/1/mountinfo': 'hello', 'proc/1/mountstats': '' });
    expect(readNetworkFiles(roots())).toEqual({ missing: expect.stringContaining('holds "hello"') });
  });

  test('this machine’s can be read', () => {
    const counters = readNetworkFiles({ proc: '/proc', sys: '/sys' });
    if (isMissing(counters)) throw new Error(counters.missing);
    expect([...counters.values()].every(({ readBytes }) => readBytes >= 0n)).toBe(true);
  });
});
