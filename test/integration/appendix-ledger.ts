import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { REPORT_LIMITS, withDuckDb } from '../../src/archive/duckdb';
import { jobsFolder } from '../../src/archive/job-files';
import { JobStore, makeJobsFolder } from '../../src/archive/job-store';
import type { EitRecord, HostRecord, RunRecord, SeriesRecord } from '../../src/generated/record';
import type { SacctJob } from '../../src/slurm/sacct';
import { hostRecord, later, runRecord } from '../unit/report/records';

const T = '2026-03-02T10:00:00.000Z';
const STEP_S = 60;

/** A job of the made ledger; ids are as given. */
export interface LedgerJob {
  readonly job: number;
  /** When it begins, seconds after all. */
  readonly atS: number;
  readonly seconds: number;
  readonly watts: number;
  readonly name?: string;
  readonly user?: string;
  readonly account?: string;
  readonly partition?: string;
  readonly state?: string;
  readonly nodes?: readonly string[];
  readonly hasGpu?: boolean;
  readonly restart?: number;
}

/** Two arrays of the like, a job with GPUs, one of two nodes, one that was requeued. */
export const JOBS: readonly LedgerJob[] = [
  ...[40, 41, 43, 42, 44].map((watts, i) => ({
    job: 1 + i,
    atS: i * 700,
    seconds: 600 + i,
    watts,
    name: 'small',
  })),
  ...[60, 66, 62, 61, 65].map((watts, i) => ({
    job: 11 + i,
    atS: 4000 + i * 1000,
    seconds: 900 + 7 * i,
    watts,
    name: 'large',
  })),
  { job: 21, atS: 10_000, seconds: 300, watts: 30, name: 'requeued', state: 'REQUEUED' },
  { job: 21, atS: 10_600, seconds: 400, watts: 30, name: 'requeued', restart: 1 },
  { job: 31, atS: 12_000, seconds: 1200, watts: 50, name: 'with GPUs', hasGpu: true, partition: 'gpuq' },
  {
    job: 41,
    atS: 14_000,
    seconds: 600,
    watts: 25,
    name: 'wide',
    nodes: ['merkur1', 'merkur2'],
    user: 'bob',
    account: 'bio',
  },
];

