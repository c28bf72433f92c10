import type { EitRecord, Hardware, HostRecord, RunEnd, SeriesRecord } from '../generated/record';
import type { RunDataLine } from '../generated/run-data';
import { utcMs } from '../ledger/utc-time';
import type { HardwareTold } from '../runs/hardware-models';
import { midpointMs, rowOfLine, type SliceRow } from '../runs/slice-row';
import { largest, smallest } from '../science/sample';
import type { Pseudonyms } from './pseudonyms';
import { type PowerSeries, RunCurves } from './run-curves';
import {
  type CurvePlace,
  curveLine,
  frequencyLine,
  hardwareLine,
  hoursLine,
  publishedRun,
  publishedSeries,
} from './run-data';

/** A run on one node. */
export interface WantedFragment {
  readonly node: string;
  readonly host: string;
  readonly job: number;
  readonly restart: number;
  readonly startedMs: number;
  readonly toMs: number;
}

/** A job whose records are wanted. */
export interface WantedJob {
  readonly cluster: string;
  readonly fragments: readonly WantedFragment[];
  /** What its figures are of: records whose middle lies in it. */
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** What was found of a job, beside its figures. */
export class JobDetails {
  readonly wanted: WantedJob;
  readonly curves: RunCurves;
  /** By host; null: not told. */
  readonly hardware = new Map<string, Hardware | null>();
  /** CPU time by name of program, µs. */
  readonly programs = new Map<string, number>();
  /** How fragments ended, by what ended them. */
  readonly ends = new Map<RunEnd['by'], number>();
  readonly exitCodes = new Set<string>();
  /** Lines by where they are from. */
  readonly lines = { records: 0, hours: 0 };
  wraps = 0;
  resets = 0;
  agentRestarts = 0;

  constructor(wanted: WantedJob, policy: number) {
    this.wanted = wanted;
    const fromMs = smallest(wanted.fragments.map(({ startedMs }) => startedMs));
    const toMs = largest(wanted.fragments.map((fragment) => fragment.toMs));
    this.curves = new RunCurves(Math.max(fromMs, wanted.sinceMs), Math.min(toMs, wanted.untilMs), policy);
    for (const { host } of wanted.fragments) this.hardware.set(host, null);
  }
}

/** Takes a line of a job's raw data. */
export type DataSink = (job: JobDetails, line: RunDataLine) => void;

/** Sorts what the ledger holds to the jobs that it is of: it is read once for all of them, in any order. */
export class RunDetails {
  readonly jobs: readonly JobDetails[];
  readonly #byFragment = new Map<string, JobDetails[]>();
  readonly #byHost = new Map<string, { readonly job: JobDetails; readonly fragment: WantedFragment }[]>();
  readonly #told = new Map<string, { readonly atMs: number; readonly hardware: Hardware }[]>();
  readonly #names: Pseudonyms;
  readonly #write: DataSink;

