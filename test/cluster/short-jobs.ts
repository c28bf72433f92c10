import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RunRecord } from '../../src/generated/record';
import { scaled } from '../scale';
import { readHierarchies } from './cgroup-hierarchies';
import { describeCluster } from './availability';
import { expectAllWell } from './conservation';
import { type MeasuredCluster, startMeasuredCluster } from './measured-cluster';
import type { CgroupKind } from './slurm-conf';

const JOBS = scaled(100, 1000);
/** Jobs that do nothing, to learn what a step costs besides its job's own process. */
const EMPTY_JOBS = 20;
const SHORTEST_MS = 20;
const LONGEST_MS = 3000;
/** From this length on each job's own time is told to 2 %. */
const TOLD_FROM_MS = 50;
/** What a process can still use after that, where its pages are cold. */
const LAST_WORDS_MS = 10;

/**
 * A batch script that is one process from its start to its end, burns as many milliseconds of CPU time as the task's number
 * says (evenly spread over the orders of magnitude), and writes down what it used by the kernel's own count (ns,
 * /proc/<pid>/schedstat), with what the job's extern step had used by then (ns).
 */
const burner = (jobs: number, { mounts, results }: Places) => `while IFS=: read -r id controllers path; do
  step="\${path%/step_*}/step_extern"
  case ",$controllers," in
  ,,) [ -z '${mounts.v2}' ] || extern="${mounts.v2}$step/user/cpu.stat" ;;
  *,cpuacct,*) [ -z '${mounts.v1}' ] || extern="${mounts.v1}$step/cpuacct.usage" ;;
  esac
done </proc/self/cgroup
exec awk -v n="$SLURM_ARRAY_TASK_ID" -v extern="$extern" -v result="${results}/$SLURM_JOB_ID" 'BEGIN {
  f = "/proc/self/schedstat"
  ns = ${SHORTEST_MS}e6 * (${LONGEST_MS} / ${SHORTEST_MS}) ^ ((n * 61 % ${jobs}) / ${jobs})
  do { getline line < f; close(f); split(line, used, " ") } while (used[1] < ns)
  while ((getline line < extern) > 0) {
    fields = split(line, word, " ")
    if (fields == 1) other = line
    else if (word[1] == "usage_usec") other = 1000 * word[2]
  }
  getline line < f; split(line, used, " ")
  printf "%d %d\\n", used[1], other > result
}'`;

interface Places {
  /** Where the hierarchy that this cluster's jobs are in is mounted; the other is empty. */
  readonly mounts: { readonly v1: string; readonly v2: string };
  /** A folder in memory: what it takes to write to a disk is not to be part of a job of 20 ms. */
  readonly results: string;
}

interface ShortJob {
  /** CPU time by the job's own account, ms. */
  readonly usedMs: number;
  /** By EIT, ms. */
  readonly toldMs: number;
  readonly isEstimated: boolean;
}

