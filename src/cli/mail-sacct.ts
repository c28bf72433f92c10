import { EitError } from '../errors';
import type { NoticeJob } from '../mail/notice-job';
import { FactsTable } from '../runs/facts-table';
import type { FactsLookup } from '../runs/job-facts';
import type { SacctJob } from '../slurm/sacct';
import type { SacctField } from '../slurm/sacct-fields';
import { readSacctFields, readSacctJobs, type SacctParts } from '../slurm/sacct-run';

/** slurmdbd learns of an end some moments late; it is not asked more often. */
const PAUSE_MS = 5000;
/** Where sacct fails: no mail waits for it. */
const PAUSE_AFTER_FAILURE_MS = 300_000;
/** Ids of one call. */
const MOST_JOBS = 500;
/** What is told of jobs whose mails have gone. */
const KEPT_MS = 3_600_000;
const LOOK_BACK_S = 31 * 86_400;

/**
 * What sacct tells of the jobs whose mails wait: what was asked for, and which jobs are tasks of an array. eit sacct-sync brings it into
 * the ledger too, but up to an hour later. One call for all that wait, and none where they are all told.
 */
export class MailSacct {
  readonly #parts: SacctParts;
  readonly #onFailure: (error: EitError) => void;
  #fields: SacctField[] | null = null;
  #nextMs = 0;
  /** By job id as it is asked for. */
  readonly #told = new Map<number, { readonly atMs: number; rows: SacctJob[]; isOver: boolean }>();

  /** @param onFailure is told why nothing comes */
  constructor(parts: SacctParts, onFailure: (error: EitError) => void) {
    this.#parts = parts;
    this.#onFailure = onFailure;
  }

  /** Asks for those of which the end is not told yet, if the last time was long enough ago. Never throws what sacct fails with. */
  async ask(jobs: readonly NoticeJob[], nowMs: number): Promise<void> {
    for (const [id, { atMs }] of this.#told) if (atMs < nowMs - KEPT_MS) this.#told.delete(id);
    const ids = [...new Set(jobs.map(idOf))]
      .filter((id) => this.#told.get(id)?.isOver !== true)
      .slice(0, MOST_JOBS);
    if (ids.length === 0 || nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + PAUSE_MS;
    const rows: SacctJob[] = [];
    try {
      this.#fields ??= await readSacctFields(this.#parts);
      const nowS = Math.floor(nowMs / 1000);
      const window = { sinceS: nowS - LOOK_BACK_S, untilS: nowS + 60, cluster: null };
      await readSacctJobs(this.#parts, this.#fields, { ...window, jobs: ids }, (found) => {
        for (const row of found) rows.push(row);
      });
    } catch (error) {
      if (!(error instanceof EitError)) throw error;
      this.#nextMs = nowMs + PAUSE_AFTER_FAILURE_MS;
      this.#onFailure(error);
      return;
    }
    for (const id of ids) {
      const its = rows.filter((row) => row.jobId === id || row.arrayJobId === id || row.hetJobId === id);
      this.#told.set(id, {
        atMs: nowMs,
        rows: its,
        isOver: its.length > 0 && its.every(({ endS }) => endS !== null),
      });
    }
  }

  /** What was told, and of other runs what the ledger knows. */
  factsWith(known: FactsLookup | null, cluster: string): FactsLookup {
    const table = new FactsTable(known?.untilMs ?? null);
    for (const { rows } of this.#told.values()) {
      for (const row of rows) {
        if (row.startS !== null) table.add(row.cluster ?? cluster, row.jobId, { ...row, startS: row.startS });
      }
    }
    return {
      untilMs: known?.untilMs ?? null,
      jobIds: new Set([...(known?.jobIds ?? []), ...table.jobIds]),
      of: (run) => table.of(run) ?? known?.of(run) ?? null,
    };
  }
}

/** One that is asked for with all its tasks or parts. */
function idOf({ jobId, array, hetJobId, isArraySummary }: NoticeJob): number {
  return isArraySummary ? (array?.jobId ?? jobId) : (hetJobId ?? jobId);
}
