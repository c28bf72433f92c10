import { readDataFile } from '../carbon/data-table';
import type { AdviceRule } from '../config/advice-rule';
import type { LoadedConfig } from '../config/config';
import { dataPath } from '../data-path';
import { EitError } from '../errors';
import type { JobSummary } from '../generated/report';
import { adviceFor, parseShippedRules, rulesInForce } from '../mail/advice';
import { type CleanerPlaces, NOWHERE } from '../mail/cleaner';
import type { JobRuns } from '../mail/job-runs';
import { jobSummary, type SummaryContext } from '../mail/job-summary';
import { CleanerFinder } from './cleaner-places';
import { siteFactors } from './site-factors';

const RULES = 'advice/advice.yaml';

/** Sums a job up and advises: what is the same for all mails is read once. */
export class JobMails {
  readonly #rules: readonly AdviceRule[];
  readonly #finder: CleanerFinder;

  /** @throws EitError EIT_DATA_FILE */
  constructor(loaded: LoadedConfig, timeZone: string) {
    const shipped = parseShippedRules(readDataFile(dataPath(), RULES), `data/${RULES}`);
    this.#rules = rulesInForce(shipped, loaded.config.mail.advice);
    this.#finder = new CleanerFinder(loaded, siteFactors(loaded), timeZone);
  }

  summary(runs: JobRuns, context: SummaryContext): JobSummary {
    const summary = jobSummary(runs, context);
    return { ...summary, advice: adviceFor(summary, this.#rules, this.#cleaner(summary, context.nowMs)) };
  }

  /** Without the series a mail says less; it does not stay away. */
  #cleaner(summary: JobSummary, nowMs: number): CleanerPlaces {
    try {
      return this.#finder.find(summary, nowMs);
    } catch (error) {
      if (error instanceof EitError && error.code === 'EIT_INTENSITY') return NOWHERE;
      throw error;
    }
  }
}
