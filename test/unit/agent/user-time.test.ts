import { advance } from '../../../src/agent/advance';
import type { Checkpoint } from '../../../src/agent/checkpoint';
import { type HostState, type RunState, emptyHostState } from '../../../src/agent/host-state';
import { type LineWriter, takeRunLines } from '../../../src/agent/lines';
import { recover } from '../../../src/agent/recovery';
import type { RunRecord } from '../../../src/generated/record';
import { applyHook } from './hook-builder';
import { type ReadingSpec, instantAt, readingAt } from './reading-builder';

const writer: LineWriter = {
  tool: '0.1.0',
  host: 'h',
  boot: '0123abcd',
  instance: '0123456789ab',
  nextSeq: () => 0,
};

/** An agent's state with readings and lines, in seconds. */
class Host {
  state: HostState = emptyHostState();
  #atS = 0;

  read(spec: ReadingSpec): this {
    this.#atS = spec.atS;
    advance(this.state, readingAt({ cpus: 4, ...spec }));
    return this;
  }

  prolog(job: number, atS: number): this {
    applyHook(this.state, { hook: 'prolog', job, atS });
    return this;
  }

  epilog(job: number, atS: number): this {
    applyHook(this.state, { hook: 'epilog', job, atS });
    return this;
  }

  /** CPU seconds of the job's line: the user's, Slurm's and what of both is an estimate. */
  line(job: number): { userS: number; overheadS: number; estimatedS: number } {
    const [key = ''] = Object.entries(this.state.runs).find(([, run]) => run.identity.job === job) ?? [];
    const [record] = takeRunLines(this.state, key, instantAt(this.#atS), writer) as RunRecord[];
    const seconds = (us: number | undefined) => (us ?? 0) / 1e6;
    return {
      userS: seconds(record?.cpu_us),
      overheadS: seconds(record?.overhead_us),
      estimatedS: seconds(record?.cpu_estimated_us),
    };
  }

  run(job: number): RunState {
    return Object.values(this.state.runs).find(({ identity }) => identity.job === job)!;
  }
}

describe("the user's CPU time and Slurm's own", () => {
  test('are told apart by what was read of both; energy follows the whole', () => {
    const host = new Host().read({ atS: 0, energyJ: 0 }).prolog(1, 1);
    host.read({ atS: 2, energyJ: 10, busyS: 1, jobsS: { 1: 1 }, userS: { 1: 0.9 } });
    host.read({ atS: 12, energyJ: 110, busyS: 11, jobsS: { 1: 11 } });
    host.read({ atS: 22, energyJ: 210, busyS: 21, jobsS: { 1: 21 }, userS: { 1: 20.8 } });
    expect(host.run(1).line.domains['package-0']?.uj[0]).toBe(210e6);
    expect(host.line(1)).toEqual({ userS: 20.8, overheadS: 0.2, estimatedS: 0 });
    host.read({ atS: 32, jobsS: { 1: 31 }, userS: { 1: 30.75 } });
    expect(host.line(1)).toEqual({ userS: 9.95, overheadS: 0.05, estimatedS: 0 });
  });

  test('where the last reading is not the newest, what came since is the user’s', () => {
    const host = new Host().read({ atS: 0 }).prolog(1, 1);
    host.read({ atS: 2, jobsS: { 1: 1 }, userS: { 1: 0.9 } }).read({ atS: 12, jobsS: { 1: 11 } });
    expect(host.line(1)).toEqual({ userS: 10.9, overheadS: 0.1, estimatedS: 0 });
    // The next line does not hold it once more.
    host.read({ atS: 22, jobsS: { 1: 21 }, userS: { 1: 20.9 } });
    expect(host.line(1)).toEqual({ userS: 10, overheadS: 0, estimatedS: 0 });
  });

  test('nothing that tells them apart: all is the user’s', () => {
    const host = new Host()
      .read({ atS: 0 })
      .prolog(1, 1)
      .read({ atS: 2, jobsS: { 1: 1 } });
    expect(host.line(1)).toEqual({ userS: 1, overheadS: 0, estimatedS: 0 });
  });

  test('another agent does not know the steps that ended before it: nothing is counted twice or back', () => {
    const host = new Host().read({ atS: 0 }).prolog(1, 1);
    host.read({ atS: 10, jobsS: { 1: 9 }, userS: { 1: 8.9 } });
    const checkpoint: Checkpoint = {
      version: 2,
      host: 'h',
      boot: '0123abcd',
      sources: '',
      state: host.state,
      unwritten: [],
      removableFiles: [],
    };
    const present = {
      boot: '0123abcd',
      at: instantAt(12),
      sources: '',
      domains: ['package-0', 'dram-0', 'node'],
      integrated: [],
      writer,
      facts: { cluster: 'lab', cpus: 4, absentSources: {}, agent: { cpu_us: 0, rss_bytes: 0 } },
    };
    host.state = recover(checkpoint, present).state;
    // Of the 14 s it has seen only those of the steps that live.
    host.read({ atS: 15, jobsS: { 1: 14 }, userS: { 1: 6 } });
    host.read({ atS: 25, jobsS: { 1: 24 }, userS: { 1: 15.9 } });
    expect(host.line(1)).toEqual({ userS: 8.9 + 5 + 9.9, overheadS: 0.2, estimatedS: 0 });
  });
});

describe('jobs that end between two readings', () => {
  const twoJobs = () =>
    new Host()
      .read({ atS: 0 })
      .prolog(1, 1)
      .prolog(2, 1)
      .read({ atS: 10, jobsS: { 1: 4, 2: 6 }, userS: { 1: 3.9, 2: 5.8 } });

  test('at once, each has what its last reading says, and half of what ending took', () => {
    const host = twoJobs().read({
      atS: 20,
      scopeS: 10 + 7 + 1 + 0.04,
      ended: [
        { job: 1, userS: 10.9 },
        { job: 2, userS: 6.8 },
      ],
    });
    expect(host.line(1)).toEqual({ userS: 10.9, overheadS: 0.12, estimatedS: 0 });
    expect(host.line(2)).toEqual({ userS: 6.8, overheadS: 0.22, estimatedS: 0 });
  });

  test('and one whose end was missed has the rest, as an estimate', () => {
    const ended = [
      { job: 1, userS: 10.9 },
      { job: 2, userS: null },
    ];
    const host = twoJobs().read({ atS: 20, scopeS: 10 + 7 + 1, ended });
    expect(host.line(1)).toMatchObject({ userS: 10.9, estimatedS: 0 });
    expect(host.line(2)).toEqual({ userS: 6.8, overheadS: 0.2, estimatedS: 1 });
  });

  test('who had begun after the last reading too is known by its last reading', () => {
    const host = new Host().read({ atS: 0 }).prolog(1, 1).prolog(2, 1).prolog(3, 1);
    host.epilog(1, 2).epilog(2, 2);
    host.read({
      atS: 10,
      jobsS: { 3: 5 },
      userS: { 3: 4.9 },
      scopeS: 5 + 0.3 + 0.1,
      ended: [
        { job: 2, userS: 0.28 },
        { job: 1, userS: 0.08 },
      ],
    });
    expect([1, 2, 3].map((job) => host.line(job))).toEqual([
      { userS: 0.08, overheadS: 0.02, estimatedS: 0 },
      { userS: 0.28, overheadS: 0.02, estimatedS: 0 },
      { userS: 4.9, overheadS: 0.1, estimatedS: 0 },
    ]);
  });

  test('a cgroup that was made anew: the one before has its last reading, the new one began at 0', () => {
    const host = new Host().read({ atS: 0 }).prolog(1, 1);
    host.read({ atS: 10, jobsS: { 1: 4 }, userS: { 1: 3.9 } });
    host.read({
      atS: 20,
      jobsS: { 1: 1 },
      userS: { 1: 0.9 },
      renewed: [1],
      scopeS: 4 + 2 + 3 + 1,
      ended: [
        { job: 1, userS: 5.8 },
        { job: 1, userS: 2.7 },
      ],
    });
    expect(host.line(1)).toEqual({ userS: 5.8 + 2.7 + 0.9, overheadS: 0.6, estimatedS: 0 });
  });

  test('whose end was seen is no candidate when another’s is missed, though its epilog comes later', () => {
    const host = twoJobs().read({
      atS: 20,
      jobsS: { 2: 7 },
      scopeS: 10 + 7,
      ended: [{ job: 1, userS: 9.8 }],
    });
    host.epilog(1, 20.5).epilog(2, 21);
    host.read({ atS: 22, scopeS: 10 + 7 + 3, ended: [{ job: 2, userS: null }] });
    expect(host.line(1)).toEqual({ userS: 9.8, overheadS: 0.2, estimatedS: 0 });
    expect(host.line(2)).toEqual({ userS: 9.8, overheadS: 0.2, estimatedS: 0 });
  });

  test('one that was seen before its prolog’s event was has what it used since then', () => {
    const host = new Host().read({ atS: 0 }).read({ atS: 10, jobsS: { 1: 4 }, userS: { 1: 3.9 } });
    host.prolog(1, 9.9);
    host.read({ atS: 20, scopeS: 4 + 3, ended: [{ job: 1, userS: 6.9 }] });
    expect(host.run(1).line.cpuNs / 1e9).toBeCloseTo(3, 6);
    expect(host.line(1).estimatedS).toBe(0);
  });

  test('one that the living kept the reader from reading exactly says by how much', () => {
    const host = twoJobs().read({
      atS: 20,
      jobsS: { 2: 7 },
      userS: { 2: 6.9 },
      scopeS: 10 + 1 + 0.8,
      whileReadS: 0.4,
      ended: [{ job: 1, userS: null }],
    });
    expect(host.line(1)).toMatchObject({ userS: 4.9, estimatedS: 0.2 });
  });

  test('where the parent’s counter cannot be read, what is known is still theirs', () => {
    const host = twoJobs();
    const reading = readingAt({ atS: 20, jobsS: { 2: 9 }, cpus: 4, ended: [{ job: 1, userS: 4.9 }] });
    const scopes = reading.scopes.map((scope) => ({ ...scope, totalNs: { missing: 'gone' } }));
    advance(host.state, { ...reading, scopes });
    expect(host.run(1).line.cpuNs / 1e9).toBeCloseTo(5, 6);
  });
});
