import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { appendByDay } from '../integration/recent-ledger';
import { ReportCommand } from '../integration/report-command';
import { formatStateFile } from '../../src/quota/state-file';
import { runRecord } from '../unit/report/records';
import { describeCluster } from './availability';
import { top } from './measured-cluster';
import { type SlurmCluster, startCluster } from './slurm-cluster';

const EXAMPLE = readFileSync(join(top, 'slurm-examples/job_submit.lua'), 'utf8');

/** slurmctld with job_submit.lua of slurm-examples, which differs in nothing but the folder that it reads. */
describeCluster(
  'job_submit.lua in slurmctld',
  'none',
  () => {
    let slurm: SlurmCluster;
    let uid: number;
    let dir: string;

    beforeAll(async () => {
      slurm = await startCluster({
        cgroup: 'none',
        nodePrefix: 'u',
        nodes: 1,
        slurmConfExtra: 'JobSubmitPlugins=lua',
        confFiles: (home) => ({
          'job_submit.lua': EXAMPLE.replace('/var/lib/eit/quota', join(home, 'quota')),
        }),
      });
      dir = join(slurm.dir, 'quota');
      uid = Number(execFileSync('id', ['-u', slurm.users[0]!], { encoding: 'utf8' }));
    });
    afterAll(async () => {
      await slurm?.stop();
    });
    beforeEach(() => {
      rmSync(dir, { recursive: true, force: true });
      for (const kind of ['user', 'account', 'partition', 'qos']) state(`${kind}/@others`, null);
    });

    /** @param used of 500 kWh; null: no quota */
    function state(path: string, used: number | null, ageS = 60): void {
      const nowS = Math.floor(Date.now() / 1000);
      const untilS = nowS + 86_400;
      const quotas = used === null ? [] : [{ used, limit: 500, unit: 'kWh', period: 'month', untilS }];
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), formatStateFile({ dataUntilS: nowS - ageS, quotas }, nowS));
    }

    /** What sbatch says: '' where the job was taken. */
    async function submit(...args: string[]): Promise<string> {
      const given = ['--parsable', `--chdir=${slurm.workDir}`, '--output=/dev/null', ...args, '--wrap=true'];
      const { status, stdout, stderr } = await slurm.asUser('sbatch', given);
      if (status === 0) await slurm.waitForState(stdout.trim(), 'COMPLETED');
      return stderr.trim();
    }

    test('takes the job of a user within his quota, and refuses it once he is over, saying which', async () => {
      state(`user/${uid}`, 499);
      expect(await submit()).toBe('');
      state(`user/${uid}`, 612.5);
      expect(await submit()).toMatch(
        new RegExp(
          `energy quota reached, user ${uid}: 612\\.5 of 500 kWh per month, until \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC\\. See: eit-report`,
        ),
      );
    });

    test('does so with salloc and srun', async () => {
      state(`user/${uid}`, 500);
      for (const finished of [await slurm.srun(['true']), await slurm.salloc(['true'])]) {
        expect(finished.status).not.toBe(0);
        expect(finished.stderr).toContain(`energy quota reached, user ${uid}: 500 of 500 kWh`);
      }
    });

    test.each([
      ['account', '-Aastro.lab', 'account/astro%2Elab'],
      ['partition', '-pgpu', 'partition/gpu'],
      ['QOS', '-qhigh', 'qos/high'],
    ])('asks for the %s that a job names', async (_, option, path) => {
      state(path, 501);
      expect(await submit(option)).toContain(
        `energy quota reached, ${path.replace('/', ' ')}: 501 of 500 kWh`,
      );
      expect(await submit()).toBe('');
    });

    test('holds no job up by what is old, damaged or not there', async () => {
      state(`user/${uid}`, 501, 7300);
      expect(await submit()).toBe('');
      writeFileSync(join(dir, `user/${uid}`), 'eit-quota 1 17');
      expect(await submit()).toBe('');
      rmSync(dir, { recursive: true });
      expect(await submit()).toBe('');
      const log = slurm.logs('slurmctld', 400);
      for (const reason of [/the data are \d+ s old/, /its file is damaged/, /No such file or directory/])
        expect(log).toMatch(new RegExp(`eit quota: that of user ${uid} is unknown: .*${reason.source}`));
    });

    test('goes by what eit quota refresh leaves', async () => {
      const command = new ReportCommand();
      try {
        const inbox = join(command.dir, 'ledger/alpha/inbox');
        mkdirSync(inbox, { recursive: true });
        const from = new Date(Math.floor(Date.now() / 1000) * 1000 - 600_000).toISOString();
        appendByDay(inbox, 'n1.ndjson', JSON.stringify(runRecord({ from, uid, user: slurm.users[0]! })));
        const refresh = async (each: number): Promise<void> => {
          const quotas = JSON.stringify([{ per: 'user', period: '2 days', unit: 'kWh', each }]);
          command.configText(
            'eit.yaml',
            `ledger: ${join(command.dir, 'ledger')}\nquota_dir: ${dir}\nquotas: ${quotas}\n`,
          );
          const done = await command.run(process.execPath, [command.script('eit'), 'quota', 'refresh']);
          expect(done).toEqual({ status: 0, stdout: '', stderr: '' });
        };
        await refresh(1);
        expect(await submit()).toBe('');
        await refresh(0.001);
        expect(await submit()).toMatch(/energy quota reached, user \d+: 0\.0\d+ of 0\.001 kWh per 2 days/);
      } finally {
        command.remove();
      }
    });
  },
  { plugin: 'job_submit_lua.so' },
);
