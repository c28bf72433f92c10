import type { DateTime } from 'luxon';
import { SkippedLines } from '../carbon/intensity-line';
import type { LoadedConfig } from '../config/config';
import type { EitReport } from '../generated/report';
import { Skipped } from '../ledger/record-line';
import type { Digest } from '../mail/digest-body';
import type { ReportQuery } from '../report/aggregate';
import { buildReport } from '../report/report';
import type { RunFilter } from '../runs/run-filter';
import { version } from '../version';
import type { Surroundings } from './command';
import { energyCurves } from './energy-curves';
import { JobQuotas } from './job-quotas';
import { readAggregate } from './ledger-aggregate';
import type { Reader } from './report-query';
import { siteFactors } from './site-factors';

const MOST_SHOWN = 10;

/** Whose month: of a user, or of an account. */
export interface MonthOf {
  readonly user: string | undefined;
  readonly account: string | undefined;
}

/** Reads a month and the one before. */
export class MonthReports {
  readonly #loaded: LoadedConfig;
  readonly #reader: Reader;
  readonly #timeZone: string;
  #mostSkipped = new Skipped();

  constructor(loaded: LoadedConfig, reader: Reader, timeZone: string) {
    this.#loaded = loaded;
    this.#reader = reader;
    this.#timeZone = timeZone;
  }

  /** What of the ledger was not read for the month of which most was not: the same lines are passed over again and again. */
  get skipped(): Skipped {
    return this.#mostSkipped;
  }

  async read(
    month: DateTime,
    { user, account }: MonthOf,
    output: Surroundings['output'],
  ): Promise<Omit<Digest, 'whose'>> {
    const own = { uid: this.#reader.uid, name: this.#reader.name ?? undefined };
    const asked =
      user === undefined || user === this.#reader.name
        ? own
        : /^\d+$/.test(user)
          ? { uid: Number(user), name: user }
          : { name: user };
    const filter: RunFilter = account === undefined ? { users: [asked] } : { accounts: new Set([account]) };
    const groupBy = account === undefined ? (['job'] as const) : (['user'] as const);
    const report = await this.#report(month, filter, groupBy, output);
    // Of that one the sums alone are told.
    const before = await this.#report(month.minus({ months: 1 }), filter, ['user'], output);
    const isNow = month.plus({ months: 1 }).toMillis() > Date.now();
    const quotas =
      isNow && account === undefined && this.#reader.isAdmin
        ? (await new JobQuotas(this.#loaded, this.#reader.uid).read(Date.now()))(asked)
        : null;
    const top = [...report.groups]
      .sort((a, b) => b.energy_kwh.total - a.energy_kwh.total)
      .slice(0, MOST_SHOWN);
    return { month: month.toFormat('yyyy-MM'), report, before, top, quotas };
  }

  /**
   * Whose runs a month has.
   * @returns names as the ledger has them
   */
  async names(
    month: DateTime,
    by: 'user' | 'account',
    output: Surroundings['output'],
  ): Promise<readonly string[]> {
    const { groups } = await this.#report(month, {}, [by], output);
    return groups.flatMap((group) => (group.jobs === 0 ? [] : (group[by] ?? [])));
  }

  async #report(
    month: DateTime,
    filter: RunFilter,
    groupBy: ReportQuery['groupBy'],
    output: Surroundings['output'],
  ): Promise<EitReport> {
    const { config } = this.#loaded;
    const query: ReportQuery = {
      sinceMs: month.toMillis(),
      untilMs: month.plus({ months: 1 }).toMillis(),
      ...{ filter, groupBy, policy: config.policy, timeZone: this.#timeZone },
      withUnattributed: false,
      extrapolate: false,
    };
    const factorsIn = siteFactors(this.#loaded);
    const nowMs = Date.now();
    const curves = energyCurves({ loaded: this.#loaded, factorsIn, nowMs, skipped: new SkippedLines() });
    const skipped = new Skipped();
    const aggregate = await readAggregate(
      { config, skipped, output, uid: this.#reader.uid, nowMs, curvesOf: curves.curvesOf },
      query,
    );
    if (skipped.total > this.#mostSkipped.total) this.#mostSkipped = skipped;
    return buildReport(aggregate, {
      query,
      factorsOf: factorsIn(query),
      intensitySourcesOf: curves.sourcesOf(query),
      toolVersion: version,
      generatedAtMs: nowMs,
      skippedRecords: skipped.total,
    });
  }
}
