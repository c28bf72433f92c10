import { parseHookEvent } from '../../../src/slurm/hook-event';
import { runIdentity, runStart } from '../../../src/slurm/run-identity';

const bytes = (...fields: (string | Buffer)[]) =>
  Buffer.concat(
    fields.flatMap((field) => [Buffer.isBuffer(field) ? field : Buffer.from(field), Buffer.of(0)]),
  );
const event = (...fields: (string | Buffer)[]) =>
  parseHookEvent(bytes('eit-event 1', 'hook=prolog', 'boot=b', 'uptime=12.34', ...fields, 'end'));

describe('parseHookEvent', () => {
  test('takes the hook, the time and the variables that were set', () => {
    const parsed = event(
      'SLURM_JOB_ID=7',
      'SLURMD_NODENAME=n1',
      'SLURM_JOB_USER=ada',
      '',
      'SLURM_JOB_ACCOUNT=',
    );
    expect(parsed).toEqual({
      hook: 'prolog',
      boot: 'b',
      uptimeS: 12.34,
      jobId: 7,
      node: 'n1',
      variables: { SLURM_JOB_ID: '7', SLURMD_NODENAME: 'n1', SLURM_JOB_USER: 'ada' },
    });
  });

  test.each([
    ['nothing', Buffer.alloc(0), /does not begin/],
    ['another program’s file', bytes('hello', 'end'), /does not begin/],
    ['half of it', bytes('eit-event 1', 'hook=prolog', 'SLURM_JOB_ID=7'), /not whole/],
    [
      'a cut end mark',
      bytes('eit-event 1', 'hook=prolog', 'SLURM_JOB_ID=7', 'end').subarray(0, -1),
      /not whole/,
    ],
    [
      'another hook',
      bytes('eit-event 1', 'hook=taskprolog', 'SLURM_JOB_ID=7', 'end'),
      /hook is "taskprolog"/,
    ],
    ['no job', bytes('eit-event 1', 'hook=epilog', 'end'), /SLURM_JOB_ID is ""/],
    ['a job that is no number', bytes('eit-event 1', 'hook=epilog', 'SLURM_JOB_ID=7;rm', 'end'), /7;rm/],
    ['job 0', bytes('eit-event 1', 'hook=epilog', 'SLURM_JOB_ID=0', 'end'), /"0"/],
  ])('refuses %s', (_name, file, message) => {
    expect(() => parseHookEvent(file)).toThrow(message);
  });

  test('hostile values become text that is safe to keep', () => {
    const { variables } = event(
      'SLURM_JOB_ID=7',
      'SLURM_JOB_USER=a\nb\u001b[2J\u2028',
      Buffer.concat([Buffer.from('SLURM_JOB_ACCOUNT='), Buffer.of(0xff, 0xfe)]),
      `SLURM_JOB_PARTITION=${'p'.repeat(50_000)}`,
      'SLURM_JOB_QOS=a=b=c',
      '__proto__=x',
    );
    expect(variables['SLURM_JOB_USER']).toBe('a\uFFFDb\uFFFD[2J\uFFFD');
    expect(variables['SLURM_JOB_ACCOUNT']).toBe('\uFFFD\uFFFD');
    expect(variables['SLURM_JOB_PARTITION']).toHaveLength(16_384);
    expect(variables['SLURM_JOB_QOS']).toBe('a=b=c');
    expect(Object.getPrototypeOf(variables)).toBe(Object.prototype);
  });
});

describe('runIdentity', () => {
  const identity = (...fields: string[]) =>
    runIdentity(event('SLURM_JOB_ID=7', 'SLURMD_NODENAME=n2', ...fields), undefined);

  test('what Slurm 21.08 tells', () => {
    expect(
      identity(
        'SLURM_CLUSTER_NAME=lab',
        'SLURM_JOB_UID=1000',
        'SLURM_JOB_USER=ada',
        'SLURM_JOB_PARTITION=batch',
      ),
    ).toEqual({
      cluster: 'lab',
      node: 'n2',
      job: 7,
      restart: 0,
      uid: 1000,
      user: 'ada',
      partition: 'batch',
    });
  });

  test('what Slurm 26.05 tells', () => {
    expect(
      identity(
        'SLURM_CLUSTER_NAME=lab',
        'SLURM_JOB_NODELIST=n[1-2]',
        'SLURM_JOB_CPUS_PER_NODE=4,8',
        'SLURM_JOB_NUM_NODES=2',
        'SLURM_JOB_RESTART_COUNT=3',
        'SLURM_JOB_START_TIME=1790000000',
        'SLURM_JOB_SLUID=s0123456789ABC',
        'SLURM_JOB_GPUS=0,2,3',
      ),
    ).toMatchObject({
      restart: 3,
      nodes: 2,
      cpus: 8,
      gpus: 3,
      slurm_start: 1_790_000_000,
      sluid: 's0123456789ABC',
    });
  });

  test.each([
    ['an account that Slurm does not know', 'SLURM_JOB_ACCOUNT=(null)', 'account'],
    ['a SLUID that is none', 'SLURM_JOB_SLUID=s../../etc', 'sluid'],
    ['a host list that is none', 'SLURM_JOB_CPUS_PER_NODE=4', 'cpus'],
    ['no nodes', 'SLURM_JOB_NUM_NODES=0', 'nodes'],
  ])('leaves out %s', (_name, field, key) => {
    expect(identity(field)).not.toHaveProperty(key);
  });

  test('a cluster’s name that could not be a folder is not taken, a configured one always is', () => {
    expect(identity('SLURM_CLUSTER_NAME=../x').cluster).toBe('unknown');
    expect(runIdentity(event('SLURM_JOB_ID=7', 'SLURM_CLUSTER_NAME=lab'), 'alpha').cluster).toBe('alpha');
  });

  test('runStart keeps lists that fit and leaves out those that do not', () => {
    const long = `SLURM_JOB_NODELIST=${'n1,'.repeat(3000)}`;
    expect(runStart(event('SLURM_JOB_ID=7', long, 'SLURM_HET_JOB_ID=6'))).toEqual({
      by: 'prolog',
      het_job: 6,
    });
  });
});
