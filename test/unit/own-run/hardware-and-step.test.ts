import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFolders } from '../../../src/cli/make-folders';
import { fitsModel, requireHardware } from '../../../src/own-run/required-hardware';
import { ownStart, slurmStep } from '../../../src/own-run/slurm-step';

const A100 = 'NVIDIA A100-SXM4-80GB';

test.each([
  ['a100', A100, true],
  ['80gb A100', A100, true],
  ['a100 40gb', A100, false],
  ['h100|a100', A100, true],
  ['h100|v100', A100, false],
  ['', A100, false],
  ['|', A100, false],
  ['a.00', A100, false],
])('%j fits %j: %s', (pattern, model, fits) => expect(fitsModel(pattern, model)).toBe(fits));

test('all GPUs have to fit, and what is here is told without what a terminal obeys', () => {
  expect(() => requireHardware('require-gpu', 'a100', [A100, A100])).not.toThrow();
  expect(() => requireHardware('require-gpu', 'a100', [A100, 'Tesla \u001b[31mT4'])).toThrow(
    '--require-gpu "a100": here is NVIDIA A100-SXM4-80GB, Tesla \\u{1b}[31mT4. The command was not started',
  );
  expect(() => requireHardware('require-cpu', 'epyc', [])).toThrow('no CPU is known here');
});

const JOB = {
  ...{
    SLURM_JOB_ID: '77',
    SLURM_JOB_NODELIST: 'n[1-2]',
    SLURM_JOB_CPUS_PER_NODE: '4,8',
    SLURMD_NODENAME: 'n2',
  },
  ...{ SLURM_CLUSTER_NAME: 'lab', SLURM_JOB_START_TIME: '1772445600' },
};
const STEP = { ...JOB, SLURM_STEP_ID: '3', SLURM_STEP_NODELIST: 'n[1-2]', SLURM_STEP_NUM_NODES: '2' };

test.each([
  ['no job', {}, null],
  ['a job that is none', { SLURM_JOB_ID: 'x' }, null],
  ['a batch script', JOB, { step: null, nodes: 1, cpus: 8, localTask: 0, isFirstTask: true }],
  ['a batch script by its number', { ...STEP, SLURM_STEP_ID: '4294967291' }, { step: null, nodes: 1 }],
  ['a step', { ...STEP, SLURM_PROCID: '1', SLURM_LOCALID: '0' }, { step: 3, nodes: 2, isFirstTask: false }],
  ['one task a node', { ...STEP, SLURM_STEP_TASKS_PER_NODE: '1(x2)' }, { hasOtherTasks: false }],
  [
    'several tasks',
    { ...STEP, SLURM_STEP_TASKS_PER_NODE: '4(x2)', SLURM_LOCALID: '2' },
    { hasOtherTasks: true, localTask: 2 },
  ],
  ['on one node more', { ...STEP, SLURM_STEP_TASKS_PER_NODE: '2,1' }, { hasOtherTasks: true }],
])('%s', (_, env, step) => {
  if (step === null) expect(slurmStep(env)).toBeNull();
  else
    expect(slurmStep(env)).toMatchObject({
      job: 77,
      node: 'n2',
      cluster: 'lab',
      startS: 1772445600,
      ...step,
    });
});

test('of GPUs what CUDA is told is claimed, and nothing that is no list of them', () => {
  expect(ownStart({ CUDA_VISIBLE_DEVICES: 'GPU-1a,MIG-2b' })).toEqual({
    by: 'prolog',
    gpu_uuids: 'GPU-1a,MIG-2b',
  });
  expect(ownStart({ CUDA_VISIBLE_DEVICES: '0,1' })).toEqual({ by: 'prolog', gpu_ids: '0,1' });
  for (const text of ['', '-1', 'NoDevFiles', '0;rm', undefined])
    expect(ownStart({ CUDA_VISIBLE_DEVICES: text })).toEqual({ by: 'prolog' });
});

test('folders are made with those above them; where none can be made that is an error, and soon', () => {
  const dir = mkdtempSync(join(tmpdir(), 'eit-folders-'));
  try {
    makeFolders(join(dir, 'a/b/c'), 0o700);
    makeFolders(join(dir, 'a/b/c'), 0o700);
    expect(statSync(join(dir, 'a/b')).mode & 0o777).toBe(0o700);
    writeFileSync(join(dir, 'file'), '');
    expect(() => makeFolders(join(dir, 'file'))).toThrow('EEXIST');
    expect(() => makeFolders(join(dir, 'file/below'))).toThrow('ENOTDIR');
    // Node.js' own goes round for ever here.
    expect(() => makeFolders('/proc/nothing/below')).toThrow('ENOENT');
  } finally {
    rmSync(dir, { recursive: true });
  }
});
