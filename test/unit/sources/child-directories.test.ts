import { mkdirSync, renameSync, rmdirSync, utimesSync } from 'node:fs';
import { ChildDirectories } from '../../../src/sources/child-directories';
import { WatchFailures } from '../../../src/sources/watch-failures';
import { Tree } from './tree';

let tree: Tree;
let told: string[];
let failures: string[];
beforeEach(() => {
  tree = new Tree();
  told = [];
  failures = [];
});
afterEach(() => tree.remove());

/** The directories of `top` that are called `job_<n>`, without any event. */
function jobs(appeared: (name: string) => void = () => undefined): ChildDirectories {
  return new ChildDirectories(
    tree.path('top'),
    {
      isChild: (name) => /^job_\d$/.test(name),
      appeared: (name) => {
        told.push(`+${name}`);
        appeared(name);
      },
      vanished: (name) => told.push(`-${name}`),
    },
    { watchDirectory: () => null, failures: new WatchFailures((reason) => failures.push(reason)) },
  );
}

function takeTold(): string[] {
  return told.splice(0).toSorted();
}

function make(...paths: string[]): void {
  for (const path of paths) mkdirSync(tree.path(path), { recursive: true });
}

test('what came and went since the last look is told by the next', () => {
  make('top/job_1', 'top/other');
  const children = jobs();
  expect(children.isCurrent()).toBe(false);
  expect(children.refresh()).toBe(true);
  expect(takeTold()).toEqual(['+job_1']);
  expect(children.isCurrent()).toBe(true);
  make('top/job_2');
  expect(children.isCurrent()).toBe(false);
  children.refresh();
  tree.remove('top/job_1');
  children.refresh();
  expect(takeTold()).toEqual(['+job_2', '-job_1'].toSorted());
});

test('a directory that looks as it did is not listed; that a child is gone makes it be', () => {
  make('top/job_1');
  utimesSync(tree.path('top'), 1000, 1000);
  const children = jobs();
  children.refresh();
  rmdirSync(tree.path('top/job_1'));
  make('top/job_2');
  utimesSync(tree.path('top'), 1000, 1000);
  takeTold();
  children.refresh();
  expect(takeTold()).toEqual([]);
  children.check('job_1');
  children.refresh();
  expect(takeTold()).toEqual(['+job_2', '-job_1'].toSorted());
});

test('a directory that was made anew is said to be another, and is compared when renewed', () => {
  make('top/job_1', 'new/job_1', 'new/job_2');
  const children = jobs();
  children.refresh();
  takeTold();
  tree.remove('top');
  expect(children.refresh()).toBe(false);
  renameSync(tree.path('new'), tree.path('top'));
  expect(children.refresh()).toBe(false);
  expect(takeTold()).toEqual([]);
  children.renew();
  expect(told).toEqual(expect.arrayContaining(['-job_1', '+job_1', '+job_2']));
  expect(told.indexOf('-job_1')).toBeLessThan(told.indexOf('+job_1'));
  expect(children.refresh()).toBe(true);
  expect(told).toHaveLength(3);
  tree.remove('top');
  children.renew();
  expect(told.slice(3).toSorted()).toEqual(['-job_1', '-job_2']);
});

test('what has ended takes its children along, whatever has their names now', () => {
  make('top/job_1', 'top/job_2');
  const children = jobs();
  children.refresh();
  takeTold();
  children.end();
  expect(takeTold()).toEqual(['-job_1', '-job_2']);
  children.refresh();
  children.check('job_1');
  expect(takeTold()).toEqual([]);
});

test('one child that fails does not cost the others, and makes the next look compare all', () => {
  make('top/job_1', 'top/job_2', 'top/job_3');
  const children = jobs((name) => {
    if (name !== 'job_3') throw Object.assign(new Error(`no ${name}`), { code: 'EPERM' });
  });
  children.refresh();
  expect(takeTold()).toEqual(['+job_1', '+job_2', '+job_3']);
  expect(failures).toEqual([`cannot read ${tree.path('top')}: no job_1`]);
  expect(children.isCurrent()).toBe(false);
  children.refresh();
  expect(children.isCurrent()).toBe(true);
});
