import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeCluster } from './availability';
import { type MeasuredCluster, startMeasuredCluster, top } from './measured-cluster';
import { type Finished, run } from './processes';
import { until } from './until';
import { burn } from './workload';

const TOKEN = /^eit:kwh=(0\.\d+);co2e_kg=(0\.\d+);cov=([01]\.\d\d)$/;

/** What others may have written, with what it has to be afterwards: `*` is our token. */
const OTHERS: readonly (readonly [comment: string, after: string])[] = [
  ['checked by ops; ok', 'checked by ops; ok | *'],
  ['`a` $(id) += b, c=d \\ ümlaut', '`a` $(id) += b, c=d \\ ümlaut | *'],
  ['before | eit:kwh=99;co2e_kg=9;cov=0.50 | after', 'before | * | after'],
  ['Ticket INC-12', 'Ticket INC-12'],
  ['{"a":1}', '{"a":1}'],
  ['JS1:H4sIAAAA/+==', 'JS1:H4sIAAAA/+=='],
];

interface Told {
  readonly written: number;
  readonly right: number;
  readonly incomplete: number;
  readonly kept: Record<string, number>;
  readonly left: number;
  readonly refused: string[];
  readonly comments: { readonly job: string; readonly comment: string }[];
}

describeCluster(
  'eit sacct-comment writes into slurmdbd',
  'v1',
  () => {
    let eit: MeasuredCluster;
    const of = new Map<string, string>();
    let array: string, het: string, requeued: string;

    const comment = (args: readonly string[], config = eit.configPath): Promise<Finished> =>
      run(process.execPath, [join(top, 'dist/eit.js'), 'sacct-comment', '--config', config, ...args], {
        env: eit.slurm.env,
        cwd: '/',
      });
    const told = async (...args: string[]): Promise<Told> => {
      const { status, stdout, stderr } = await comment([...args, '--json']);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      return JSON.parse(stdout) as Told;
    };
    /** Of each run, the oldest of a job first. */
    const comments = async (jobs: string): Promise<string[]> => {
      const options = ['-X', '-n', '-P', '-D', '-j', jobs, '-o', 'JobIDRaw,AdminComment'];
      const rows = (await eit.slurm.sacct(...options)).split('\n').filter((row) => row !== '');
      return rows.map((row) => row.slice(row.indexOf('|') + 1));
    };

    beforeAll(async () => {
      eit = await startMeasuredCluster({
        cgroup: 'v1',
        accounting: true,
        nodePrefix: 'a',
        config: 'slurm: { sacct_comment: true }\n',
      });
      const { slurm } = eit;
      for (const [text] of OTHERS) {
        const job = await slurm.sbatch(`${burn(1)}; sleep 1`);
        of.set(text, job);
        // By slurmctld, which keeps capitals and tells slurmdbd at the end.
        await slurm.scontrol('update', `jobid=${job}`, `AdminComment=${text}`);
      }
      array = await slurm.sbatch('sleep 1', { args: ['--array=3-4', '--output=/dev/null'] });
      const parts = ['--parsable', '--output=/dev/null', '-n1', '--wrap=sleep 1', ':', '-n1'];
      het = (await slurm.asUser('sbatch', parts)).stdout.trim();
      requeued = await slurm.sbatch('sleep 4', { args: ['--requeue'] });
      await slurm.waitForState(requeued, 'RUNNING');
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await slurm.scontrol('requeue', requeued);
      await until('the requeued job to be let go', 60_000, async () => {
        await slurm.scontrol('update', `jobid=${requeued}`, 'StartTime=now').catch(() => undefined);
        const { JobState: state } = await slurm.jobInfo(requeued);
        return state === 'COMPLETED' || undefined;
      });
      await slurm.waitUntilQuiet();
      await until('all that ended in the ledger', 60_000, async () => {
        const { stdout } = await comment(['--dry-run', '--json']);
        const { incomplete, comments: found } = JSON.parse(stdout) as Told;
        return (incomplete === 0 && found.length >= 8) || undefined;
      });
    });
    afterAll(() => eit?.stop());

    test('--dry-run writes nothing', async () => {
      const { stdout } = await comment(['--dry-run']);
      expect(stdout).toMatch(/^\d+: checked by ops; ok \| eit:kwh=\S+$/m);
      expect(await comments(array)).toEqual(['', '']);
    });

    test('who may not change jobs is told so, and nothing changes', async () => {
      const sacctmgr = join(eit.slurm.dir, 'sacctmgr-as-user');
      writeFileSync(sacctmgr, `#!/bin/sh\nexec runuser -u ${eit.slurm.users[0]} -- sacctmgr "$@"\n`, {
        mode: 0o755,
      });
      const { status, stdout, stderr } = await comment(['--sacctmgr', sacctmgr]);
      expect(status).toBe(1);
      expect(stderr).toMatch(/EIT_SACCTMGR: .*Your user doesn't have privilege.*sacctmgr show user/);
      expect(stdout).toContain('0 comments written');
      expect(await comments(array)).toEqual(['', '']);
    });

    test('--limit bounds a call, and the next ones go on', async () => {
      const first = await told('--limit', '2');
      expect(first).toMatchObject({ written: 2, right: 0, refused: [] });
      const second = await told();
      expect(second).toMatchObject({ written: first.left, right: 2, left: 0, refused: [] });
      expect(second.kept).toEqual({ program: 2, letters: 1, long: 0 });
    });

    test.each(OTHERS)('%j becomes %j', async (text, after) => {
      const [found = ''] = await comments(of.get(text)!);
      const pieces = found.split(' | ').map((piece) => piece.replace(TOKEN, '*'));
      expect(pieces.join(' | ')).toBe(after);
    });

    test('the figures are those of the report', async () => {
      const job = of.get('checked by ops; ok')!;
      const [found = ''] = await comments(job);
      const [, kwh, co2eKg, coverage] = TOKEN.exec(found.split(' | ')[1]!)!;
      const { total } = await eit.jsonReport(['-j', job]);
      expect(Number(kwh) / total.energy_kwh.total).toBeCloseTo(1, 2);
      expect(Number(co2eKg) / total.co2e_kg).toBeCloseTo(1, 1);
      expect(Number(coverage)).toBeLessThanOrEqual(total.coverage!);
    });

    test("tasks of an array and parts of a heterogeneous job have each their own run's", async () => {
      for (const id of [array, het]) {
        const rows = (
          await eit.slurm.sacct('-X', '-n', '-P', '-j', id, '-o', 'JobIDRaw,AdminComment')
        ).trim();
        expect(rows.split('\n')).toHaveLength(2);
        for (const row of rows.split('\n')) {
          const [job = '', ...rest] = row.split('|');
          const [, kwh] = TOKEN.exec(rest.join('|'))!;
          const { total } = await eit.jsonReport(['-j', job]);
          expect(total.runs).toBe(1);
          // Three digits, nine decimals at most.
          const { total: exact } = total.energy_kwh;
          expect(Math.abs(Number(kwh) - exact)).toBeLessThanOrEqual(0.005 * exact + 0.51e-9);
        }
      }
    });

    test('of a requeued job the run that sacctmgr can change', async () => {
      expect(await comments(requeued)).toEqual(['', expect.stringMatching(TOKEN)]);
    });

    test('a second time changes nothing', async () => {
      expect(await told()).toMatchObject({ written: 0, left: 0, incomplete: 0 });
    });

    test('a run of which the ledger lacks an end is let be', async () => {
      const ledger = join(eit.slurm.dir, 'eit/without-ends');
      cpSync(eit.ledgerDir, ledger, { recursive: true });
      const job = Number(of.get('checked by ops; ok'));
      const inbox = join(ledger, 'eittest/inbox');
      let ends = 0;
      for (const name of readdirSync(inbox, { recursive: true, encoding: 'utf8' })) {
        const file = join(inbox, name);
        if (!statSync(file).isFile()) continue;
        const kept = readFileSync(file, 'utf8')
          .split('\n')
          .filter((line) => {
            if (line === '') return true;
            const record = JSON.parse(line) as { job?: number; end?: unknown };
            const isEnd = record.job === job && record.end !== undefined;
            if (isEnd) ends++;
            return !isEnd;
          });
        writeFileSync(file, kept.join('\n'));
      }
      expect(ends).toBe(1);
      const config = join(eit.slurm.dir, 'eit-without-ends.yaml');
      writeFileSync(config, readFileSync(eit.configPath, 'utf8').replaceAll(eit.ledgerDir, ledger));
      const { stdout } = await comment(['--json'], config);
      expect(JSON.parse(stdout)).toMatchObject({ incomplete: 1, written: 0 });
    });

    test.each(['0', '10001', 'x', '1.5'])('--limit %s is refused', async (limit) => {
      const { status, stderr } = await comment(['--limit', limit]);
      expect(status).toBe(2);
      expect(stderr).toContain(`--limit: "${limit}" is no number from 1 to 10000`);
    });

    test('without the word in eit.yaml nothing is written', async () => {
      const config = join(eit.slurm.dir, 'eit-other.yaml');
      writeFileSync(config, 'cluster: eittest\n');
      const { status, stderr } = await comment([], config);
      expect(status).toBe(2);
      expect(stderr).toContain('slurm: { sacct_comment: true }');
    });
  },
  { accounting: true },
);
