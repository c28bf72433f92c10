import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { SlurmScope } from '../../../src/slurm/cgroup-path';
import { ScopeListing } from '../../../src/slurm/scope-listing';
import { Tree, isRoot } from '../sources/tree';

const jobsOf = (listing: ScopeListing): string[] => listing.jobs.map(({ dir }) => basename(dir));

/** What must hold in files of any kind: a directory that comes, one that goes, and neither. */
function expectToFollow(scope: SlurmScope, jobParent: string, remove: (dir: string) => void): void {
  const listing = new ScopeListing(scope);
  mkdirSync(join(jobParent, 'job_1'));
  expect(listing.refresh()).toBe(true);
  expect(jobsOf(listing)).toEqual(['job_1']);
  expect(listing.refresh()).toBe(false);
  mkdirSync(join(jobParent, 'job_2'));
  expect(listing.refresh()).toBe(true);
  expect(jobsOf(listing).toSorted()).toEqual(['job_1', 'job_2']);
  remove(join(jobParent, 'job_1'));
  expect(listing.refresh()).toBe(true);
  expect(jobsOf(listing)).toEqual(['job_2']);
  expect(listing.refresh()).toBe(false);
  // One that goes while another comes: its reader says that it is gone.
  listing.invalidate();
  expect(listing.refresh()).toBe(true);
  remove(join(jobParent, 'job_2'));
}

describe('in ordinary files', () => {
  let tree: Tree;
  beforeEach(() => (tree = new Tree()));
  afterEach(() => tree.remove());

  test.each([
    [2, 'scope'],
    [1, 'scope/uid_7'],
  ] as const)('version %d', (version, parent) => {
    mkdirSync(tree.path(parent), { recursive: true });
    expectToFollow({ version, dir: tree.path('scope'), node: null }, tree.path(parent), rmdirSync);
  });

  test('version 1: a user that comes has jobs too, and other directories are not theirs', () => {
    mkdirSync(tree.path('scope'));
    const listing = new ScopeListing({ version: 1, dir: tree.path('scope'), node: null });
    listing.refresh();
    mkdirSync(tree.path('scope/uid_7/job_1'), { recursive: true });
    mkdirSync(tree.path('scope/system'));
    expect(listing.refresh()).toBe(true);
    expect([jobsOf(listing), listing.others.map((dir) => basename(dir))]).toEqual([['job_1'], ['system']]);
  });

  test('a scope that is gone has nothing', () => {
    const listing = new ScopeListing({ version: 2, dir: tree.path('none'), node: null });
    expect(listing.refresh()).toBe(true);
    expect([listing.jobs, listing.others, listing.refresh()]).toEqual([[], [], false]);
  });
});

// The kernel keeps no times of change there: only the number of links tells.
describe('in cgroups', () => {
  const mounts = [
    [2, ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'], 'cgroup.controllers'],
    [1, ['/sys/fs/cgroup/cpu,cpuacct', '/sys/fs/cgroup/cpuacct'], 'cpuacct.usage'],
  ] as const;
  for (const [version, places, file] of mounts) {
    const mount = places.find((place) => existsSync(join(place, file)));
    const can = isRoot && mount !== undefined;
    (can ? test : test.skip)(`version ${version}${can ? '' : ' (skipped: needs root and its mount)'}`, () => {
      const dir = join(mount ?? '', `eit-listing-${process.pid}`);
      const parent = version === 2 ? dir : join(dir, 'uid_7');
      mkdirSync(parent, { recursive: true });
      try {
        expectToFollow({ version, dir, node: null }, parent, rmdirSync);
      } finally {
        for (const each of [...['job_1', 'job_2'].map((job) => join(parent, job)), parent, dir])
          if (existsSync(each)) rmdirSync(each);
      }
    });
  }
});
