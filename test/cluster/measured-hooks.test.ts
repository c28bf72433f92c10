import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeCluster } from './availability';
import { expectAllWell, expectNoneDrained } from './conservation';
import { type MeasuredCluster, startMeasuredCluster, top } from './measured-cluster';
import { burn } from './workload';

const HOOKS = ['prolog', 'epilog'] as const;

/** The site's own scripts note when they ran; slurmd runs those of a folder one after the other. */
const stamp = (dir: string) => `#!/bin/sh
read -r uptime _ </proc/uptime
echo "$SLURM_SCRIPT_CONTEXT $SLURM_JOB_ID $SLURMD_NODENAME $uptime" >>'${dir}/stamps'
`;

/** A site's wrapper that takes every failure for its own. `eit` is what a test has put into the file `how`. */
const siteWrapper = (dir: string, wrapper: string) => `#!/bin/bash
set -euo pipefail
. '${dir}/how'
eit '${wrapper}'
`;

/** `eit` for `how`: the hook in a mount namespace of its own, where logger writes to a file and more is as \`mounts\` make it. */
const inNamespace = (dir: string, mounts: string, command = '"$1"') => `
eit() {
  export PATH=/usr/sbin:/usr/bin:/sbin:/bin
  unshare -m --propagation private /bin/sh -ec '
    mount --bind ${dir}/logger "$(readlink -f "$(command -v logger)")"
    ${mounts}
    unset PATH
    exec ${command}' sh "$1"
}
`;

