import type { ReportFigures, SlurmJob } from '../generated/report';
import type { GroupFields } from './group-fields';
import { jobIdText } from './job-id';
import { bytesText, durationText, energyText, massText, moneyText, percentText, volumeText } from './units';

/** A line of a report: a group, or the total, which has no key. */
export type Row = ReportFigures & GroupFields & { readonly slurm_job?: SlurmJob };

/** A figure or a key of a report's lines, by the name that -o takes. */
export interface Column {
  readonly name: string;
  /** Unit of `raw`, part of the header that programs get. */
  readonly unit?: string;
  /** Header of `raw` where it is not what `name` says. */
  readonly rawName?: string;
  readonly describe: string;
  readonly isText?: true;
  /** For people. */
  human(row: Row): string;
  /** For programs; null: no value. */
  raw(row: Row): string | number | null;
  /** By what lines are sorted, where it is not `raw`. */
  order?(row: Row): string | number | null;
}

const NONE = '-';

/** Behind an Energy that was extrapolated in part; the footer says what it means. */
export const EXTRAPOLATED_MARK = '*';

function key(
  name: string,
  describe: string,
  field: Exclude<keyof GroupFields, 'job_id' | 'array_job_id' | 'het_job_id' | 'uid'>,
): Column {
  return { name, describe, isText: true, human: (row) => row[field] ?? '', raw: (row) => row[field] ?? null };
}

/** What Slurm's accounting tells of a job, or what lines are grouped by; of a total nothing. */
function told(
  name: string,
  describe: string,
  of: (row: Row) => string | null | undefined,
  isKey: (row: Row) => boolean,
): Column {
  return {
    name,
    describe,
    isText: true,
    human: (row) => of(row) ?? (isKey(row) ? '' : NONE),
    raw: (row) => of(row) ?? null,
  };
}

/** A total or a line of several jobs has none. */
function isOfNoJob(row: Row): boolean {
  return row.job_id === undefined;
}

function count(name: string, describe: string, of: (row: Row) => number): Column {
  return { name, describe, human: (row) => String(of(row)), raw: of };
}

function duration(name: string, describe: string, of: (row: Row) => number | null): Column {
  return { name, unit: 's', describe, human: textOr(durationText, of), raw: of };
}

function energy(name: string, describe: string, of: (row: Row) => number | null): Column {
  return { name, unit: 'kWh', describe, human: textOr(energyText, of), raw: of };
}

function fraction(name: string, rawName: string, describe: string, of: (row: Row) => number | null): Column {
  return { name, rawName, describe, human: textOr(percentText, of), raw: of };
}

/** @param keyOf what the line is of, where lines are by model */
function models(
  name: string,
  describe: string,
  of: (row: Row) => readonly string[],
  keyOf: (row: Row) => string | undefined,
): Column {
  const text = (row: Row): string | null => keyOf(row) ?? (of(row).length === 0 ? null : of(row).join(', '));
  return { name, describe, isText: true, human: (row) => text(row) ?? NONE, raw: text };
}

/** What is not known is no 0. */
function textOr(text: (value: number) => string, of: (row: Row) => number | null): (row: Row) => string {
  return (row) => {
    const value = of(row);
    return value === null ? NONE : text(value);
  };
}

function usd(
  name: string,
  describe: string,
  of: (cost: NonNullable<ReportFigures['social_cost_usd']>) => number | undefined,
): Column {
  const value = ({ social_cost_usd: cost }: Row): number | null =>
    cost === undefined ? null : (of(cost) ?? null);
  return {
    name,
    unit: 'USD',
    describe,
    human: textOr((amount) => `${moneyText(amount)} USD`, value),
    raw: value,
  };
}

/** The column that has a figure only where it is asked for. */
export const EMBODIED = 'EmbodiedCO2e';

/** Columns of what was lost, which is added up by group only where it is asked for. */
export const LOST = ['LostEnergy', 'FailedEnergy', 'CancelledEnergy'] as const;

