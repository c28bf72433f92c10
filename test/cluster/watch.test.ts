import { join } from 'node:path';
import type { WatchLine } from '../../src/generated/watch';
import validateWatch from '../../src/generated/watch-validator';
import { describeCluster } from './availability';
import { expectNoneDrained } from './conservation';
import { type MeasuredCluster, startMeasuredCluster, sumUj, top } from './measured-cluster';
import { type Finished, run } from './processes';
import { BUSY } from './workload';

const work = (seconds: number) => `#!/bin/sh\nsrun -n2 timeout ${seconds} sh -c '${BUSY}'\nexit 0\n`;

describeCluster('eit watch', 'v2', () => {
  let eit: MeasuredCluster;
  let owner: string;
  let job: string;

  beforeAll(async () => {
    eit = await startMeasuredCluster({ cgroup: 'v2', nodePrefix: 'w', prologFlags: 'Alloc,Contain' });
    owner = eit.slurm.users[0] ?? '';
    job = await eit.slurm.sbatch(work(25), { args: ['-N2', '-n2'] });
    await eit.slurm.waitForState(job, 'RUNNING');
  });
  afterAll(() => eit?.stop());
  afterEach(() => expectNoneDrained(eit));

  const watch = (args: readonly string[], user?: string): Promise<Finished> => {
    const command = [
      process.execPath,
      join(top, 'dist/eit.js'),
      'watch',
      ...args,
      '--config',
      eit.configPath,
    ];
    const [program = '', ...rest] = user === undefined ? command : ['runuser', '-u', user, '--', ...command];
    return run(program, rest, { env: eit.slurm.env, cwd: '/', boundMs: 90_000 });
  };

  function lines(text: string): WatchLine[] {
    return text
      .split('\n')
      .filter((line) => line.includes('"watch"'))
      .map((line) => {
        const value: unknown = JSON.parse(line);
        if (!validateWatch(value)) throw new Error(JSON.stringify(validateWatch.errors));
        return value;
      });
  }

  test('root sees a job of two nodes', async () => {
    const looked = await watch([job, '--once', '--json']);
    expect(looked).toMatchObject({ status: 0, stderr: '' });
    expect(lines(looked.stdout)[0]).toMatchObject({ from: 'live', nodes: 2, nodes_reporting: 2 });
  });

  test('what waits is said to, and an unknown one is an error', async () => {
    const pending = await eit.slurm.sbatch('true', { args: ['--begin=now+1hour'] });
    const looked = await watch([pending, '--once'], owner);
    expect(looked).toMatchObject({ status: 0, stderr: '' });
    expect(looked.stdout).toMatch(new RegExp(` ${pending} {2}PENDING {2}\\(BeginTime\\)\n$`));
    await eit.slurm.scancel(pending);
    const unknown = await watch(['99999', '--once'], owner);
    expect(unknown.status).toBe(1);
    expect(unknown.stderr).toContain('EIT_LIVE: job 99999 neither waits nor runs');
  });

  test('the owner sees it until it ends, and what its record says', async () => {
    const watched = await watch([job, '--json'], owner);
    expect(watched).toMatchObject({ status: 0, stderr: '' });
    const live = lines(watched.stdout).filter(({ from, final }) => from === 'live' && final !== true);
    expect(live.length).toBeGreaterThan(2);
    expect(live.at(-1)).toMatchObject({ job, state: 'RUNNING', nodes: 2, nodes_reporting: 2 });
    expect(live.at(-1)?.power_w).toBeGreaterThan(0);
    const energies = live.map(({ energy_j: energyJ }) => energyJ ?? NaN);
    expect(energies).toEqual(energies.toSorted((a, b) => a - b));
    const records = await eit.ended(job, 2);
    const recordedJ = (sumUj(records, 'package-0') + sumUj(records, 'dram-0')) / 1e6;
    expect(energies.at(-1)).toBeLessThanOrEqual(recordedJ);
    // The last look was some seconds before the end.
    expect(energies.at(-1)).toBeGreaterThan(recordedJ / 2);
    expect(watched.stdout.trimEnd().split('\n').at(-1)).toMatch(/"final":true/);
    // The owner may not read the inbox; root may.
    const after = await watch([job]);
    expect(after.stdout).toMatch(new RegExp(`^Job ${job} (COMPLETED|COMPLETING|ENDED): .*CO2e`));
  });
});
