import { mkdirSync, rmSync } from 'node:fs';
import { advance } from '../../../src/agent/advance';
import { HostReader } from '../../../src/agent/host-reader';
import { type HostState, type RunState, emptyHostState } from '../../../src/agent/host-state';
import { applyEvent } from '../../../src/agent/runs';
import { Tree } from '../sources/tree';
import { type ReadingSpec, instantAt, readingAt } from './reading-builder';

function hook(state: HostState, kind: 'prolog' | 'epilog', atS: number): void {
  const variables = { SLURM_JOB_CPUS_PER_NODE: '1', SLURM_JOB_NODELIST: 'n1', SLURM_JOB_UID: '1000' };
  const event = { hook: kind, boot: '0123abcd', uptimeS: atS, jobId: 1, node: 'n1', variables };
  const at = instantAt(atS);
  applyEvent(state, { file: `${kind}.1.1.0`, atMs: at.wallMs, event }, at, 'lab', () => false);
}

function onlyRun(state: HostState): [string, RunState] {
  return Object.entries(state.runs)[0]!;
}

/** A tick with what the cgroups, and the processes of the one run, have used (s). */
function read(state: HostState, spec: ReadingSpec & { processesS?: number }): void {
  const processes = new Map<string, bigint>();
  if (spec.processesS !== undefined) processes.set(onlyRun(state)[0], BigInt(spec.processesS * 1e9));
  advance(state, { ...readingAt(spec), processes });
}

describe('a run that has both a cgroup and processes', () => {
  test('is given the cgroup’s time alone', () => {
    const state = emptyHostState();
    hook(state, 'prolog', 0);
    read(state, { atS: 0 });
    read(state, { atS: 10, busyS: 4, jobsS: { 1: 4 }, processesS: 3 });
    expect(onlyRun(state)[1].line.cpuNs).toBe(4e9);
    // The cgroup ends with another second.
    read(state, { atS: 20, busyS: 5, scopeS: 5 });
    expect(onlyRun(state)[1].line.cpuNs).toBe(5e9);
  });

  test('is not given again what its processes had used when the cgroup was found', () => {
    const state = emptyHostState();
    hook(state, 'prolog', 0);
    read(state, { atS: 0 });
    read(state, { atS: 10, busyS: 4, processesS: 4 });
    read(state, { atS: 20, busyS: 9, jobsS: { 1: 9 } });
    expect(onlyRun(state)[1].line.cpuNs).toBe(9e9);
    read(state, { atS: 30, busyS: 10, jobsS: { 1: 10 } });
    expect(onlyRun(state)[1].line.cpuNs).toBe(10e9);
  });
});

test('a run that its epilog alone tells of is given nothing that others left', () => {
  const state = emptyHostState();
  read(state, { atS: 0 });
  hook(state, 'epilog', 5);
  read(state, { atS: 10, energyJ: 100, busyS: 1, scopeS: 1 });
  const { line } = onlyRun(state)[1];
  expect([line.cpuNs, line.domains['package-0']?.uj[0]]).toEqual([0, 0]);
});

describe('which of the two is read', () => {
  let tree: Tree;
  let reader: HostReader;
  let state: HostState;
  beforeEach(() => {
    tree = new Tree();
    tree.write('proc/stat', 'cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\n');
    addProcess(10, 1, 0, 'slurmstepd', 'slurmstepd: [1.0]', 0);
    tree.write('proc/10/net/unix', '0: 00000002 00000000 00010000 0001 01 77 /spool/n1/n1_1.0\n');
    tree.link('proc/10/fd/3', 'socket:[77]');
    addProcess(11, 10, 1000, 'task', 'task', 30);
    reader = new HostReader(
      { sys: tree.path('sys'), proc: tree.path('proc'), cgroup: tree.path('cgroup') },
      [],
    );
    state = emptyHostState();
    hook(state, 'prolog', 0);
  });
  afterEach(() => {
    reader.close();
    tree.remove();
  });

  function addProcess(pid: number, parent: number, uid: number, comm: string, title: string, ticks: number) {
    const rest = `S ${parent} 1 1 0 -1 0 0 0 0 0 ${ticks} 0 0 0 20 0 1 0 5 0 0`;
    tree.write(`proc/${pid}/stat`, `${pid} (${comm}) ${rest}\n`);
    tree.write(`proc/${pid}/status`, `Uid:\t${uid}\t${uid}\t${uid}\t${uid}\n`);
    tree.write(`proc/${pid}/cmdline`, `${title}\0`);
  }

  const JOB = 'cgroup/system.slice/n1_slurmstepd.scope/job_1';
  const putCgroup = () => tree.write(`${JOB}/cpu.stat`, 'usage_usec 300000\n');

  /** The sources of the run's time at each of these seconds. */
  const from = (...atS: number[]) =>
    atS.map((second) => {
      advance(state, reader.read(instantAt(second), state.runs));
      return onlyRun(state)[1].cpuFrom;
    });

  test('the processes where there is no cgroup of Slurm at all', () => {
    expect(from(1, 2)).toEqual(['processes', 'processes']);
  });

  test('the cgroup as soon as it is there, though slurmd makes its directory late', () => {
    from(1);
    putCgroup();
    expect(from(2, 3)).toEqual([tree.path(JOB), tree.path(JOB)]);
  });

  test('never the processes of a run that had a cgroup, long as the pause between its steps may be', () => {
    putCgroup();
    expect(from(1)).toEqual([tree.path(JOB)]);
    rmSync(tree.path(JOB), { recursive: true });
    expect(from(2, 30, 60)).toEqual([null, null, null]);
    mkdirSync(tree.path(JOB));
    putCgroup();
    expect(from(61)).toEqual([tree.path(JOB)]);
  });
});