/** Every column, in the order of `--helpformat`. */
export const COLUMNS = [
  {
    name: 'JobID',
    describe:
      'job id; in tables 13_2 and 12+1, as in sacct, for a task of an array and a part of a heterogeneous job',
    human: jobIdOf,
    raw: (row) => row.job_id ?? null,
  },
  key('Cluster', 'cluster', 'cluster'),
  key('User', 'user name, or uid:1234 where Slurm told no name', 'user'),
  key('Account', 'account', 'account'),
  key('Partition', 'partition', 'partition'),
  key('Node', 'node', 'node'),
  {
    ...key('Hour', 'hour, local time, with its offset from UTC', 'hour'),
    human: ({ hour }) => hour?.replace('T', ' ') ?? '',
    // In autumn an hour comes twice.
    order: ({ hour }) => (hour === undefined ? null : Date.parse(hour)),
  },
  key('Day', 'day, local time', 'day'),
  key('Week', 'ISO week (from Monday on), local time', 'week'),
  key('Month', 'month, local time', 'month'),
  told('JobName', 'name of the job (sacct)', (row) => row.name ?? row.slurm_job?.name, isOfNoJob),
  {
    name: 'ArrayJobID',
    describe: 'id of the array that the job is a task of (sacct)',
    human: (row) => String(arrayOf(row) ?? (isOfNoJob(row) && row.array_job_id === undefined ? '' : NONE)),
    raw: arrayOf,
  },
  {
    name: 'HetJobID',
    describe: 'id of the first part of the heterogeneous job that the job is a part of (sacct)',
    human: (row) => String(hetOf(row) ?? (isOfNoJob(row) && row.het_job_id === undefined ? '' : NONE)),
    raw: hetOf,
  },
  told('QOS', 'quality of service (sacct)', (row) => row.qos ?? row.slurm_job?.qos, isOfNoJob),
  told(
    'State',
    'state of the job, of a requeued one of its last run (sacct)',
    (row) => row.state ?? row.slurm_job?.state,
    isOfNoJob,
  ),
  told('Submit', 'when it was submitted, UTC (sacct)', (row) => row.slurm_job?.submit, isOfNoJob),
  told('Start', 'when its last run began, UTC (sacct)', (row) => row.slurm_job?.start, isOfNoJob),
  {
    name: 'ReqMem',
    unit: 'B',
    describe: 'memory asked for by the whole job (sacct)',
    human: textOr(bytesText, (row) => row.slurm_job?.req_memory_bytes ?? null),
    raw: (row) => row.slurm_job?.req_memory_bytes ?? null,
  },
  duration('TimeLimit', 'time limit (sacct)', (row) => row.slurm_job?.time_limit_seconds ?? null),
  count('Jobs', 'jobs', (row) => row.jobs),
  count('Runs', 'executions of jobs: a requeued job has several', (row) => row.runs),
  duration('Elapsed', 'time of the runs within the report', (row) => row.elapsed_seconds),
  duration('CPUTime', 'CPU time used', (row) => row.cpu_seconds),
  duration('GPUTime', 'GPUs allocated times time', (row) => row.gpu_seconds),
  duration('GPUBusy', 'GPU time in which a kernel ran', (row) => row.gpu_busy_seconds),
  fraction(
    'GPUUtil',
    'GPUUtilFraction',
    'of the GPU time of which it is told, the part in which a kernel ran',
    (row) => row.gpu_utilization,
  ),
  {
    name: 'GPUMem',
    unit: 'B',
    describe: 'most GPU memory in use, of all GPUs of a run on one node',
    human: textOr(bytesText, (row) => row.gpu_memory_bytes),
    raw: (row) => row.gpu_memory_bytes,
  },
  duration(
    'GPUThrottled',
    'GPU time in which heat or power held the clocks back',
    (row) => row.gpu_throttled_seconds,
  ),
  energy('GPUIdle', 'of GPUEnergy, the part drawn while no kernel ran', (row) => row.gpu_idle_kwh),
  energy(
    'CPUEnergy',
    'energy of the CPU packages; where it is modelled, of the whole node but its GPUs',
    (row) => row.energy_kwh.cpu,
  ),
  energy('DRAMEnergy', 'energy of the memory', (row) => row.energy_kwh.dram),
  energy('GPUEnergy', 'energy of the GPUs', (row) => row.energy_kwh.gpu),
  energy('OtherEnergy', 'energy of the rest of the nodes', (row) => row.energy_kwh.other),
  energy('ITEnergy', 'sum of the above', (row) => row.energy_kwh.it),
  {
    ...energy(
      'Energy',
      'ITEnergy times PUE: with cooling and power distribution',
      (row) => row.energy_kwh.total,
    ),
    human: totalEnergyText,
  },
  {
    name: 'CO2e',
    unit: 'kg',
    describe: 'CO2eq of Energy',
    human: (row) => massText(row.co2e_kg),
    raw: (row) => row.co2e_kg,
  },
  {
    name: 'MarketCO2e',
    unit: 'kg',
    describe: 'CO2eq of Energy by contract (market-based; site.market_g_per_kwh)',
    human: textOr(massText, (row) => row.co2e_market_kg ?? null),
    raw: (row) => row.co2e_market_kg ?? null,
  },
  {
    name: EMBODIED,
    unit: 'kg',
    describe: 'what making the nodes and GPUs emitted, not in CO2e (--embodied; site.embodied)',
    human: textOr(massText, (row) => row.embodied?.co2e_kg ?? null),
    raw: (row) => row.embodied?.co2e_kg ?? null,
  },
  {
    name: 'Water',
    unit: 'l',
    describe: 'water by ITEnergy (site.wue)',
    human: textOr(volumeText, (row) => row.water_l ?? null),
    raw: (row) => row.water_l ?? null,
  },
  {
    name: 'Cost',
    describe: 'price of Energy (site.price), in the currency of eit.yaml',
    human: textOr(moneyText, (row) => row.cost ?? null),
    raw: (row) => row.cost ?? null,
  },
  usd(
    'SocialCost',
    "social cost of CO2e for the site's country, median, USD of 2010",
    (c) => c.country?.median,
  ),
  usd('SocialCostLow', 'the same, 16.7 %', (c) => c.country?.low),
  usd('SocialCostHigh', 'the same, 83.3 %', (c) => c.country?.high),
  usd('WorldSocialCost', 'social cost of CO2e for the world, median, USD of 2010', (c) => c.world.median),
  {
    name: 'Coverage',
    describe: 'of nodes times time, the part that was observed',
    human: coverageText,
    raw: (row) => row.coverage,
  },
  {
    name: 'Quality',
    rawName: 'MeasuredFraction',
    describe: 'measured, modelled, or how much of the energy was measured',
    human: qualityText,
    raw: (row) => row.measured_fraction,
  },
  count('NodesExpected', 'nodes of the runs', (row) => row.nodes_expected),
  count('NodesReported', 'nodes of the runs that sent records', (row) => row.nodes_reported),
  fraction(
    'Estimated',
    'EstimatedFraction',
    'of the energy, the part that was divided among the runs by an estimate',
    (row) => row.estimated_fraction,
  ),
  models(
    'CPUModel',
    'models of the CPUs of the nodes',
    (row) => row.cpu_models,
    (row) => row.cpu_model,
  ),
  models(
    'GPUModel',
    'models of the GPUs',
    (row) => row.gpu_models,
    (row) => row.gpu_model,
  ),
  energy(
    'Extrapolated',
    'of Energy, the part that nobody observed (--extrapolate)',
    (row) => row.extrapolated_kwh ?? null,
  ),
  energy('LostEnergy', 'of Energy, runs that did not come to their end (--lost; sacct)', lost()),
  energy(
    'FailedEnergy',
    'of it, runs that failed, ran out of time or memory, or lost a node',
    lost('failed'),
  ),
  energy('CancelledEnergy', 'of it, runs that were cancelled; the rest began again', lost('cancelled')),
  fraction(
    'CPUEff',
    'CPUEfficiency',
    'CPU time used, of the time of the CPUs allocated (sacct)',
    (row) => row.slurm?.cpu_efficiency ?? null,
  ),
  fraction(
    'MemEff',
    'MemoryEfficiency',
    'most memory held, of that asked for (sacct)',
    (row) => row.slurm?.memory_efficiency ?? null,
  ),
  energy(
    'SlurmEnergy',
    "Slurm's own ConsumedEnergy of the runs that can be compared (--compare-slurm)",
    comparable('slurm_kwh'),
  ),
  energy('SameEnergy', 'ours of the same runs, before PUE (--compare-slurm)', comparable('eit_kwh')),
] as const satisfies readonly Column[];