/** Jobs that are over before a sampler would see them: nothing of them is lost, and each has its own. */
export function shortJobScenarios(kind: CgroupKind): void {
  describeCluster('short jobs', kind, () => {
    let eit: MeasuredCluster;
    let places: Places;

    beforeAll(async () => {
      const { v1, v2 } = readHierarchies();
      const mounts = { v1: kind === 'v1' ? (v1.cpuacct ?? '') : '', v2: kind === 'v2' ? (v2 ?? '') : '' };
      places = { mounts, results: mkdtempSync('/dev/shm/eit-short-jobs-') };
      chmodSync(places.results, 0o1777);
      eit = await startMeasuredCluster({ cgroup: kind });
      // One that starts the agent: hooks that come before it have late readings.
      await runArray(eit, 1, 'true');
    });
    afterAll(async () => {
      await eit?.stop();
      rmSync(places.results, { recursive: true, force: true });
    });
    afterEach(() => expectAllWell(eit));

    test(`${JOBS} jobs of ${SHORTEST_MS} ms to ${LONGEST_MS / 1000} s, many at once on both nodes, are told to the last reading`, async () => {
      const stepMs = median(
        (await measure(eit, EMPTY_JOBS, 1e9, places))
          .filter(({ isEstimated }) => !isEstimated)
          .map(({ toldMs, usedMs }) => toldMs - usedMs),
      );
      const jobs = (await measure(eit, JOBS, JOBS, places)).map((job) => ({
        ...job,
        toldMs: job.toldMs - stepMs,
      }));
      expect(jobs).toHaveLength(JOBS);

      const off = ({ usedMs, toldMs }: ShortJob): number => Math.abs(toldMs / usedMs - 1);
      const long = jobs.filter(({ usedMs }) => usedMs >= TOLD_FROM_MS);
      const apart = long.filter(({ isEstimated }) => !isEstimated);
      const [usedMs, toldMs] = [sum(jobs.map((job) => job.usedMs)), sum(jobs.map((job) => job.toldMs))];
      process.stdout.write(
        `short jobs, cgroup ${kind}: ${JOBS} jobs, ${(usedMs / 1000).toFixed(1)} CPU seconds, told ${(100 * (toldMs / usedMs - 1)).toFixed(2)} % more; ` +
          `a step costs ${stepMs.toFixed(1)} ms; of ${long.length} jobs of ${TOLD_FROM_MS} ms or more ${apart.length} could be told apart, ` +
          `the furthest by ${(100 * Math.max(...apart.map(off))).toFixed(2)} %\n` +
          apart
            .toSorted((a, b) => off(b) - off(a))
            .slice(0, 5)
            .map((job) => `  used ${job.usedMs.toFixed(1)} ms, told ${job.toldMs.toFixed(1)} ms\n`)
            .join(''),
      );
      expect(Math.abs(toldMs / usedMs - 1)).toBeLessThan(0.005);
      expect(apart.filter((job) => off(job) < 0.02).length).toBeGreaterThanOrEqual(0.97 * apart.length);
      // What a process does between its last look at its own account and its end it cannot know; where it has to wait for a CPU
      // then, that can be more than for most.
      const isFar = (job: ShortJob): boolean =>
        Math.abs(job.toldMs - job.usedMs) > 0.02 * job.usedMs + LAST_WORDS_MS;
      const far = apart.filter(isFar);
      expect(far.length > Math.max(1, JOBS / 100) ? far : []).toEqual([]);
      if (kind === 'v2') expect(apart.length).toBeGreaterThanOrEqual(0.95 * long.length);
    }, 600_000);
  });
}

async function measure(eit: MeasuredCluster, jobs: number, of: number, places: Places): Promise<ShortJob[]> {
  const ids = await runArray(eit, jobs, burner(of, places));
  await eit.slurm.waitUntilQuiet();
  await eit.settled();
  return ids.map((id) => {
    const own = eit.runRecords(id);
    const [ownNs = NaN, externNs = NaN] = readFileSync(join(places.results, id), 'utf8')
      .trim()
      .split(' ')
      .map(Number);
    const usedMs = (ownNs + externNs) / 1e6;
    expect(own.at(-1)?.end?.by).toBe('epilog');
    return {
      usedMs,
      toldMs: sum(own.map((record: RunRecord) => record.cpu_us ?? NaN)) / 1000,
      isEstimated: sum(own.map((record) => record.cpu_estimated_us ?? 0)) > 0,
    };
  });
}

/** @returns the ids of an array's jobs when all have ended */
async function runArray(eit: MeasuredCluster, jobs: number, script: string): Promise<string[]> {
  const array = await eit.slurm.sbatch(script, { args: [`--array=1-${jobs}`] });
  await eit.slurm.waitForState(array, 'COMPLETED', 500_000);
  return (await eit.slurm.jobRecords(array)).map(({ JobId = '' }) => JobId);
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}
