import { SkippedLines } from '../carbon/intensity-line';
import { type LoadedConfig, loadQuotas } from '../config/config';
import { EitError } from '../errors';
import type { QuotaState } from '../generated/report';
import { concerning, quotaStates } from '../quota/evaluate';
import type { UserMatch } from '../runs/run-filter';
import { energyCurves } from './energy-curves';
import { readQuotaData } from './quota-data';
import { siteFactors } from './site-factors';
import { findUids } from './user-ids';

/** Reading for quotas adds up a month or more: mails of one time have the same state. */
const KEPT_MS = 300_000;

/** The quotas that concern the users of jobs. */
export class JobQuotas {
  readonly #loaded: LoadedConfig;
  readonly #uid: number;
  #readMs = -Infinity;
  #of: QuotasOf = () => null;

  /** @param uid who reads: one who may read all of the ledger */
  constructor(loaded: LoadedConfig, uid: number) {
    this.#loaded = loaded;
    this.#uid = uid;
  }

  /** A mail says less where they cannot be read; it does not stay away. */
  async read(nowMs: number): Promise<QuotasOf> {
    if (nowMs < this.#readMs + KEPT_MS) return this.#of;
    this.#readMs = nowMs;
    try {
      this.#of = await this.#readAll(nowMs);
    } catch (error) {
      if (!(error instanceof EitError)) throw error;
      this.#of = () => null;
    }
    return this.#of;
  }

  async #readAll(nowMs: number): Promise<QuotasOf> {
    const loaded = this.#loaded;
    if (loadQuotas(loaded).length === 0) return () => [];
    const factorsIn = siteFactors(loaded);
    const { curvesOf } = energyCurves({ loaded, factorsIn, nowMs, skipped: new SkippedLines() });
    const data = await readQuotaData(
      { loaded, output: null, factorsIn, curvesOf, nowMs, uid: this.#uid },
      findUids,
    );
    const states = quotaStates(data, null);
    return (user) => concerning(states, user, data);
  }
}

/** null: they cannot be read. */
export type QuotasOf = (user: UserMatch) => QuotaState[] | null;