/** A column by its name or that which programs get, in any case. */
export function columnNamed(name: string): Column | undefined {
  const wanted = name.toLowerCase();
  return COLUMNS.find((column) => [column.name, rawHeader(column)].some((n) => n.toLowerCase() === wanted));
}

/** The header that programs get: `Energy_kWh`. */
export function rawHeader({ name, unit, rawName = name }: Column): string {
  return unit === undefined ? rawName : `${rawName}_${unit}`;
}

/** What --helpformat prints. */
export function columnHelp(): string {
  const all: readonly Column[] = COLUMNS;
  const width = Math.max(...all.map(({ name }) => name.length));
  return all
    .map((column) => {
      const header = rawHeader(column);
      const forPrograms = header === column.name ? '' : ` (${header} for programs)`;
      return `${column.name.padEnd(width)}  ${column.describe}${forPrograms}\n`;
    })
    .join('');
}

function jobIdOf({ job_id: id, slurm_job: job }: Row): string {
  if (id === undefined) return '';
  return jobIdText(
    id,
    job === undefined
      ? null
      : {
          arrayJobId: job.array_job_id,
          arrayTaskId: job.array_task_id,
          hetJobId: job.het_job_id,
          hetOffset: job.het_offset,
        },
  );
}

function arrayOf(row: Row): number | null {
  return row.array_job_id ?? row.slurm_job?.array_job_id ?? null;
}

