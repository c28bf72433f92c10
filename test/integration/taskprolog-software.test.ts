import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Software, parseSoftware } from './software';
import { SHELLS, noOtherUser, testUnless } from './hook-home';

const SCRIPT = join(__dirname, '..', '..', 'slurm-examples', 'taskprolog-software.sh');
const NOBODY = 65_534;

let dir: string;
/** In PATH: the shell that is tested as `sh`, which the script starts for its second half. */
let bin: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-software-'));
  bin = mkdtempSync(join(tmpdir(), 'eit-shell-'));
  chmodSync(bin, 0o755);
});
afterEach(() => {
  for (const folder of [dir, bin]) rmSync(folder, { recursive: true, force: true });
});

/** Makes empty files. */
function touch(...paths: readonly string[]): void {
  for (const path of paths) {
    mkdirSync(join(dir, path, '..'), { recursive: true });
    writeFileSync(join(dir, path), '');
  }
}

type Variables = Readonly<Record<string, string | undefined>>;

/** Runs it as Slurm does in front of a job's first task; `undefined` takes a variable away. */
function runAs(uid: number, [shell, args]: (typeof SHELLS)[number], variables: Variables = {}) {
  rmSync(join(bin, 'sh'), { force: true });
  symlinkSync(shell, join(bin, 'sh'));
  const wanted: Variables = {
    PATH: `${bin}:/usr/local/bin:/usr/bin:/bin`,
    HOME: dir,
    SLURM_CLUSTER_NAME: 'lab',
    SLURM_JOB_ID: '17',
    SLURM_PROCID: '0',
    SLURM_LOCALID: '0',
    SLURM_STEP_ID: '0',
    ...variables,
  };
  const env = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
  const { status, stdout, stderr } = spawnSync(shell, [...args, SCRIPT], {
    env,
    encoding: 'utf8',
    uid,
    cwd: '/',
  });
  return { status, stdout, stderr };
}

const SILENT = { status: 0, stdout: '', stderr: '' };
const FOLDER = '.local/state/eit/software';

function software(file = `${FOLDER}/lab-17`): Software {
  return parseSoftware(readFileSync(join(dir, file)));
}

