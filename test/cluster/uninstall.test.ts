import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describeCluster } from './availability';
import { expectNoneDrained } from './conservation';
import { type MeasuredCluster, startMeasuredCluster, top } from './measured-cluster';
import type { DoctorReport } from '../../src/generated/doctor';
import { run } from './processes';
import { until } from './until';

const HOOKS = ['prolog', 'epilog'] as const;
const EXAMPLES = join(top, 'slurm-examples');

/** docs/uninstall.md on a cluster whose jobs run, and the examples of slurm-examples that need one. */
describeCluster('taking EIT away', 'none', () => {
  let eit: MeasuredCluster;
  /** With `prolog.d` and `epilog.d`, and the hooks with what they need of this checkout. */
  let hooks: string;

  beforeAll(async () => {
    eit = await startMeasuredCluster({
      cgroup: 'none',
      nodePrefix: 'x',
      gpus: 1,
      hookPath: (wrapper, name) => {
        hooks = join(wrapper, '..');
        const folder = join(hooks, `${name}.d`);
        mkdirSync(folder);
        // As docs/install.md has it: a link among the site's own.
        symlinkSync(wrapper, join(folder, '50-eit'));
        writeFileSync(join(folder, '10-site'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
        return `${folder}/*`;
      },
    });
  });
  afterAll(() => eit?.stop());

  async function runJob(work = 'true', args: readonly string[] = []): Promise<string> {
    const job = await eit.slurm.sbatch(work, { args });
    await eit.slurm.waitForState(job, 'COMPLETED');
    await eit.slurm.waitUntilQuiet();
    return job;
  }

  /** Lines of slurm.conf that name hooks, in place of those that do; then what docs/uninstall.md says. */
  async function nameHooks(lines: readonly string[]): Promise<void> {
    const conf = readFileSync(eit.slurm.slurmConfPath, 'utf8')
      .split('\n')
      .filter((line) => !/^(?:Prolog|Epilog)=/.test(line));
    writeFileSync(eit.slurm.slurmConfPath, [...conf, ...lines, ''].join('\n'));
    await eit.slurm.scontrol('reconfigure');
    for (const hook of ['Prolog', 'Epilog']) {
      const value = lines.find((line) => line.startsWith(`${hook}=`))?.slice(hook.length + 1) ?? '(null)';
      await until(`slurmctld to have ${hook}=${value}`, 20_000, async () => {
        const shown = await eit.slurm.scontrol('show', 'config');
        return new RegExp(`^${hook} +=`, 'm').exec(shown) !== null && shown.includes(`= ${value}`)
          ? true
          : undefined;
      });
    }
  }

  test('the examples for users run as they are, and are measured', async () => {
    const script = (name: string) => readFileSync(join(EXAMPLES, name), 'utf8');
    const cpu = await runJob(script('sbatch-cpu.sh'));
    expect(eit.slurm.output(cpu)).toMatch(/^sum /);
    const gpu = await runJob(script('sbatch-gpu.sh'));
    expect(eit.slurm.output(gpu)).toBe('0\n');
    const array = await eit.slurm.sbatch(script('sbatch-array.sh'));
    await eit.slurm.waitForState(array, 'COMPLETED');
    await eit.slurm.waitUntilQuiet();
    expect((await eit.ended(cpu))[0]?.start).toMatchObject({ cpus_per_node: '2' });
    expect((await eit.ended(gpu))[0]?.start).toMatchObject({ gpu_ids: '0' });
    const tasks = (await eit.slurm.jobRecords(array)).map(({ JobId = '' }) => JobId);
    expect(tasks).toHaveLength(4);
    for (const task of tasks)
      expect((await eit.ended(task)).filter(({ end }) => end !== undefined)).toHaveLength(1);
    await expectNoneDrained(eit);
  });

  /** `eit doctor --json` of one topic, as a machine of the controller and a node. */
  async function doctor(topic: string): Promise<{ status: number | null; report: DoctorReport }> {
    const args = ['doctor', '--json', '--role=node,head', `--topic=${topic}`, `--config=${eit.configPath}`];
    const { status, stdout, stderr } = await run(process.execPath, [join(top, 'dist/eit.js'), ...args], {
      env: eit.slurm.env,
      cwd: '/',
    });
    expect(stderr).toBe('');
    return { status, report: JSON.parse(stdout) as DoctorReport };
  }
  const verdictOf = ({ report }: { report: DoctorReport }, name: string): string | undefined =>
    report.checks.find((check) => check.name === name)?.verdict;

  test('the doctor finds hooks, slurmctld and hosts as they are, and sees a slurm.conf that nobody told slurmctld of', async () => {
    const before = await doctor('slurm');
    for (const name of [
      'Slurm',
      'slurm.conf',
      'slurmctld',
      'Prolog',
      'Epilog',
      'PrologFlags',
      'hook files',
      'policy',
    ])
      expect([name, verdictOf(before, name)]).toEqual([name, 'ok']);
    expect(verdictOf(before, 'ProctrackType')).toBe('warning');
    expect(before.status).toBe(0);

    await runJob('true', ['-w', 'x2']);
    await eit.settled();
    const hosts = await doctor('hosts');
    expect(hosts.report.checks.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['hosts', 'ok'],
      ['nodes', 'ok'],
      ['host clocks', 'ok'],
      ['versions', 'ok'],
    ]);

    const conf = readFileSync(eit.slurm.slurmConfPath, 'utf8');
    writeFileSync(eit.slurm.slurmConfPath, conf.replace(/^MailProg=.*$/m, 'MailProg=/nonexistent/mail'));
    const after = await doctor('slurm');
    writeFileSync(eit.slurm.slurmConfPath, conf);
    expect([verdictOf(after, 'slurmctld'), verdictOf(after, 'MailProg')]).toEqual(['warning', 'warning']);
  });

  test('links out of a folder that keeps another script: what runs goes on, what comes runs', async () => {
    const running = await eit.slurm.sbatch('sleep 600', { args: ['-w', 'x1'] });
    await until('the running job to be known to the agent', 30_000, () =>
      eit.runRecords(running).length > 0 ? true : undefined,
    );
    for (const hook of HOOKS) unlinkSync(join(hooks, `${hook}.d/50-eit`));
    const next = await eit.slurm.sbatch('true', { args: ['-w', 'x2'] });
    await eit.slurm.waitForState(next, 'COMPLETED');
    await eit.slurm.scancel(running);
    await eit.slurm.waitForState(running, 'CANCELLED');
    await eit.slurm.waitUntilQuiet();
    expect(eit.runRecords(next)).toEqual([]);
    await expectNoneDrained(eit);
  });

  test('lines out of slurm.conf, then the files', async () => {
    await nameHooks([]);
    for (const hook of HOOKS) rmSync(join(hooks, `${hook}.d`), { recursive: true });
    await runJob();
    await expectNoneDrained(eit);
  });

  test('the trap: the last script of a folder goes before the line that names the folder, and the node drains', async () => {
    for (const hook of HOOKS) mkdirSync(join(hooks, `${hook}.d`));
    await nameHooks(HOOKS.map((hook) => `${hook === 'prolog' ? 'Prolog' : 'Epilog'}=${hooks}/${hook}.d/*`));
    const lost = await eit.slurm.sbatch('true', { args: ['-w', 'x1'] });
    await until('x1 to be drained', 60_000, async () =>
      (await eit.slurm.nodeStates())['x1']?.includes('DRAIN') ? true : undefined,
    );
    const [node] = (await eit.slurm.scontrol('-o', 'show', 'node', 'x1')).match(/Reason=\S+ \S+/) ?? [];
    expect(node).toMatch(/^Reason=(?:Prolog|Epilog) error/);

    // The way out that docs/uninstall.md names.
    await nameHooks([]);
    await eit.slurm.scancel(lost);
    await eit.slurm.waitUntilQuiet();
    await eit.slurm.resumeNode('x1');
    await runJob('true', ['-w', 'x1']);
    await expectNoneDrained(eit);
  });

  test('hook-wrapper.sh calls EIT, and does not miss it when it is gone', async () => {
    const wrapper = join(hooks, 'hook-wrapper.sh');
    const home = join(hooks, 'opt-eit');
    mkdirSync(home);
    for (const hook of HOOKS) copyFileSync(join(hooks, hook), join(home, hook));
    const text = readFileSync(join(EXAMPLES, 'hook-wrapper.sh'), 'utf8');
    writeFileSync(wrapper, text.replaceAll('/opt/eit/', `${home}/`));
    chmodSync(wrapper, 0o755);
    await nameHooks([`Prolog=${wrapper}`, `Epilog=${wrapper}`]);
    const measured = await runJob();
    const [record] = await eit.ended(measured);
    expect(record?.end?.by).toBe('epilog');

    for (const name of readdirSync(home)) unlinkSync(join(home, name));
    const unmeasured = await runJob();
    rmSync(home, { recursive: true });
    await runJob();
    expect(eit.runRecords(unmeasured)).toEqual([]);
    await expectNoneDrained(eit);
  });
});