function hetOf(row: Row): number | null {
  return row.het_job_id ?? row.slurm_job?.het_job_id ?? null;
}

/** @param outcome absent: whatever became of them */
function lost(outcome?: 'failed' | 'cancelled'): (row: Row) => number | null {
  return ({ slurm }) => {
    if (slurm?.lost === undefined || slurm.told_runs === 0) return null;
    const { failed_kwh, cancelled_kwh, requeued_kwh } = slurm.lost;
    if (outcome !== undefined) return slurm.lost[`${outcome}_kwh`];
    return failed_kwh + cancelled_kwh + requeued_kwh;
  };
}

/** Of no run is no 0. */
function comparable(of: 'slurm_kwh' | 'eit_kwh'): (row: Row) => number | null {
  return ({ slurm }) =>
    slurm?.compared === undefined || slurm.compared.runs === 0 ? null : slurm.compared[of];
}

/** With the mark or the room for it, so that figures stay in line. */
function totalEnergyText({ energy_kwh, extrapolated_kwh: extrapolated }: Row): string {
  const text = energyText(energy_kwh.total);
  if (extrapolated === undefined) return text;
  return `${text}${extrapolated > 0 ? EXTRAPOLATED_MARK : ' '}`;
}

function coverageText(row: Row): string {
  if (row.runs === 0) return NONE;
  const nodes =
    row.nodes_reported < row.nodes_expected ? `nodes ${row.nodes_reported}/${row.nodes_expected}` : '';
  const part = row.coverage === null ? 'unknown' : percentText(row.coverage);
  return nodes === '' ? part : `${part}, ${nodes}`;
}

function qualityText({ measured_fraction: part }: Row): string {
  if (part === null) return NONE;
  if (part >= 1) return 'measured';
  return part <= 0 ? 'modelled' : `${percentText(part)} measured`;
}

/** In tables for people CPUEnergy where all of it is the power model's, whose watts are a whole node's. */
export const NODE_ENERGY = energy(
  'NodeEnergy',
  'energy of the whole node but its GPUs',
  (row) => row.energy_kwh.cpu,
);
