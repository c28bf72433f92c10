import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { formatStateFile } from '../../src/quota/state-file';
import { describeCluster } from './availability';
import { top } from './measured-cluster';
import { type Finished, run, succeed } from './processes';
import { type SlurmCluster, startCluster } from './slurm-cluster';
import { until } from './until';

const SCRIPT = join(top, 'slurm-examples/quota-qos.sh');

/** docs/quotas.md, "Enforced by Slurm itself". */
describeCluster(
  'quotas that Slurm enforces',
  'none',
  () => {
    let slurm: SlurmCluster;
    let user: string;
    let uid: number;
    let dir: string;

    beforeAll(async () => {
      slurm = await startCluster({
        cgroup: 'none',
        nodePrefix: 'w',
        nodes: 1,
        accounting: true,
        clusterName: 'eitqos',
        slurmConfExtra: [
          'AccountingStorageEnforce=associations,limits,qos,safe',
          'PriorityType=priority/multifactor',
          // docs/quotas.md
          'PartitionName=watts Nodes=w1 TRESBillingWeights="CPU=8.0,Mem=0.4G"',
        ].join('\n'),
      });
      user = slurm.users[0]!;
      uid = Number(execFileSync('id', ['-u', user], { encoding: 'utf8' }));
      dir = join(slurm.dir, 'quota');
      await sacctmgr('add', 'qos', 'eit_over', 'set', 'MaxSubmitJobsPerUser=0', 'Flags=DenyOnLimit');
    });
    afterAll(async () => {
      await slurm?.stop();
    });
    beforeEach(() => rmSync(dir, { recursive: true, force: true }));

    const sacctmgr = (...args: string[]): Promise<string> =>
      succeed('sacctmgr', ['-i', '-Q', ...args], { env: slurm.env });

    function state(path: string, used: number | null, ageS = 60): void {
      const nowS = Math.floor(Date.now() / 1000);
      const quotas =
        used === null ? [] : [{ used, limit: 500, unit: 'kWh', period: 'month', untilS: nowS + 86_400 }];
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), formatStateFile({ dataUntilS: nowS - ageS, quotas }, nowS));
    }

    const move = (...args: string[]): Promise<Finished> =>
      run(SCRIPT, args, { env: { ...slurm.env, EIT_QUOTA_DIR: dir } });
    const qosOf = async (): Promise<string> => {
      const told = await sacctmgr(
        '-n',
        '-P',
        'show',
        'associations',
        `user=${user}`,
        'account=phys',
        'format=QOS',
      );
      return told.trim();
    };

    const submit = (...args: string[]): Promise<Finished> =>
      slurm.asUser('sbatch', ['--parsable', '--output=/dev/null', ...args, '--wrap=true']);

    /** slurmdbd tells slurmctld of a change, soon. */
    async function isTaken(wanted: boolean, ...args: string[]): Promise<string> {
      return until(`a job to be ${wanted ? 'taken' : 'refused'}`, 20_000, async () => {
        const { status, stdout, stderr } = await submit(...args);
        if (status === 0) await slurm.scancel(stdout.trim());
        return (status === 0) === wanted ? `${stdout}${stderr}`.trim() : undefined;
      });
    }

    test('who is over gets the QOS that takes no jobs, and his own again once he is within', async () => {
      state('user/@others', null);
      state(`user/${uid}`, 600);
      await isTaken(true);
      expect(await move('--dry-run')).toMatchObject({
        status: 0,
        stdout: expect.stringContaining('qos-=normal') as string,
      });
      expect(await qosOf()).toBe('normal');

      expect(await move()).toMatchObject({
        status: 0,
        stderr: `quota-qos: ${user} is over a quota: eit_over in place of normal\n`,
      });
      expect(await qosOf()).toBe('eit_over');
      expect(await isTaken(false)).toMatch(/QOSMaxSubmitJobPerUserLimit/);
      expect(await isTaken(false, '--qos=normal')).toMatch(/Invalid qos/);
      // Once more: nothing is left to do.
      expect(await move()).toEqual(expect.objectContaining({ status: 0, stderr: '' }));

      state(`user/${uid}`, 400);
      expect(await move()).toMatchObject({
        status: 0,
        stderr: expect.stringContaining('normal again') as string,
      });
      expect(await qosOf()).toBe('normal');
      await isTaken(true);
    });

    test.each<[string, () => void]>([
      ['old', () => state(`user/${uid}`, 600, 7300)],
      ['damaged', () => writeFileSync(join(dir, `user/${uid}`), 'eit-quota 1 17 over')],
      ['not there', () => rmSync(dir, { recursive: true })],
    ])('what is %s changes nothing', async (_, make) => {
      state('user/@others', null);
      make();
      expect(await move()).toMatchObject({
        status: 0,
        stderr: expect.stringContaining('not known now') as string,
      });
      expect(await qosOf()).toBe('normal');
    });

    test('a limit of billing holds jobs up in advance, and one of energy never does', async () => {
      const pending = async (limit: string): Promise<string> => {
        await sacctmgr('modify', 'account', 'where', 'account=phys', 'set', `GrpTRESMins=${limit}`);
        try {
          await until(`slurmctld to know GrpTRESMins=${limit}`, 20_000, async () => {
            const known = await slurm.scontrol('show', 'assoc_mgr', 'accounts=phys', 'flags=assoc');
            return known
              .split('\n')
              .some((line) => line.includes('GrpTRESMins=') && line.includes(`${limit}(`))
              ? true
              : undefined;
          });
          const job = await slurm.sbatch('true', { args: ['--time=10', '--account=phys'] });
          const { JobState = '', Reason = '' } = await until(`job ${job} to be settled`, 20_000, async () => {
            const info = await slurm.jobInfo(job);
            return info.JobState === 'COMPLETED' || info.Reason?.startsWith('Assoc') ? info : undefined;
          });
          await slurm.scancel(job);
          return `${JobState} ${Reason}`;
        } finally {
          await sacctmgr(
            'modify',
            'account',
            'where',
            'account=phys',
            'set',
            'GrpTRESMins=billing=-1,energy=-1',
          );
        }
      };
      expect(await pending('billing=1')).toBe('PENDING AssocGrpBillingMinutes');
      expect(await pending('energy=0')).toMatch(/^COMPLETED /);
    });

    test('weights make billing the watts that are expected', async () => {
      const job = await slurm.sbatch('true', { args: ['--partition=watts', '--mem=1000M'] });
      // 8 W of a CPU, 0.4 W of a GB, in whole numbers.
      expect((await slurm.waitForState(job, 'COMPLETED'))['TRES']).toMatch(/^cpu=1,.*billing=8$/);
    });
  },
  { accounting: true },
);
