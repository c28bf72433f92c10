import type { Policy } from '../attribution/policy';
import type { DomainClass } from '../generated/record';

/** µJ of one class of domains, or of all. */
export interface AuditSums {
  /** What the counters grew by, what was idle and what the system's: from the host's lines. */
  readonly counterUj: bigint;
  readonly idleUj: bigint;
  readonly systemUj: bigint;
  /** From the lines of the runs. */
  readonly runsUj: bigint;
  /** counter − runs − idle − system. */
  readonly differenceUj: bigint;
  /** Time in which a counter could not be read. */
  readonly missingMs: number;
}

/** A host on one day. */
export interface AuditRow {
  readonly cluster: string;
  readonly host: string;
  /** Of the middle of the host's lines; the lines of their runs go with them. */
  readonly day: string;
  readonly classes: ReadonlyMap<DomainClass, AuditSums>;
  readonly all: AuditSums;
  /** Sequence numbers of which no line was read. */
  readonly linesMissing: number;
  /** Where lines are missing: time for which no host line was read, between two by one instance. */
  readonly hostGapMs: number;
  /** counter − runs − idle − system of the host's own lines. */
  readonly hostImbalanceUj: bigint;
}

/** Lines of runs whose host line is not written yet. */
export interface AuditOpen {
  readonly cluster: string;
  readonly host: string;
  readonly sinceMs: number;
  readonly lines: number;
  readonly runsUj: bigint;
}

/** What to know of a host's domain. */
export interface AuditNote {
  readonly cluster: string;
  readonly host: string;
  readonly domain: string;
  readonly note: string;
  /** Time not read for this reason; 0: a remark. */
  readonly missingMs: number;
}

export interface Audit {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly policy: Policy;
  readonly toolVersion: string;
  readonly generatedAtMs: number;
  /** End of the newest record read. */
  readonly dataUntilMs: number | null;
  /** By cluster, host and day. */
  readonly rows: readonly AuditRow[];
  readonly total: AuditSums;
  readonly open: readonly AuditOpen[];
  readonly notes: readonly AuditNote[];
  readonly skippedRecords: number;
}

/** Half a millijoule: less is 0 to the millijoule. */
const HALF_MJ_UJ = 500n;

/** Whether a difference is 0 to the millijoule. */
export function isZero(differenceUj: bigint): boolean {
  return differenceUj < HALF_MJ_UJ && differenceUj > -HALF_MJ_UJ;
}

/** Whether a host's energy adds up on its day, in each class. */
export function isBalanced({ all, classes }: AuditRow): boolean {
  return [all, ...classes.values()].every(({ differenceUj }) => isZero(differenceUj));
}

export function addUp(all: readonly AuditSums[]): AuditSums {
  const sum = (pick: (sums: AuditSums) => bigint): bigint => all.reduce((total, s) => total + pick(s), 0n);
  return {
    counterUj: sum(({ counterUj }) => counterUj),
    runsUj: sum(({ runsUj }) => runsUj),
    idleUj: sum(({ idleUj }) => idleUj),
    systemUj: sum(({ systemUj }) => systemUj),
    differenceUj: sum(({ differenceUj }) => differenceUj),
    missingMs: all.reduce((total, { missingMs }) => total + missingMs, 0),
  };
}