describe.each(SHELLS)('%s', (...shell) => {
  const run = (variables?: Variables) => runAs(process.getuid?.() ?? 0, shell, variables);

  test('modules, Conda, a venv and the container are written down in the user’s own folder', () => {
    touch('conda/conda-meta/numpy-1.26.4-py311_0.json', 'conda/conda-meta/history');
    touch('venv/lib/python3.12/site-packages/torch-2.4.0.dist-info/METADATA');
    touch('venv/lib/python3.12/site-packages/torch/__init__.py');
    touch('bin/python3');
    chmodSync(join(dir, 'bin/python3'), 0o755);
    const done = run({
      PATH: `${dir}/bin:${bin}:/usr/bin:/bin`,
      LOADEDMODULES: 'gcc/13.2:openmpi/5.0',
      CONDA_PREFIX: join(dir, 'conda'),
      VIRTUAL_ENV: join(dir, 'venv'),
      APPTAINER_CONTAINER: '/images/torch.sif',
      SLURM_JOB_START_TIME: '1790000000',
      SLURM_RESTART_COUNT: '2',
    });
    expect(done).toEqual(SILENT);
    expect(software()).toEqual({
      cluster: 'lab',
      jobId: 17,
      restart: 2,
      startS: 1_790_000_000,
      modules: ['gcc/13.2', 'openmpi/5.0'],
      container: '/images/torch.sif',
      python: join(dir, 'bin/python3'),
      conda: {
        prefix: join(dir, 'conda'),
        packages: { names: ['numpy-1.26.4-py311_0'], isComplete: true },
      },
      venv: {
        prefix: join(dir, 'venv'),
        python: '3.12',
        packages: { names: ['torch-2.4.0'], isComplete: true },
      },
    });
    expect(statSync(join(dir, FOLDER)).mode & 0o777).toBe(0o700);
    expect(statSync(join(dir, FOLDER, 'lab-17')).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(dir, FOLDER))).toEqual(['lab-17']);
  });

  test('of a job without any of these it says so', () => {
    expect(run()).toEqual(SILENT);
    const { python, ...rest } = software();
    expect(typeof (python ?? '')).toBe('string');
    expect(rest).toEqual({ cluster: 'lab', jobId: 17, modules: [] });
  });

  test.each<[string, Variables, boolean]>([
    ['the first step', { SLURM_STEP_ID: '0' }, true],
    ['a batch script', { SLURM_STEP_ID: '4294967291' }, true],
    ['a batch script that is told no step', { SLURM_STEP_ID: undefined, SLURM_PROCID: undefined }, true],
    ['a later step', { SLURM_STEP_ID: '1' }, false],
    ['another rank', { SLURM_PROCID: '1', SLURM_LOCALID: '0' }, false],
    ['an array’s first task', { SLURM_ARRAY_TASK_ID: '3', SLURM_ARRAY_TASK_MIN: '3' }, true],
    ['an array’s other task', { SLURM_ARRAY_TASK_ID: '4', SLURM_ARRAY_TASK_MIN: '3' }, false],
    ['no job', { SLURM_JOB_ID: undefined }, false],
    ['a job id that is none', { SLURM_JOB_ID: '../17' }, false],
  ])('%s: written down or not', (_, variables, isWritten) => {
    expect(run(variables)).toEqual(SILENT);
    expect(existsSync(join(dir, '.local'))).toBe(isWritten);
  });

  test('a later writing takes the place of an earlier one, whatever is left of one that was killed', () => {
    run({ LOADEDMODULES: 'a/1' });
    writeFileSync(join(dir, FOLDER, 'lab-17.tmp'), 'half a file');
    run({ LOADEDMODULES: 'b/2' });
    expect(software().modules).toEqual(['b/2']);
    expect(readdirSync(join(dir, FOLDER))).toEqual(['lab-17']);
  });

  test('hostile values are data: nothing is run, and no file is elsewhere', () => {
    const evil = `$(touch ${dir}/ran)\`touch ${dir}/ran\`"; touch ${dir}/ran; '\n\u001b[2J=x*?%s\\0-n`;
    mkdirSync(join(dir, 'p', evil.replaceAll('/', '_'), 'conda-meta'), { recursive: true });
    touch(`p/${evil.replaceAll('/', '_')}/conda-meta/-n %s $(id).json`);
    const done = run({
      LOADEDMODULES: evil,
      VIRTUAL_ENV: evil,
      SINGULARITY_CONTAINER: `-e ${evil}`,
      CONDA_PREFIX: join(dir, 'p', evil.replaceAll('/', '_')),
      SLURM_CLUSTER_NAME: '../../../x',
      SLURM_ARRAY_JOB_ID: evil,
      SLURM_RESTART_COUNT: '-1',
      IFS: 'e/',
      CDPATH: '/tmp',
    });
    expect(done).toEqual(SILENT);
    expect(existsSync(join(dir, 'ran'))).toBe(false);
    const found = software(`${FOLDER}/unknown-17`);
    expect(found.venv!.prefix).toBe(evil.replaceAll(/\p{Cc}/gu, '\uFFFD'));
    expect(found.container!.startsWith('-e $(touch')).toBe(true);
    expect(found.conda!.packages.names).toEqual(['-n %s $(id)']);
    expect(found.arrayJobId).toBeUndefined();
    expect(JSON.stringify(found)).not.toMatch(/\\u001b|\\n/);
  });

  test('of more packages than are kept the first, and it says that there are more', () => {
    const names = Array.from({ length: 2003 }, (_, i) => `p${String(i).padStart(5, '0')}-1.0`);
    touch(...names.map((name) => `c/conda-meta/${name}.json`));
    run({ CONDA_PREFIX: join(dir, 'c') });
    const { packages } = software().conda!;
    expect(packages).toEqual({ names: names.slice(0, 2000), isComplete: false });
  });

  test('values are cut, not the file', () => {
    run({ LOADEDMODULES: 'm'.repeat(100_000), SLURM_CONTAINER: '/c' });
    expect(software().modules).toEqual(['m'.repeat(16_384)]);
    expect(software().container).toBe('/c');
  });

  test.each<[string, Variables]>([
    ['no HOME', { HOME: undefined }],
    ['an empty HOME', { HOME: '' }],
    ['a HOME that is not there', { HOME: '/proc/none' }],
    ['a folder that is no absolute path', { EIT_SOFTWARE_DIR: 'tmp' }],
    ['a folder that is a file', { EIT_SOFTWARE_DIR: SCRIPT }],
    ['no PATH', { PATH: undefined, HOME: undefined }],
    ['a PATH without anything', { PATH: '/nonexistent', HOME: undefined }],
  ])('%s: nothing is written, nothing is said', (_, variables) => {
    expect(run(variables)).toEqual(SILENT);
    expect(readdirSync(dir)).toEqual([]);
  });

  test('EIT_SOFTWARE_DIR is another folder, made where it is missing', () => {
    expect(run({ EIT_SOFTWARE_DIR: join(dir, 'a b/c'), HOME: undefined })).toEqual(SILENT);
    expect(software('a b/c/software/lab-17').jobId).toBe(17);
  });

  test('a link at the place of the file is replaced, what it leads to is not written to', () => {
    mkdirSync(join(dir, FOLDER), { recursive: true });
    writeFileSync(join(dir, 'precious'), 'x');
    for (const name of ['lab-17', 'lab-17.tmp']) symlinkSync(join(dir, 'precious'), join(dir, FOLDER, name));
    expect(run()).toEqual(SILENT);
    expect(readFileSync(join(dir, 'precious'), 'utf8')).toBe('x');
    expect(software().jobId).toBe(17);
  });

  testUnless(noOtherUser)('a home that the user may not write to', () => {
    chmodSync(dir, 0o555);
    expect(runAs(NOBODY, shell)).toEqual(SILENT);
    expect(readdirSync(dir)).toEqual([]);
  });

  testUnless(noOtherUser)('a user of its own, and packages that it may not list', () => {
    touch('secret/conda-meta/a-1-0.json');
    chmodSync(join(dir, 'secret'), 0o700);
    chownSync(dir, NOBODY, NOBODY);
    chmodSync(dir, 0o755);
    expect(runAs(NOBODY, shell, { CONDA_PREFIX: join(dir, 'secret') })).toEqual(SILENT);
    expect(software().conda!.packages.names).toEqual([]);
    expect(statSync(join(dir, FOLDER, 'lab-17')).uid).toBe(NOBODY);
  });
});

test('a reading that takes too long is given up, and leaves no half a file under the file’s name', () => {
  // As a file system that does not answer: `mv` never comes back.
  touch('bin/mv');
  writeFileSync(join(dir, 'bin/mv'), '#!/bin/sh\nexec sleep 600\n');
  chmodSync(join(dir, 'bin/mv'), 0o755);
  const done = runAs(process.getuid?.() ?? 0, ['/bin/sh', []], { PATH: `${dir}/bin:/usr/bin:/bin` });
  expect(done).toEqual(SILENT);
  expect(readdirSync(join(dir, FOLDER))).toEqual(['lab-17.tmp']);
});
