import { HOST_CPUS, HOST_MEMORY_GIB } from './hardware';
import type { Random } from './random';
import type { Owner, Population, SyntheticUser } from './users';

export type PartitionName = 'cpu' | 'gpu' | 'short';

/** What a job asks for, and what it will do with it. */
export interface JobShape {
  readonly partition: PartitionName;
  readonly nodes: number;
  /** All of these on each node. */
  readonly cpus: number;
  readonly gpus: number;
  readonly memoryGib: number;
  /** If nothing comes between. */
  readonly lengthMs: number;
  readonly limitMs: number;
  /** Part of its CPUs that it keeps busy. */
  readonly efficiency: number;
  /** Part of the time in which its GPUs do something. */
  readonly gpuUse: number;
}

/** What a user submits at once. */
export interface Submission {
  readonly user: SyntheticUser;
  readonly owner: Owner;
  readonly name: string;
  /** One job, the tasks of an array, or the components of a het job. */
  readonly shapes: readonly JobShape[];
  readonly kind: 'job' | 'array' | 'het';
}

export interface Site {
  readonly cpuHosts: number;
  readonly gpuHosts: number;
  readonly gpusPerNode: number;
}

const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;
const LONGEST_MS = 5 * 24 * HOUR_MS;
/** No job is over before. */
const SHORTEST_MS = 700;
const ARRAY_PART = 0.05;
const ARRAY_MEAN_TASKS = 18;
const MOST_TASKS = 400;
const HET_PART = 0.004;
/** Of what the hosts could do in the mean over a week; where few jobs are asked for, they are only so much longer. */
const LOAD = 0.7;
const MOST_SCALE = 4;
const TRIAL_SUBMISSIONS = 20_000;

/** Some are hard for who splits lines at a `|`. */
const NAMES = [
  'train',
  'relax',
  'md_prod',
  'blast',
  'post',
  'sweep',
  'bash',
  'wrap',
  'my job',
  'a|b',
  'run.sh',
  'été',
];
const GIB_PER_CPU = [1, 2, 4, 4, 4, 8];
const LIMITS_H = [0.25, 0.5, 1, 2, 4, 8, 12, 24, 48, 72, 120];

/** Draws what is submitted. */
export class JobMix {
  readonly #site: Site;
  readonly #population: Population;
  /** What lengths are multiplied by, so that the hosts can do what is submitted. */
  #cpuScale = 1;
  #gpuScale = 1;
  /** In the mean. */
  readonly jobsPerSubmission: number;

  constructor(site: Site, population: Population, jobsPerDay: number, random: Random) {
    this.#site = site;
    this.#population = population;
    let [jobs, cpuMs, gpuMs] = [0, 0, 0];
    for (let i = 0; i < TRIAL_SUBMISSIONS; i++) {
      for (const { nodes, cpus, gpus, lengthMs } of this.next(random).shapes) {
        jobs++;
        if (gpus > 0) gpuMs += gpus * lengthMs;
        else cpuMs += nodes * cpus * lengthMs;
      }
    }
    const { cpuHosts, gpuHosts, gpusPerNode } = site;
    const scale = (capacity: number, usedMs: number): number =>
      Math.min(MOST_SCALE, (LOAD * capacity * 24 * HOUR_MS * jobs) / (jobsPerDay * Math.max(1, usedMs)));
    this.jobsPerSubmission = jobs / TRIAL_SUBMISSIONS;
    this.#cpuScale = scale(cpuHosts * HOST_CPUS, cpuMs);
    this.#gpuScale = scale(gpuHosts * gpusPerNode, gpuMs);
  }

