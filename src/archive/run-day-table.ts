import { GPU_BINDINGS } from '../attribution/gpu-binding';
import { POLICIES } from '../attribution/policy';
import type { DomainClass } from '../generated/record';
import { DOMAIN_CLASSES } from '../runs/domain-class';
import type { GroupSums } from '../runs/group-sums';
import type { JobFacts } from '../runs/job-facts';
import type { Run } from '../runs/runs';
import { P_STATES } from '../runs/slice-row';
import type { SlurmSums } from '../runs/slurm-sums';
import { outcomeOf } from '../slurm/job-states';
import type { Column, Table, Value } from './column';

/** A run on one day, as a report adds it up. */
export interface RunDay {
  /** Of the zone of the archive. */
  readonly day: string;
  readonly dayMs: number;
  readonly run: Run;
  /** The same on all days of a run, different for other runs of the job. */
  readonly runKey: string;
  /** Whether all of the run lies in this day. */
  readonly isWhole: boolean;
  /** Whether the run's lines have to be looked at one by one where a report is of more than this day, or of some users'. */
  readonly isApart: boolean;
  /** How many of the run's fragments began and ended on this day. */
  readonly begun: number;
  readonly ended: number;
  /** What its sums are under each policy: of this one run and day. */
  readonly sums: readonly GroupSums[];
  /** What Slurm's accounting tells of the run; null: nothing. */
  readonly facts: JobFacts | null;
  /** Sums that need it. */
  readonly slurm: SlurmSums;
}

/** How a run's rows of several days become one, and how runs become a group. */
export type Role = 'sum' | 'most' | 'least' | 'any' | 'names' | 'last';

/** A figure of a run and day. */
export interface Figure extends Column<RunDay> {
  readonly role: Role;
  /** Place of the policy that it is of; absent: of all. */
  readonly policy?: number;
}

/** Names of models can have commas. */
export const NAME_SEPARATOR = '\u001f';

const figure = (
  name: string,
  role: Role,
  of: (sums: GroupSums, row: RunDay) => Value | bigint,
  policy?: number,
  type: Column<RunDay>['type'] = 'BIGINT',
): Figure => ({
  name,
  type,
  merge: 'key',
  role,
  of: (row) => {
    const value = of(row.sums[policy ?? 0]!, row);
    // A day of one run is far below 2^53 µJ.
    return typeof value === 'bigint' ? Number(value) : value;
  },
  ...(policy === undefined ? {} : { policy }),
});

/** Energies of a class in one cluster's sums, by what they are called there. */
const CLASS_SUMS = {
  measured: (sums: GroupSums, name: DomainClass) => energyOf(sums).measuredUj.get(name),
  modelled: (sums: GroupSums, name: DomainClass) => energyOf(sums).modelledUj.get(name),
  estimated: (sums: GroupSums, name: DomainClass) => sums.estimatedUj.get(name),
  guessed: (sums: GroupSums, name: DomainClass) => sums.guessedUj.get(name),
} as const;

export type ClassSum = keyof typeof CLASS_SUMS;
export const CLASS_SUM_NAMES = Object.keys(CLASS_SUMS) as ClassSum[];

function energyOf({ energy }: GroupSums) {
  const [first] = energy.values();
  if (first === undefined) throw new Error('a run without a cluster');
  return first;
}

export function classColumn(name: DomainClass, kind: ClassSum, policy: number): string {
  return `${name}_${kind}_${POLICIES[policy] ?? ''}_uj`;
}

export function overheadColumn(policy: number): string {
  return `overhead_base_${POLICIES[policy] ?? ''}_uj`;
}

const each = <T>(make: (policy: number) => T): T[] => POLICIES.map((_, policy) => make(policy));