  constructor(
    wanted: readonly WantedJob[],
    {
      policy,
      names,
      write,
    }: { readonly policy: number; readonly names: Pseudonyms; readonly write: DataSink },
  ) {
    this.#names = names;
    this.#write = write;
    this.jobs = wanted.map((job) => new JobDetails(job, policy));
    for (const job of this.jobs) {
      const { cluster } = job.wanted;
      for (const fragment of job.wanted.fragments) {
        push(this.#byFragment, fragmentKey(cluster, fragment), job);
        push(this.#byHost, `${cluster}\0${fragment.host}`, { job, fragment });
      }
    }
  }

  /** A record of the inbox. */
  addRecord(record: EitRecord): void {
    if (record.kind === 'host') return this.#addHost(record);
    const { cluster, node, job, restart = 0 } = record;
    const startedMs = utcMs(record.started);
    const jobs = this.#byFragment.get(fragmentKey(cluster, { node, job, restart, startedMs })) ?? [];
    if (record.kind === 'series') return this.#addSeries(record, jobs);
    const row = jobs.length === 0 ? null : rowOfLine(record);
    for (const found of jobs) {
      if (row === null || !isIn(found, midpointMs(record))) continue;
      found.curves.addRow(row);
      found.lines.records++;
      const { end } = record;
      if (end !== undefined) {
        found.ends.set(end.by, (found.ends.get(end.by) ?? 0) + 1);
        found.wraps += end.wraps ?? 0;
        found.resets += end.resets ?? 0;
        found.agentRestarts += end.agent_restarts ?? 0;
        if (end.exit_code !== undefined) found.exitCodes.add(end.exit_code);
        for (const { name, cpu_us: us } of end.top_processes ?? [])
          found.programs.set(name, (found.programs.get(name) ?? 0) + us);
      }
      this.#write(found, publishedRun(record, this.#names));
    }
  }

  /** A row of the archive. @param atMs a moment of it */
  addSlice(cluster: string, row: SliceRow, atMs: number): void {
    for (const found of this.#byFragment.get(fragmentKey(cluster, row)) ?? []) {
      if (!isIn(found, atMs)) continue;
      found.curves.addRow(row);
      found.lines.hours++;
      if (row.exitCode !== undefined) found.exitCodes.add(row.exitCode);
      if (row.endBy !== undefined)
        found.ends.set(row.endBy as RunEnd['by'], (found.ends.get(row.endBy as RunEnd['by']) ?? 0) + 1);
      this.#write(found, hoursLine(cluster, row, this.#names));
    }
  }

  /** A curve of the archive. */
  addCurve(cluster: string, place: CurvePlace, series: PowerSeries): void {
    for (const found of this.#byFragment.get(fragmentKey(cluster, place)) ?? []) {
      if (!isIn(found, (place.fromMs + place.toMs) / 2)) continue;
      found.curves.addSeries(place.fromMs, series);
      this.#write(found, curveLine(cluster, place, series, this.#names));
    }
  }

  addHardware({ cluster, host, from, hardware }: HardwareTold): void {
    const key = `${cluster}\0${host}`;
    if (hardware === undefined || !this.#byHost.has(key)) return;
    push(this.#told, key, { atMs: Date.parse(from), hardware });
  }

  /** All has been read. */
  finish(): void {
    for (const [key, uses] of this.#byHost) {
      const told = (this.#told.get(key) ?? []).sort((a, b) => a.atMs - b.atMs);
      for (const { job, fragment } of uses) {
        if (job.hardware.get(fragment.host) !== null) continue;
        // What was told only later has most likely been there.
        const hardware = (told.findLast(({ atMs }) => atMs <= fragment.toMs) ?? told[0])?.hardware;
        if (hardware === undefined) continue;
        job.hardware.set(fragment.host, hardware);
        this.#write(job, hardwareLine(job.wanted.cluster, fragment.host, hardware, this.#names));
      }
    }
  }

  #addSeries(record: SeriesRecord, jobs: readonly JobDetails[]): void {
    for (const found of jobs) {
      if (!isIn(found, midpointMs(record))) continue;
      found.curves.addSeries(utcMs(record.from), record);
      this.#write(found, publishedSeries(record, this.#names));
    }
  }

  #addHost(record: HostRecord): void {
    this.addHardware(record);
    const mhz = record.context?.cpu_mhz;
    const uses = mhz === undefined ? undefined : this.#byHost.get(`${record.cluster}\0${record.host}`);
    if (mhz === undefined || uses === undefined) return;
    const [fromMs, toMs] = [utcMs(record.from), utcMs(record.to)];
    const taken = new Set<JobDetails>();
    for (const { job, fragment } of uses) {
      if (
        taken.has(job) ||
        fragment.startedMs >= toMs ||
        fragment.toMs <= fromMs ||
        !isIn(job, (fromMs + toMs) / 2)
      )
        continue;
      taken.add(job);
      job.curves.addFrequency(fromMs, toMs, mhz);
      this.#write(job, frequencyLine(record.cluster, record, mhz, this.#names));
    }
  }
}

function isIn({ wanted: { sinceMs, untilMs } }: JobDetails, atMs: number): boolean {
  return atMs >= sinceMs && atMs < untilMs;
}

function fragmentKey(
  cluster: string,
  { node, job, restart, startedMs }: Pick<WantedFragment, 'node' | 'job' | 'restart' | 'startedMs'>,
): string {
  return `${cluster}\0${job}\0${restart}\0${startedMs}\0${node}`;
}

function push<T>(to: Map<string, T[]>, key: string, value: T): void {
  const list = to.get(key);
  if (list === undefined) to.set(key, [value]);
  else list.push(value);
}
