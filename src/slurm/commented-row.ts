import { sacctCount, sacctState, sacctText, sacctTimeS } from './sacct-values';

/** What is asked of sacct to write comments; every version knows these. */
export const COMMENTED_FIELDS = [
  'JobIDRaw',
  'JobID',
  'Cluster',
  'Submit',
  'Start',
  'End',
  'State',
  'NNodes',
  'AdminComment',
] as const;
export type CommentedField = (typeof COMMENTED_FIELDS)[number];

/** A run of a job as a row of slurmdbd, with what others wrote at it. */
export interface CommentedRow {
  readonly rawId: number;
  /** `12`, `12_3` or `12+1`. */
  readonly id: string;
  readonly cluster: string;
  /** Unix seconds, as all times here; null: not told. */
  readonly submitS: number | null;
  readonly startS: number | null;
  readonly endS: number | null;
  readonly state: string;
  readonly nodes: number | null;
  /** Empty: none. */
  readonly comment: string;
}

/** Of one job: waiting tasks of an array (`12_[3-9]`) are several. */
const ONE_JOB = /^\d{1,16}([_+]\d{1,16})?$/;

/** @returns null where it is no row of one job */
export function parseCommentedRow(value: (field: CommentedField) => string): CommentedRow | null {
  const rawId = sacctCount(value('JobIDRaw'));
  const cluster = sacctText(value('Cluster'));
  if (rawId === null || rawId === 0 || cluster === null) return null;
  return {
    rawId,
    id: value('JobID'),
    cluster,
    submitS: sacctTimeS(value('Submit')),
    startS: sacctTimeS(value('Start')),
    endS: sacctTimeS(value('End')),
    state: sacctState(value('State')).state,
    nodes: sacctCount(value('NNodes')),
    comment: value('AdminComment'),
  };
}

/** Of each job the row that was submitted last, which is the one that sacctmgr changes: the runs before it keep what they have. */
export function newestRows(rows: readonly CommentedRow[]): CommentedRow[] {
  const newest = new Map<string, CommentedRow>();
  for (const row of rows) {
    if (!ONE_JOB.test(row.id)) continue;
    const key = `${row.cluster}\0${row.rawId}`;
    const known = newest.get(key);
    if (known === undefined || (row.submitS ?? 0) >= (known.submitS ?? 0)) newest.set(key, row);
  }
  return [...newest.values()];
}

/** Whether it ran, and ended at this time or later. */
export function hasEndedSince({ startS, endS }: CommentedRow, sinceS: number): boolean {
  return startS !== null && endS !== null && endS >= sinceS;
}
