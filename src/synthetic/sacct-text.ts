import type { TimeText } from './time-text';
import type { Job, Run } from './run';

/** Fields in the order of `sacct --format`; the name of the job comes last, since it may hold the separator. */
export const SACCT_FIELDS = [
  'JobIDRaw',
  'JobID',
  'Restarts',
  'Submit',
  'Start',
  'End',
  'State',
  'ExitCode',
  'QOS',
  'UID',
  'User',
  'Account',
  'Partition',
  'NNodes',
  'AllocCPUS',
  'ReqMem',
  'Timelimit',
  'ConsumedEnergyRaw',
  'JobName',
] as const;

/** What a run came to, as Slurm's accounting has it. */
export interface RunOutcome {
  /** null: it has not started, or not ended. */
  readonly startMs: number | null;
  readonly endMs: number | null;
  readonly state: string;
  readonly exitCode: string;
  readonly restart: number;
  /** Under the policy usage. */
  readonly energyUj: number;
}

export function sacctHeader(): string {
  return `${SACCT_FIELDS.join('|')}\n`;
}

/** A line as `sacct -P -X -D` prints it, with times in UTC (TZ=UTC). */
export function sacctLine(job: Job, outcome: RunOutcome, time: TimeText): string {
  const { shape, user } = job;
  const { startMs, endMs, state, exitCode, restart, energyUj } = outcome;
  const isPlaced = startMs !== null;
  const fields: readonly (string | number)[] = [
    job.id,
    shownId(job),
    restart,
    sacctTime(job.submitMs, time),
    startMs === null ? (state === 'PENDING' ? 'Unknown' : 'None') : sacctTime(startMs, time),
    endMs === null ? 'Unknown' : sacctTime(endMs, time),
    state,
    exitCode,
    'normal',
    user.uid,
    user.name,
    job.owner.account,
    shape.partition,
    shape.nodes,
    isPlaced ? shape.nodes * shape.cpus : 0,
    `${shape.memoryGib * shape.nodes}G`,
    limitText(shape.limitMs),
    Math.floor(energyUj / 1e6),
    job.name,
  ];
  return `${fields.join('|')}\n`;
}

/** A run that has ended, or still runs. */
export function runOutcome(run: Run, endMs: number | null, state: string, exitCode: string): RunOutcome {
  const { startMs, restart, energyUj } = run;
  return { startMs, endMs, state, exitCode, restart, energyUj };
}

/** `17`, `17_3` of an array, `17+1` of a het job. */
function shownId({ kind, firstId, place }: Job): string {
  if (kind === 'job') return String(firstId);
  return `${firstId}${kind === 'array' ? '_' : '+'}${place}`;
}

/** Whole seconds, as Slurm keeps them. */
function sacctTime(atMs: number, time: TimeText): string {
  return time.of(atMs).slice(0, 'YYYY-MM-DDTHH:MM:SS'.length);
}

function limitText(limitMs: number): string {
  const minutes = Math.round(limitMs / 60_000);
  const days = Math.floor(minutes / 1440);
  const clock = `${two(Math.floor((minutes % 1440) / 60))}:${two(minutes % 60)}:00`;
  return days > 0 ? `${days}-${clock}` : clock;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
