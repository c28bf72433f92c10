import { mkdirSync, utimesSync } from 'node:fs';
import { ScopeReader } from '../../../src/agent/scope-reader';
import { StepWatch } from '../../../src/sources/step-watch';
import { Tree } from '../sources/tree';

const SCOPE = 'system.slice/n1_slurmstepd.scope';
const usage = (ms: number): string => `usage_usec ${ms * 1000}\n`;

let tree: Tree;
let reader: ScopeReader;
let steps: StepWatch;
/** What happens when the reader has read the parent and comes to a directory that is new to it. */
let meanwhile: (jobDir: string) => void;

beforeEach(() => {
  tree = new Tree();
  setMs(0, { 1: 0 });
  const scope = { dir: tree.path(SCOPE), node: 'n1', version: 2 } as const;
  reader = new ScopeReader(scope, { count: 0, placeOfCpu: new Map() });
  steps = new StepWatch({ onEnd: () => undefined, onError: () => undefined });
  meanwhile = () => undefined;
  steps.check = (jobDir) => meanwhile(jobDir);
  reader.read(false, steps);
});
afterEach(() => {
  reader.close();
  steps.close();
  tree.remove();
});

/** CPU time of the scope and its jobs, in milliseconds. */
function setMs(totalMs: number, jobsMs: Readonly<Record<number, number>>): void {
  tree.write(`${SCOPE}/cpu.stat`, usage(totalMs));
  for (const [id, ms] of Object.entries(jobsMs)) tree.write(`${SCOPE}/job_${id}/cpu.stat`, usage(ms));
}

const read = () => {
  const { totalNs, whileReadNs, isChanged, jobs } = reader.read(false, steps);
  return {
    totalMs: Number(totalNs) / 1e6,
    whileReadMs: whileReadNs / 1e6,
    isChanged,
    jobsMs: Object.fromEntries(jobs.map(({ jobId, cpuNs }) => [jobId, Number(cpuNs) / 1e6])),
  };
};

describe('jobs use CPU time while a scope is read', () => {
  test('parent and children are read again, and then are of one moment', () => {
    setMs(100, { 1: 100, 2: 0 });
    meanwhile = () => setMs(112, { 1: 108, 2: 4 });
    expect(read()).toEqual({ totalMs: 112, whileReadMs: 0, isChanged: true, jobsMs: { 1: 108, 2: 4 } });
    meanwhile = () => undefined;
    expect(read()).toEqual({ totalMs: 112, whileReadMs: 0, isChanged: false, jobsMs: { 1: 108, 2: 4 } });
  });

  test('the second time too: it is said how much, and not tried for ever', () => {
    setMs(100, { 1: 100, 2: 0 });
    meanwhile = () => {
      setMs(112, { 1: 108, 2: 4, 3: 0 });
      meanwhile = () => {
        setMs(120, { 1: 116, 2: 4, 3: 0, 4: 0 });
        meanwhile = () => setMs(999, {});
      };
    };
    expect(read()).toMatchObject({ totalMs: 112, whileReadMs: 8, jobsMs: { 1: 116, 2: 4, 3: 0 } });
  });

  test('so little that nobody would notice: said, and not read again', () => {
    setMs(100, { 1: 100, 2: 0 });
    meanwhile = () => setMs(100.09, { 1: 100.09, 2: 0 });
    const { totalMs, whileReadMs } = read();
    expect(totalMs).toBe(100);
    expect(whileReadMs).toBeCloseTo(0.09, 6);
  });

  test('one that comes while another goes leaves no trace in the parent, and is found all the same', () => {
    const noChangeTold = () => utimesSync(tree.path(SCOPE), 1, 1);
    mkdirSync(tree.path(`${SCOPE}/job_2`));
    noChangeTold();
    read();
    tree.remove(`${SCOPE}/job_2`);
    setMs(14, { 1: 0, 3: 14 });
    noChangeTold();
    expect(read()).toMatchObject({ totalMs: 14, isChanged: true, jobsMs: { 1: 0, 3: 14 } });
  });

  test('a cgroup that went in the first reading and was made anew before the second is another', () => {
    setMs(100, { 1: 100, 2: 0 });
    let looks = 0;
    meanwhile = () => {
      looks += 1;
      if (looks === 1) tree.remove(`${SCOPE}/job_2`);
      else if (looks === 2) setMs(101, { 2: 1 });
    };
    const { jobs } = reader.read(false, steps);
    expect(jobs.map(({ jobId, renewed }) => [jobId, renewed])).toEqual([
      [1, false],
      [2, true],
    ]);
    expect(reader.read(false, steps).jobs.map(({ renewed }) => renewed)).toEqual([false, false]);
  });
});
