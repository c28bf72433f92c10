import {
  lastValue,
  parseConfLines,
  readSlurmConfTree,
  recordsOf,
  valuesOf,
  wordsOf,
} from '../../../src/slurm/slurm-conf-tree';
import { isAway, parseSinfo } from '../../../src/slurm/sinfo';
import { Tree } from '../sources/tree';

let tree: Tree;
beforeEach(() => {
  tree = new Tree();
});
afterEach(() => tree.remove());

test('a slurm.conf is read as Slurm reads it', () => {
  const lines = parseConfLines(
    'prolog=/a # ours\nProlog = "/b c"\n#Prolog=/no\nPrologFlags=Alloc\nPROLOGFLAGS=Contain,\\\nX11\nPrologSlurmctld=/d\nEpilog=(null)\nNodeName=n[1-2] CPUs=4 Prolog=/never\nLaunchParameters=\\#x\n',
  );
  const conf = { lines };
  expect(valuesOf(conf, 'Prolog')).toEqual(['/a', '/b c']);
  expect(valuesOf(conf, 'Epilog')).toEqual([]);
  expect(wordsOf(conf, 'PrologFlags')).toEqual(['contain', 'x11']);
  expect(recordsOf(conf, 'NodeName').map((line) => line.get('cpus'))).toEqual(['4']);
});

test('the lines of DEFAULT hold for those after them', () => {
  const conf = {
    lines: parseConfLines(
      'PartitionName=a\nPartitionName=DEFAULT OverSubscribe=FORCE:2 MaxTime=60\nPartitionName=b\nPartitionName=c OverSubscribe=NO\n',
    ),
  };
  expect(recordsOf(conf, 'PartitionName').map((line) => line.get('oversubscribe'))).toEqual([
    undefined,
    'FORCE:2',
    'NO',
  ]);
});

test('included files are read where their line stands, by the folder of slurm.conf and the name of the cluster', () => {
  tree.write(
    'slurm.conf',
    'ClusterName=alpha\nProlog=/one\nInclude %c/hooks.conf\ninclude gone.conf\nProlog=/three\n',
  );
  tree.write('alpha/hooks.conf', 'Prolog=/two\nInclude more.conf\n');
  tree.write('more.conf', 'Epilog=/four\n');
  const conf = readSlurmConfTree(tree.path('slurm.conf'));
  expect(valuesOf(conf, 'Prolog')).toEqual(['/one', '/two', '/three']);
  expect(lastValue(conf, 'Epilog')).toBe('/four');
  expect(conf.files).toEqual(['slurm.conf', 'alpha/hooks.conf', 'more.conf'].map((name) => tree.path(name)));
  expect(conf.unread).toEqual([tree.path('gone.conf')]);
});

test('files that include each other end', () => {
  tree.write('slurm.conf', 'Include slurm.conf\nProlog=/x\n');
  expect(readSlurmConfTree(tree.path('slurm.conf')).unread).toEqual(['slurm.conf']);
});

test('nodes of sinfo come once, and those that Slurm knows to be away are', () => {
  const nodes = parseSinfo(
    'n1|idle\nn1|idle\nn2|down*\nn3|idle~\nn4|drained\nn5|mixed\nn6|DRAINING\n$(x)|idle\n',
  );
  expect(nodes.map(({ node }) => node)).toEqual(['n1', 'n2', 'n3', 'n4', 'n5', 'n6']);
  expect(nodes.filter(isAway).map(({ node }) => node)).toEqual(['n2', 'n3']);
});