  next(random: Random): Submission {
    const user = this.#population.next(random);
    const owner = user.owners[random.isOne(0.12) ? 1 : 0];
    const submission = { user, owner, name: random.of(NAMES) };
    const shape = this.#shape(user, random);
    if (random.isOne(ARRAY_PART) && shape.nodes === 1) {
      const tasks = Math.min(MOST_TASKS, 2 + Math.floor(random.exponential(ARRAY_MEAN_TASKS)));
      const shapes: JobShape[] = [];
      for (let i = 0; i < tasks; i++) {
        const lengthMs = Math.round(shape.lengthMs * random.between(0.7, 1.3));
        shapes.push(
          withLength(shape, Math.max(SHORTEST_MS, Math.min(shape.limitMs, lengthMs)), shape.limitMs),
        );
      }
      return { ...submission, kind: 'array', shapes };
    }
    if (random.isOne(HET_PART)) {
      // Components begin and end together.
      const second = withLength(this.#shape(user, random), shape.lengthMs, shape.limitMs);
      return { ...submission, kind: 'het', shapes: [shape, second] };
    }
    return { ...submission, kind: 'job', shapes: [shape] };
  }

  #shape(user: SyntheticUser, random: Random): JobShape {
    const { cpuHosts, gpuHosts, gpusPerNode } = this.#site;
    const efficiency = Math.min(1, Math.max(0.02, user.efficiency + 0.2 * random.normal()));
    if (gpuHosts > 0 && gpusPerNode > 0 && random.isOne(user.gpuPart)) {
      const gpus = Math.min(gpusPerNode, 2 ** random.whole(0, 3));
      const cpus = Math.max(1, Math.floor((HOST_CPUS * gpus) / gpusPerNode / 2));
      const { lengthMs, limitMs } = length(user, 40 * 60 * SECOND_MS, 1.9, this.#gpuScale, random);
      return {
        partition: 'gpu',
        nodes: 1,
        cpus,
        gpus,
        memoryGib: Math.floor(((HOST_MEMORY_GIB / gpusPerNode) * gpus) / 2),
        lengthMs,
        limitMs,
        efficiency: efficiency / 3,
        gpuUse: Math.min(1, random.between(0.1, 1.2)),
      };
    }
    const isWhole = random.isOne(user.wholeNodePart);
    const nodes = isWhole ? wholeNodes(cpuHosts, random) : 1;
    const cpus = isWhole ? HOST_CPUS : random.isOne(0.6) ? 1 : 2 ** random.whole(1, 5);
    const medianMs = (isWhole ? 50 : 5) * 60 * SECOND_MS;
    const { lengthMs, limitMs } = length(user, medianMs, 2.1, this.#cpuScale, random);
    const isShort = !isWhole && limitMs <= HOUR_MS && random.isOne(0.4);
    const memoryGib = isWhole
      ? HOST_MEMORY_GIB
      : Math.min(HOST_MEMORY_GIB / 2, cpus * random.of(GIB_PER_CPU));
    return {
      partition: isShort ? 'short' : 'cpu',
      nodes,
      cpus,
      gpus: 0,
      memoryGib,
      lengthMs,
      limitMs,
      efficiency,
      gpuUse: 0,
    };
  }
}

/** The same but for its length; not by spreading, which takes longer than all else of a job. */
function withLength(shape: JobShape, lengthMs: number, limitMs: number): JobShape {
  const { partition, nodes, cpus, gpus, memoryGib, efficiency, gpuUse } = shape;
  return { partition, nodes, cpus, gpus, memoryGib, lengthMs, limitMs, efficiency, gpuUse };
}

function length(user: SyntheticUser, medianMs: number, sigma: number, scale: number, random: Random) {
  const wantedMs = Math.min(LONGEST_MS, random.logNormal(medianMs * user.patience, sigma)) * scale;
  const lengthMs = Math.max(SHORTEST_MS, Math.round(wantedMs));
  const aboveMs = lengthMs * random.between(1, 3);
  let limitH = LIMITS_H.at(-1)!;
  for (let i = LIMITS_H.length - 1; i >= 0 && LIMITS_H[i]! * HOUR_MS >= aboveMs; i--) limitH = LIMITS_H[i]!;
  return { lengthMs, limitMs: limitH * HOUR_MS };
}

/** At most half the hosts: more would hardly ever be free at once. */
function wholeNodes(hosts: number, random: Random): number {
  const most = Math.max(1, Math.min(64, Math.floor(hosts / 2)));
  return Math.max(1, Math.min(most, Math.floor(2 ** random.exponential(1))));
}
