import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadedConfig } from '../config/config';
import { describeError } from '../errors';
import type { Skipped } from '../ledger/record-line';
import { composeMail } from '../mail/compose-mail';
import type { JobFound } from '../mail/composed-mail';
import type { JobQuestion, JobReader } from '../mail/job-reader';
import { endedNodes, runsOfNotice, userOf } from '../mail/job-runs';
import { withNotices } from '../mail/notice-facts';
import { type NoticeJob, parseNotice } from '../mail/notice-job';
import type { FactsLookup } from '../runs/job-facts';
import type { SacctParts } from '../slurm/sacct-run';
import type { Output } from './output';
import { MailSacct } from './mail-sacct';
import { JobMails } from './job-mails';
import { JobQuotas, type QuotasOf } from './job-quotas';
import { type JobRecords, readJobRecords } from './job-records';
import { noteNotRead } from './result-notes';
import { localTimeZone } from './time-zone';

const HOUR_MS = 3_600_000;
/** Mostly sacct has answered by then. */
const SACCT_PATIENCE_MS = 3000;
/** Of a job of which nothing tells when it began. */
const LONGEST_RUN_MS = 31 * 24 * HOUR_MS;
/** A requeued job's earlier runs. */
const REQUEUED_MS = 14 * 24 * HOUR_MS;

export interface MailReaderOptions {
  readonly loaded: LoadedConfig;
  /** Who reads: of a private ledger its owner, or an admin. */
  readonly uid: number;
  readonly now: () => number;
  /** For what cannot be read; null: nothing is told. */
  readonly output: Output | null;
  /** How sacct is asked for what the ledger does not know of a job yet; null: not at all. */
  readonly sacct: SacctParts | null;
}

/** Reads jobs from the ledger, the inbox's newest lines among them. */
export class LedgerJobReader implements JobReader {
  readonly #options: MailReaderOptions;
  readonly #sacct: MailSacct | null;
  #mostNotRead = 0;
  #asking: Promise<void> | null = null;
  readonly #mails: JobMails;
  readonly #quotas: JobQuotas;
  readonly #timeZone: string;

  constructor(options: MailReaderOptions) {
    this.#options = options;
    const { sacct, output, loaded } = options;
    this.#timeZone = loaded.config.time_zone ?? localTimeZone();
    this.#mails = new JobMails(loaded, this.#timeZone);
    this.#quotas = new JobQuotas(loaded, options.uid);
    this.#sacct =
      sacct === null
        ? null
        : new MailSacct(sacct, ({ message }) =>
            output?.note(`mails go without what sacct tells: ${message}`),
          );
  }

  async readAll(questions: readonly JobQuestion[]): Promise<(JobFound | null)[]> {
    const jobs = questions.map(({ notice }) => parseNotice(notice));
    const asked = jobs.filter((job) => job !== null);
    if (asked.length === 0) return questions.map(() => null);
    const { loaded, uid, now, output } = this.#options;
    const nowMs = now();
    const notices = questions.map(({ notice }) => notice);
    await this.#askSacct(asked, nowMs);
    const cluster = loaded.config.cluster ?? asked.find((job) => job.cluster !== null)?.cluster ?? '';
    const moreFacts = (known: FactsLookup | null): FactsLookup =>
      withNotices(this.#sacct?.factsWith(known, cluster) ?? known, notices);
    const records = await readJobRecords(
      { loaded, uid, output, nowMs, moreFacts },
      {
        sinceMs: Math.min(...asked.map(sinceMsOf)),
        untilMs: nowMs + HOUR_MS,
        filter: { jobs: new Set(asked.flatMap(idsOf)) },
        timeZone: this.#timeZone,
      },
    );
    this.#tellNotRead(records.skipped);
    const quotasOf = await this.#quotas.read(nowMs);
    return questions.map((question, i) => this.#found(records, question, jobs[i] ?? null, quotasOf));
  }

  /** Each look passes over much the same lines: the log has them where they become more. */
  #tellNotRead(skipped: Skipped): void {
    const { output } = this.#options;
    if (output === null || skipped.total <= this.#mostNotRead) return;
    this.#mostNotRead = skipped.total;
    noteNotRead(output, skipped, 'of the days of these jobs');
  }

  /** What sacct tells late is in the next look; where it hangs no look does. */
  async #askSacct(jobs: readonly NoticeJob[], nowMs: number): Promise<void> {
    if (this.#sacct === null) return;
    this.#asking ??= this.#sacct.ask(jobs, nowMs).finally(() => (this.#asking = null));
    const over = new AbortController();
    await Promise.race([
      this.#asking,
      sleep(SACCT_PATIENCE_MS, undefined, { signal: over.signal }).catch(() => undefined),
    ]);
    over.abort();
  }

  #found(
    records: JobRecords,
    { notice, nodes, isLast }: JobQuestion,
    job: NoticeJob | null,
    quotasOf: QuotasOf,
  ): JobFound | null {
    const runs = job === null ? null : runsOfNotice(records.added, job);
    if (job === null || runs === null) return null;
    const ofJob = runs.runs.filter(({ run }) => run.jobId === job.jobId);
    const ended = new Set(endedNodes(ofJob.length > 0 ? ofJob : runs.runs));
    const missingNodes = nodes.filter((node) => !ended.has(node));
    const found = { endedNodes: nodes.filter((node) => ended.has(node)), mail: null, problem: null };
    if (missingNodes.length > 0 && !isLast) return found;
    try {
      const context = { ...records.context, quotas: quotasOf(userOf(runs)), missingNodes };
      return {
        ...found,
        mail: composeMail(this.#mails.summary(runs, context), notice.subject, this.#timeZone),
      };
    } catch (error) {
      // What is wrong with one job's mail is no reason for the others to go without their energy.
      return { ...found, problem: describeError(error) };
    }
  }
}

function idsOf({ jobId, array, hetJobId }: NoticeJob): number[] {
  return [jobId, array?.jobId, hetJobId].filter((id) => typeof id === 'number');
}

/** From when on records of its runs can be: clocks of hosts need not be right. */
function sinceMsOf({ startS, restart, receivedMs, isArraySummary }: NoticeJob): number {
  const startMs = startS === null ? receivedMs - LONGEST_RUN_MS : startS * 1000;
  const earlierMs = (restart ?? 0) > 0 || isArraySummary ? receivedMs - REQUEUED_MS : startMs;
  return Math.min(startMs, earlierMs) - HOUR_MS;
}