/** Hooks among a site's scripts, and everything around them that may be broken: jobs run on. */
describeCluster('EIT’s hooks among a site’s own', 'v2', () => {
  let eit: MeasuredCluster;
  let hooks: string;
  const unrecorded: string[] = [];

  beforeAll(async () => {
    eit = await startMeasuredCluster({
      cgroup: 'v2',
      nodePrefix: 'q',
      prologFlags: 'Alloc,Contain,Serial',
      hookPath: (wrapper, name) => {
        hooks = join(wrapper, '..');
        const folder = join(hooks, `${name}.d`);
        mkdirSync(folder);
        for (const script of ['10-site', '90-site'])
          writeFileSync(join(folder, script), stamp(hooks), { mode: 0o755 });
        writeFileSync(join(folder, '50-eit'), siteWrapper(hooks, wrapper), { mode: 0o755 });
        return `${folder}/*`;
      },
    });
    const logger = `#!/bin/sh\nprintf '%s\\n' "$*" >>'${hooks}/syslog'\n`;
    writeFileSync(join(hooks, 'logger'), logger, { mode: 0o755 });
  });
  afterAll(() => eit?.stop());
  afterEach(() => expectNoneDrained(eit));

  /** Says how the site's wrapper calls the hook from now on, and forgets what was logged. */
  const callHooks = (how: string) => {
    writeFileSync(join(hooks, 'how'), how);
    for (const file of ['syslog', 'stamps']) writeFileSync(join(hooks, file), '');
  };
  const lines = (file: 'syslog' | 'stamps') =>
    readFileSync(join(hooks, file), 'utf8').split('\n').slice(0, -1);

  async function runJob(work: string, args: readonly string[] = []): Promise<string> {
    const job = await eit.slurm.sbatch(work, { args });
    await eit.slurm.waitForState(job, 'COMPLETED');
    await eit.slurm.waitUntilQuiet();
    return job;
  }

  test('the kill switch: no event, no agent', async () => {
    const disabled = 'mount -t tmpfs -o mode=755 tmpfs /etc; mkdir /etc/eit; : >/etc/eit/disabled';
    callHooks(inNamespace(hooks, disabled));
    unrecorded.push(await runJob('true', ['-w', 'q1']));
    expect(lines('stamps')).toHaveLength(4);
    expect(lines('syslog')).toEqual([]);
    expect(existsSync(eit.stateDir)).toBe(false);
  });

  test('the first job: the agent is started, hooks that are called twice make one run', async () => {
    callHooks('eit() { "$1"; "$1"; }');
    expect(eit.agentPid()).toBeNull();
    const job = await runJob(burn(0.5), ['-w', 'q1']);
    for (const hook of HOOKS) {
      const times = lines('stamps')
        .filter((line) => line.startsWith(`${hook}_slurmd ${job} q1 `))
        .map((line) => Number(line.split(' ')[3]));
      expect(times).toHaveLength(2);
      // Starting the agent is not waited for. Far more than it takes, and far less than what would be waiting for it.
      expect(Math.abs(times[1]! - times[0]!)).toBeLessThan(5);
    }
    const records = await eit.ended(job);
    expect(records.filter(({ start }) => start !== undefined)).toHaveLength(1);
    expect(records.filter(({ end }) => end !== undefined)).toHaveLength(1);
    expect((await eit.jsonReport(['-j', job])).total).toMatchObject({ jobs: 1, runs: 1 });
  });

  test('values that a user made up are run by nobody', async () => {
    callHooks('eit() { "$1"; }');
    const marker = join(eit.slurm.workDir, 'executed');
    const evil = `$(touch ${marker})\`touch ${marker}\`';touch ${marker};'"\n;touch ${marker}\u001b[31m`;
    const chdir = join(eit.slurm.workDir, '$(>executed)');
    mkdirSync(chdir);
    // Slurm takes no more than 1 KB of comment.
    const comment = evil + 'x'.repeat(1023 - evil.length);
    const job = await eit.slurm.sbatch('true', {
      args: [
        ...[`--job-name=${evil}`, `--comment=${comment}`, `--chdir=${chdir}`],
        ...['--output=/dev/null', '--export=ALL,SLURM_JOB_ID=junk', '-w', 'q1'],
      ],
      env: { SLURM_JOB_ID: 'junk', SLURM_JOB_USER: 'root', EIT_CONFIG: marker, EIT_NODE: marker },
    });
    const records = await eit.ended(job);
    expect(records[0]).toMatchObject({ job: Number(job), node: 'q1', user: 'eitann', partition: 'batch' });
    expect(records.at(-1)!.end).toMatchObject({ by: 'epilog', exit_code: '0:0' });
    expect(eit.inboxLines().join('')).not.toContain('touch');
    for (const dir of [eit.slurm.workDir, chdir, '/', eit.stateDir])
      expect(existsSync(join(dir, 'executed'))).toBe(false);
  });

  test('a node that never sends its part shows in the report', async () => {
    callHooks('eit() { [ "$SLURMD_NODENAME" = q2 ] || "$1"; }');
    const job = await runJob('srun -N2 -n2 sleep 2', ['-N2']);
    await eit.ended(job);
    const { total } = await eit.jsonReport(['-j', job]);
    expect(total).toMatchObject({ nodes_expected: 2, nodes_reported: 1 });
    expect(total.coverage).toBeLessThan(0.6);
    const { stdout } = await eit.report(['-S', 'now-1hours', '-j', job]);
    expect(stdout).toContain('nodes 1/2');
  });

  test('a state folder that cannot be written: one line in the log a hook', async () => {
    const readOnly = `mount --bind ${eit.stateDir} ${eit.stateDir}; mount -o remount,ro,bind ${eit.stateDir}`;
    callHooks(inNamespace(hooks, readOnly));
    const job = await runJob('true', ['-w', 'q1']);
    unrecorded.push(job);
    expect(lines('syslog')).toEqual(
      HOOKS.map((hook) =>
        expect.stringMatching(`eit .*${hook}: job ${job} is not recorded: cannot write to`),
      ),
    );
    expect(lines('stamps')).toHaveLength(4);
  });

  test('no program: events wait, one line in the log a hook', async () => {
    const bare = join(hooks, 'bare');
    mkdirSync(bare);
    for (const hook of HOOKS) copyFileSync(join(top, hook), join(bare, hook));
    writeFileSync(join(bare, 'eit.yaml'), `state_dir: ${bare}/state\n`);
    const command = `env -i EIT_CONFIG=${bare}/eit.yaml EIT_HOME=/nonexistent SLURM_JOB_ID="$SLURM_JOB_ID" ${bare}/\${1##*/}`;
    callHooks(inNamespace(hooks, '', `/usr/bin/${command}`));
    const job = await runJob('true', ['-w', 'q1']);
    const events = readdirSync(join(bare, 'state/events')).map((file) => file.split('.').slice(0, 2));
    expect(Object.fromEntries(events)).toEqual({ prolog: job, epilog: job });
    expect(lines('syslog')).toEqual(
      HOOKS.map((hook) =>
        expect.stringMatching(`${hook}: agent not started: dist/eit-agent.js .*mend: set EIT_HOME`),
      ),
    );
    expect(lines('stamps')).toHaveLength(4);
  });

  test('in all of that no joule is lost, and what no hook told of is not there', async () => {
    await expectAllWell(eit);
    expect(eit.runRecords().filter(({ job }) => unrecorded.includes(String(job)))).toEqual([]);
  });
});
