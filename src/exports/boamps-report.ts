import { createHash } from 'node:crypto';
import type { BoampsTask } from '../generated/boamps';
import type { EitReport } from '../generated/report';
import { intensityText } from '../report/intensity-words';
import { isCovered, type RunSet } from '../science/run-set';

/** Version of the data model that this follows. */
const FORMAT_VERSION = '1.1.0';
const FORMAT_URI = 'https://github.com/Boavizta/BoAmps/tree/main/model';

/** What a report of the BoAmps data model says. */
export type BoampsReport = Readonly<Record<string, unknown>>;

/** Beside the set and what the user says. */
export interface BoampsGiven {
  readonly task: BoampsTask;
  /** When the runs began, Unix ms. */
  readonly fromMs: number;
  /** When the report is made, Unix ms. */
  readonly nowMs: number;
  /** The country of the site by its English name; null: not known. */
  readonly country: string | null;
}

/**
 * A report of the BoAmps data model (Boavizta, https://github.com/Boavizta/BoAmps): the runs as one task, measured once. `powerConsumption` is the energy of the machines in kWh,
 * without PUE: that model has the energy of the task and no building.
 */
export function boampsReport(
  { report, filter }: RunSet,
  { task, fromMs, nowMs, country }: BoampsGiven,
): BoampsReport {
  const { total, factors } = report;
  const { environment = {}, infrastructure } = task;
  const place = environment.country ?? country;
  const partial = report.groups.filter((job) => !isCovered(job)).length;
  const told = [
    task.task.taskDescription,
    `${total.jobs} ${total.jobs === 1 ? 'job' : 'jobs'}, ${total.runs} ${total.runs === 1 ? 'run' : 'runs'}; energy of ${factors.domains_measured.join(', ') || 'nothing'}, divided by the policy ${report.policy}`,
    measuredText(total.measured_fraction),
    place === null ? undefined : `carbon intensity of ${factors.zone}: ${intensityText(factors)}`,
    partial > 0 ? `${partial} jobs were observed in part: the energy is at least this` : undefined,
  ].filter((text) => text !== undefined);
  return {
    header: {
      ...task.header,
      formatVersion: FORMAT_VERSION,
      formatVersionSpecificationUri: FORMAT_URI,
      reportId: idOf(report, filter.name, nowMs),
      reportDatetime: dateTime(nowMs),
    },
    task: { ...task.task, taskDescription: told.join('. ') },
    measures: [
      {
        measurementMethod: 'slurm-eit',
        version: report.tool_version,
        ...trackingModes(total),
        ...(total.gpu_utilization === null ? {} : { averageUtilizationGpu: total.gpu_utilization }),
        powerConsumption: total.energy_kwh.it,
        measurementDuration: total.elapsed_seconds,
        measurementDateTime: dateTime(fromMs),
      },
    ],
    system: task.system ?? { os: 'linux' },
    ...(task.software === undefined ? {} : { software: task.software }),
    infrastructure: { infraType: 'onPremise', ...infrastructure, components: componentsOf(total) },
    ...environmentOf(environment, place, factors.intensity_g_per_kwh),
    ...(task.quality === undefined ? {} : { quality: task.quality }),
  };
}

/** Which part of a mixture is of which class no report tells: then of neither anything is said. */
function trackingModes({
  measured_fraction: measured,
  energy_kwh: energy,
}: EitReport['total']): Readonly<Record<string, string>> {
  if (measured === null || isMixed(measured)) return {};
  const mode = measured > 0.5 ? 'measured (counters)' : 'modelled';
  return {
    ...((energy.cpu ?? 0) > 0 ? { cpuTrackingMode: mode } : {}),
    ...((energy.gpu ?? 0) > 0 ? { gpuTrackingMode: mode } : {}),
  };
}

/** Sums of doubles, added up in another order, are not the same to the last digit. */
function isMixed(measured: number): boolean {
  return measured > 1e-9 && measured < 1 - 1e-9;
}

function measuredText(measured: number | null): string | undefined {
  return measured === null || !isMixed(measured)
    ? undefined
    : `${Math.min(99, Math.max(1, Math.floor(measured * 100)))} % of the energy measured (counters), the rest modelled`;
}

/** The model wants a country; what the user says is kept without one too. */
function environmentOf(
  said: NonNullable<BoampsTask['environment']>,
  country: string | null,
  gPerKwh: number,
): { readonly environment?: object } {
  if (country !== null) return { environment: { ...said, country, powerSourceCarbonIntensity: gPerKwh } };
  return Object.keys(said).length > 0 ? { environment: said } : {};
}

/** Means, at least one: of nodes over the runs, of GPUs over their time. How many sockets a node has no report tells, so its CPUs name it and are not counted. */
function componentsOf(total: EitReport['total']): Readonly<Record<string, unknown>>[] {
  const named = (models: readonly string[], before = ''): object =>
    models.length === 0 ? {} : { componentName: `${before}${models.join(', ')}` };
  const gpus = total.elapsed_seconds > 0 ? total.gpu_seconds / total.elapsed_seconds : 0;
  return [
    {
      componentType: 'node',
      nbComponent: Math.max(1, Math.round(total.nodes_reported / Math.max(1, total.runs))),
      ...named(total.cpu_models, 'node with '),
    },
    ...(gpus > 0
      ? [{ componentType: 'gpu', nbComponent: Math.max(1, Math.round(gpus)), ...named(total.gpu_models) }]
      : []),
  ];
}

/** As the model writes times; UTC. */
function dateTime(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 19).replace('T', ' ');
}

/** In the form of a UUID (version 8, RFC 9562), out of what the report is of. */
function idOf(report: EitReport, name: string, nowMs: number): string {
  const jobs = report.groups.map(({ cluster, job_id: id }) => [cluster, id]);
  const hex = createHash('sha256')
    .update(JSON.stringify([name, jobs, nowMs]))
    .digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
