import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readHierarchies } from '../cluster/cgroup-hierarchies';
import { until } from '../cluster/until';
import { HookHome, noMounts, testUnless } from './hook-home';

const { v1, v2 } = readHierarchies();
const WAIT_MS = 30_000;

/** A name that no Slurm of this machine has. */
const OWN = `eittest${process.pid}`;

/** Where the hooks of a job run: PrologFlags=RunInJob puts them into the job's own cgroup. */
const INSIDE: ReadonlyArray<[what: string, mount: string | undefined, path: string]> = [
  ['v1', v1.cpuacct, `slurm_${OWN}/uid_0/job_1/step_extern`],
  ['v1, freezer', v1.freezer, `slurm_${OWN}/uid_0/job_1/step_extern`],
  ['v2', v2, `${OWN}.slice/${OWN}_slurmstepd.scope/job_1/step_extern/slurm`],
  ['v2 with SLUIDs', v2, `${OWN}.slice/${OWN}_slurmstepd.scope/s0123456789ABC/step_extern/slurm`],
];

let home: HookHome;
let made: string[];
beforeEach(() => {
  home = new HookHome();
  made = [];
});
afterEach(async () => {
  await home.remove();
  for (const dir of made.toReversed()) rmdirSync(dir);
});

/** Makes a cgroup and those above it, and notes which are ours to remove. */
function makeCgroup(dir: string): string {
  if (!existsSync(dir)) {
    makeCgroup(dirname(dir));
    mkdirSync(dir);
    made.push(dir);
  }
  return dir;
}

describe('an agent that is started in the cgroup of a job', () => {
  for (const [what, mount, path] of INSIDE) {
    const missing = noMounts ?? (mount === undefined ? `no cgroup ${what} here` : undefined);

    testUnless(missing)(`is out of it before it runs (${what})`, async () => {
      const dir = makeCgroup(join(mount ?? '', path));
      const hook = `echo $$ >'${dir}/cgroup.procs' && grep -q '${OWN}' /proc/self/cgroup && exec '${home.path('prolog')}'`;
      expect(home.exec(['/bin/sh', '-c', hook])).toMatchObject({ status: 0, stderr: '' });
      expect((await home.agent()).cgroup).not.toContain(OWN);
      expect(readFileSync(join(dir, 'cgroup.procs'), 'utf8')).toBe('');
    });

    testUnless(missing)(`is not started where it cannot get out, and that is said (${what})`, async () => {
      const dir = makeCgroup(join(mount ?? '', path));
      const setup = `
        echo $$ >'${dir}/cgroup.procs'
        mount -o remount,ro,bind '${mount}'`;
      expect(home.execWithMounts(setup)).toMatchObject({ status: 0, stdout: '', stderr: '' });
      await until('the log', WAIT_MS, () => (home.log().length > 0 ? true : undefined));
      expect(home.log()).toEqual([
        expect.stringContaining(`agent not started: it would stay in the cgroup /`),
      ]);
      await until('the end', WAIT_MS, () => (home.processes().length === 0 ? true : undefined));
      expect(existsSync(join(home.stateDir, 'agent.json'))).toBe(false);
      expect(home.eventNames()).toHaveLength(1);
    });
  }
});

const missing = noMounts ?? (v2 === undefined ? 'no cgroup v2 here' : undefined);
testUnless(missing)('an agent may stay in the cgroup of a slurmd that was started by hand', async () => {
  const dir = makeCgroup(join(v2 ?? '', `${OWN}.slice/${OWN}_slurmstepd.scope/slurmd`));
  const setup = `
    echo $$ >'${dir}/cgroup.procs'
    mount -o remount,ro,bind '${v2}'`;
  expect(home.execWithMounts(setup).status).toBe(0);
  expect((await home.agent()).cgroup).toContain(`${OWN}_slurmstepd.scope/slurmd`);
  expect(home.log()).toEqual([]);
});