/** Writes a ledger of a cluster called venus, with what sacct tells of its jobs. */
export async function writeAppendixLedger(ledger: string, jobs: readonly LedgerJob[] = JOBS): Promise<void> {
  const lines = new Map<string, string[]>();
  let seq = 0;
  const put = (record: EitRecord): void => {
    const path = join(ledger, `venus/inbox/${record.to.slice(0, 10)}/${record.host}.ndjson`);
    lines.set(path, [...(lines.get(path) ?? []), JSON.stringify({ ...record, seq: seq++ })]);
  };
  for (const job of jobs)
    for (const node of job.nodes ?? ['merkur1']) for (const record of recordsOf(job, node)) put(record);
  for (const [path, text] of lines) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${text.join('\n')}\n`);
  }
  const folder = jobsFolder(ledger, 'venus');
  makeJobsFolder(folder);
  await withDuckDb(REPORT_LIMITS, async (connection) => {
    const store = await JobStore.open(connection);
    const rows = await store.appender();
    rows.add(jobs.map(factsOf));
    rows.close();
    await store.merge(folder, 0o600);
  });
}

function recordsOf(job: LedgerJob, node: string): EitRecord[] {
  const {
    atS,
    seconds,
    watts,
    user = 'adalove',
    account = 'astro',
    partition = 'cpuq',
    restart = 0,
    hasGpu = false,
  } = job;
  const started = later(T, atS);
  const ofRun = {
    cluster: 'venus',
    host: node,
    node,
    job: job.job,
    started,
    uid: user === 'adalove' ? 1001 : 1002,
  };
  const records: EitRecord[] = [];
  for (let from = 0; from < seconds; from += 300) {
    const length = Math.min(300, seconds - from);
    const uj = Math.round(length * watts * 1e6);
    const at = later(started, from);
    const run: RunRecord = runRecord({
      ...{
        ...ofRun,
        user,
        account,
        partition,
        restart,
        from: at,
        seconds: length,
        nodes: job.nodes?.length ?? 1,
        cpus: 4,
      },
      slurm_start: Math.floor(Date.parse(started) / 1000),
      cpu_us: Math.round(length * 3.5e6),
      memory_bytes: 2 ** 30 + from * 1e6,
      io: { rb: 1e6 * (from + 1), wb: 5e5 },
      measured_uj: {
        'package-0': [uj, uj, uj],
        'dram-0': [uj / 10, uj / 10, uj / 10].map(Math.round) as [number, number, number],
        ...(hasGpu ? { 'gpu-0000:3b:00.0': [uj * 4, uj * 4, uj * 4] as [number, number, number] } : {}),
      },
      ...(hasGpu ? { gpus: 1, gpu: gpuOf(length, from) } : {}),
      ...(from === 0
        ? { start: { by: 'prolog' as const, nodelist: (job.nodes ?? [node]).join(','), qos: 'normalqos' } }
        : {}),
      ...(from + length >= seconds ? { end: endOf() } : {}),
    });
    records.push(run, hostOf(node, at, length));
  }
  const ends = Array.from(
    { length: Math.ceil(seconds / STEP_S) },
    (_, i) => Math.min(seconds, (i + 1) * STEP_S) * 1000,
  );
  const level = (factor: number): number[] => ends.map((_, i) => factor * watts * (1 + 0.2 * Math.sin(i)));
  const series: SeriesRecord = {
    ...{
      schema: 1,
      kind: 'series',
      tool: '0.1.0',
      boot: '0123abcd',
      instance: '0123456789ab',
      seq: 0,
      ...ofRun,
      restart,
    },
    ...{
      from: started,
      to: later(started, seconds),
      end_ms: ends,
      cpus_busy: ends.map((_, i) => 3 + (i % 2)),
    },
    power_w: {
      'package-0': level(1),
      'dram-0': level(0.1),
      ...(hasGpu ? { 'gpu-0000:3b:00.0': level(4) } : {}),
    },
  };
  return [...records, series];
}

function gpuOf(length: number, from: number): NonNullable<RunRecord['gpu']> {
  const ms = length * 1000;
  return {
    ...{
      ms,
      by: 'uuid',
      conflict: 'GPU-5ec3e7',
      busy_ms: Math.round(ms * (from === 0 ? 0.4 : 0.9)),
      memory_bytes: 12e9,
    },
    p_state_ms: from === 0 ? { P0: ms / 2, P8: ms / 2 } : { P0: ms },
  };
}

function endOf(): NonNullable<RunRecord['end']> {
  return {
    by: 'epilog',
    exit_code: '0:0',
    coverage: { cpu: 1 },
    top_processes: [{ name: 'python3', cpu_us: 1e8 }],
  };
}

function hostOf(host: string, from: string, seconds: number): HostRecord {
  return hostRecord({
    ...{ cluster: 'venus', host, nodes: [host], from, to: later(from, seconds), ms: seconds * 1000 },
    hardware: {
      ...{
        cpu: 'A CPU of 32 cores',
        packages: 1,
        cores: 32,
        threads: 64,
        memory_bytes: 2 ** 37,
        kernel: '6.1.0',
      },
      gpus: { 'gpu-0000:3b:00.0': { model: 'A GPU', uuid: 'GPU-5ec3e7', driver: '550.1' } },
    },
    context: { looks: 10, cpu_mhz: { min: 2000, mean: 2600 + seconds, max: 3100 } },
  });
}

function factsOf({
  job,
  atS,
  seconds,
  name = 'train',
  user = 'adalove',
  state = 'COMPLETED',
  partition = 'cpuq',
}: LedgerJob): SacctJob {
  const startS = Date.parse(T) / 1000 + atS;
  return {
    ...{ jobId: job, arrayJobId: null, arrayTaskId: null, hetJobId: null, hetOffset: null, cluster: 'venus' },
    ...{ submitS: startS - 60, eligibleS: null, startS, endS: startS + seconds, state, cancelledByUid: null },
    ...{ exitCode: 0, exitSignal: 0, qos: 'normalqos', reservation: null, elapsedS: seconds, suspendedS: 0 },
    ...{ nodes: 1, allocCpus: 4, reqCpus: 4, reqMemoryBytes: 2 ** 32, timeLimitS: 3600 },
    ...{
      uid: user === 'adalove' ? 1001 : 1002,
      user,
      account: null,
      partition,
      slurmEnergyJ: null,
      restarts: null,
    },
    ...{ sluid: null, name },
  };
}
