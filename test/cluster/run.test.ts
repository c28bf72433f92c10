import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunRecord } from '../../src/generated/record';
import { describeCluster } from './availability';
import { type MeasuredCluster, startMeasuredCluster, top } from './measured-cluster';
import { until } from './until';

const EIT = `${process.execPath} ${join(top, 'dist/eit.js')}`;
const BUSY_S = 2;
const BUSY = `timeout ${BUSY_S} sh -c 'while :; do :; done'; echo '{"acc": 0.5}' >acc.json; times >times-$SLURMD_NODENAME; exit 3`;

/** Within double quotes of the job's script. */
const QUOTED = BUSY.replaceAll(/["$]/g, '\\$&');

describeCluster('eit run in a job', 'v2', () => {
  let eit: MeasuredCluster;
  let user: string;
  /** Of the job's user. */
  let home: string;
  /** Of a site without our hooks. */
  let plain: string;

  beforeAll(async () => {
    eit = await startMeasuredCluster({ cgroup: 'v2', nodePrefix: 'r', prologFlags: 'Alloc,Contain' });
    user = eit.slurm.users[0] ?? '';
    home = mkdtempSync(join(eit.slurm.workDir, 'home-'));
    execFileSync('chown', [user, home]);
    plain = join(eit.slurm.workDir, 'plain.yaml');
    const roots = /^roots:.*$/m.exec(readFileSync(eit.configPath, 'utf8'))?.[0] ?? '';
    writeFileSync(plain, `state_dir: ${join(home, 'no-agent')}\n${roots}\n`);
  });
  afterAll(() => eit?.stop());

  /** Runs a job of the user in his home, whatever its end. */
  async function job(script: string, args: readonly string[]): Promise<string> {
    const id = await eit.slurm.sbatch(`#!/bin/sh\ncd ${home}\n${script}\necho $? >status-$SLURM_JOB_ID\n`, {
      args: [...args, `--export=ALL,HOME=${home}`],
    });
    await until(`job ${id}`, 60_000, () => existsSync(join(home, `status-${id}`)) || undefined);
    return id;
  }

  test('without our hooks: one run with the records of both nodes, beside what the site has', async () => {
    const script = `srun --ntasks-per-node=1 ${EIT} run --config ${plain} --dir runs --tag set=x --metric-file acc.json -- sh -c "${QUOTED}" 2>said`;
    const id = await job(script, ['-N2', '-n2']);
    expect(readFileSync(join(home, `status-${id}`), 'utf8')).toBe('3\n');
    const inbox = join(home, 'runs/own/inbox');
    const lines = readdirSync(inbox, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ndjson'))
      .flatMap((name) => readFileSync(join(inbox, name), 'utf8').trimEnd().split('\n'))
      .map((line) => JSON.parse(line) as RunRecord)
      .filter(({ kind }) => kind === 'run');
    expect(lines.map(({ job: number, nodes, cluster }) => [number, nodes, cluster])).toEqual([
      [1, 2, 'own'],
      [1, 2, 'own'],
    ]);
    expect(new Set(lines.map(({ node }) => node)).size).toBe(2);
    for (const { node, cpu_us: cpuUs = 0, end, start } of lines) {
      // What the shell says of itself and its children; it goes on for a moment after that.
      const told = readFileSync(join(home, `times-${node}`), 'utf8').matchAll(/(\d+)m([\d.]+)s/g);
      const toldS = [...told].reduce(
        (sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds),
        0,
      );
      expect(Math.abs(cpuUs / 1e6 - toldS)).toBeLessThan(0.1);
      expect(cpuUs).toBeGreaterThan(50_000);
      expect({ exit: end?.exit_code, by: start?.by }).toEqual({ exit: '3:0', by: 'prolog' });
    }
    const said = readFileSync(join(home, 'runs/facts.ndjson'), 'utf8');
    expect(said).toContain(`"slurm_job":"${id}"`);
    expect(said).toContain('"acc":{"points":[[null,0.5]]}');
  });

  test('with our hooks nothing is measured twice: what the user says goes to the job', async () => {
    const script = `${EIT} run --config ${eit.configPath} --tag set=y --metric-file acc.json -- sh -c "${QUOTED}" 2>said2`;
    const id = await job(script, []);
    expect(readFileSync(join(home, `status-${id}`), 'utf8')).toBe('3\n');
    expect(readFileSync(join(home, 'said2'), 'utf8')).toContain(
      `job ${id} of ${eit.slurm.clusterName} is measured by the site`,
    );
    expect(existsSync(join(home, 'eit-runs'))).toBe(false);
    const facts = readFileSync(join(home, '.local/share/eit/facts.ndjson'), 'utf8').trimEnd().split('\n');
    expect(facts.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({
        cluster: eit.slurm.clusterName,
        job: Number(id),
        tags: { name: 'sh', set: 'y' },
      }),
      expect.objectContaining({ job: Number(id), metrics: { acc: { points: [[null, 0.5]] } } }),
    ]);
    expect(existsSync(join(home, '.local/state/eit/software', `${eit.slurm.clusterName}-${id}`))).toBe(true);
  });
});