/** The figures: all that GroupSums hold of a run and day. */
const FIGURES: readonly Figure[] = [
  figure('elapsed_ms', 'sum', (sums) => sums.elapsedMs),
  figure('cpu_us', 'sum', (sums) => sums.cpuUs),
  figure('gpu_ms', 'sum', (sums) => sums.gpuMs),
  figure('nodes_expected', 'most', (sums) => sums.nodesExpected),
  figure('nodes_reported', 'most', (sums) => sums.nodesReported),
  ...(['read_bytes', 'written_bytes', 'read_ops', 'written_ops'] as const).map((name) =>
    figure(name, 'sum', (sums) => (sums.blockIoRuns === 0 ? undefined : sums.blockIo.figures(1)[name])),
  ),
  ...DOMAIN_CLASSES.flatMap((name) => [
    figure(`${name}_expected_ms`, 'sum', (sums) => rounded(sums.expectedMs.get(name))),
    figure(`${name}_observed_ms`, 'sum', (sums) => rounded(sums.observedMs.get(name))),
    ...CLASS_SUM_NAMES.flatMap((kind) =>
      each((policy) =>
        figure(classColumn(name, kind, policy), 'sum', (sums) => CLASS_SUMS[kind](sums, name), policy),
      ),
    ),
  ]),
  ...each((policy) => figure(overheadColumn(policy), 'sum', (sums) => energyOf(sums).overheadBaseUj, policy)),
  figure('gpu_unread', 'any', (sums) => sums.gpuUnreadRuns > 0, undefined, 'BOOLEAN'),
  figure('gpu_seen', 'any', (sums) => sums.gpuSeenRuns > 0, undefined, 'BOOLEAN'),
  figure('gpu_read_ms', 'sum', (sums) => sums.gpu?.readMs.value),
  figure('gpu_busy_ms', 'sum', (sums) => sums.gpu?.busyMs?.value),
  figure('gpu_told_ms', 'sum', (sums) => sums.gpu?.toldMs.value),
  ...each((policy) =>
    figure(`gpu_idle_${POLICIES[policy] ?? ''}_uj`, 'sum', (sums) => sums.gpu?.idleUj?.value, policy),
  ),
  figure('gpu_throttled_ms', 'sum', (sums) => sums.gpu?.throttledMs?.value),
  ...Array.from({ length: P_STATES }, (_, state) =>
    figure(`gpu_p${state}_ms`, 'sum', (sums) => sums.gpu?.pStateMs.get(state)?.value),
  ),
  figure('gpu_memory_bytes', 'most', (sums) => sums.gpu?.memoryBytes ?? undefined),
  figure('gpu_by', 'most', (sums) => (sums.gpu === null ? undefined : GPU_BINDINGS.indexOf(sums.gpu.by))),
  figure('gpu_conflict', 'least', (sums) => sums.gpu?.conflict ?? undefined, undefined, 'VARCHAR'),
  figure('cpu_models', 'names', (sums) => namesOf(sums.cpuModels), undefined, 'VARCHAR'),
  figure('gpu_models', 'names', (sums) => namesOf(sums.gpuModels), undefined, 'VARCHAR'),
];

const text = (name: string, of: (row: RunDay) => string): Column<RunDay> => ({
  name,
  type: 'VARCHAR',
  merge: 'key',
  of,
});
const integer = (name: string, of: (row: RunDay) => number | undefined): Column<RunDay> => ({
  name,
  type: 'BIGINT',
  merge: 'key',
  of,
});

/** What Slurm's accounting tells; where it tells something else later, rows are made anew (retell.ts). Of a run of several days the last day's holds. */
const FACTS: readonly Figure[] = [
  figure('told', 'any', (_, { facts }) => facts !== null, undefined, 'BOOLEAN'),
  figure('state', 'last', (_, { facts }) => facts?.state, undefined, 'VARCHAR'),
  figure(
    'outcome',
    'last',
    (_, { facts }) => (facts && outcomeOf(facts.state)) ?? undefined,
    undefined,
    'VARCHAR',
  ),
  figure('qos', 'last', (_, { facts, run }) => facts?.qos ?? run.qos ?? undefined, undefined, 'VARCHAR'),
  figure('name', 'last', (_, { facts }) => facts?.name, undefined, 'VARCHAR'),
  figure('array_job_id', 'last', (_, { facts }) => facts?.arrayJobId ?? undefined),
  figure('used_cpu_us', 'sum', (_, { slurm }) => slurm.cpuUs),
  figure('allocated_cpu_us', 'sum', (_, { slurm }) => slurm.allocatedCpuUs),
  figure('held_bytes', 'most', (_, { slurm }) => slurm.heldBytes.value),
  figure('asked_bytes', 'most', (_, { slurm }) => slurm.askedBytes.value),
];

/** All figures. */
export const RUN_FIGURES: readonly Figure[] = [...FIGURES, ...FACTS];

/** Runs by day: what reports of whole days are added up from. Made from slices, and made again where those change. */
export const RUN_DAYS: Table<RunDay> = {
  name: 'rundays',
  time: 'day_ms',
  // Reports look for single jobs in it; whose they are, sums of parts tell.
  order: ['job', 'day_ms'],
  columns: [
    text('day', (row) => row.day),
    integer('day_ms', (row) => row.dayMs),
    integer('job', ({ run }) => run.jobId),
    text('run_key', (row) => row.runKey),
    integer('restart', ({ run }) => run.restart),
    integer('started_ms', ({ run }) => run.startedMs),
    integer('uid', ({ run }) => run.uid ?? undefined),
    text('user', ({ run }) => run.user),
    text('account', ({ run }) => run.account),
    text('partition', ({ run }) => run.partition),
    integer('nodes', ({ run }) => run.nodes ?? undefined),
    integer('to_ms', ({ run }) => run.toMs),
    { name: 'whole', type: 'BOOLEAN', merge: 'key', of: (row) => row.isWhole },
    { name: 'apart', type: 'BOOLEAN', merge: 'key', of: (row) => row.isApart },
    integer('begun', (row) => row.begun),
    integer('ended', (row) => row.ended),
    // DuckDB makes it (toldBySql).
    integer('told_by', () => undefined),
    ...RUN_FIGURES,
  ],
};

function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms);
}

function namesOf(names: ReadonlySet<string>): string | undefined {
  return names.size === 0 ? undefined : [...names].sort().join(NAME_SEPARATOR);
}
