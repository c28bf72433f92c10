import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSlurmConf, readSlurmConf } from '../../../src/slurm/slurm-conf';

test.each([
  ['ClusterName=a\nSlurmUser=slurm\n', 'slurm'],
  ['slurmuser = 64030 # the packaged one', '64030'],
  ['SlurmUser=slurm(64030)', 'slurm'],
  ['  SlurmUser="slurm"', 'slurm'],
  ['#SlurmUser=eve\nSlurmdUser=eve2\n', 'root'],
  ['SlurmUser=a\nSlurmUser=b\n', 'b'],
  ['', 'root'],
])('%j names %s', (text, user) => {
  expect(parseSlurmConf(text).slurmUser).toBe(user);
});

test('SLURM_CONF names the file, and no file is no answer', () => {
  const dir = mkdtempSync(join(tmpdir(), 'eit-slurm-conf-'));
  try {
    const path = join(dir, 'slurm.conf');
    expect(readSlurmConf({ SLURM_CONF: path })).toBeNull();
    writeFileSync(path, 'SlurmUser=batch\n');
    expect(readSlurmConf({ SLURM_CONF: path })).toEqual({ slurmUser: 'batch', clusterName: null });
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('the cluster’s name', () => {
  expect(parseSlurmConf('ClusterName=alpha # ours').clusterName).toBe('alpha');
});
