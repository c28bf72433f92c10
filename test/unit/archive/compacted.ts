import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compact, type Compacted, compactPlan, type CompactOptions } from '../../../src/archive/compact';
import { readAggregate, readFacts } from '../../../src/cli/ledger-aggregate';
import type { EitConfig } from '../../../src/generated/config';
import type { EitReport } from '../../../src/generated/report';
import { Skipped } from '../../../src/ledger/record-line';
import type { ReportQuery } from '../../../src/report/aggregate';
import { buildReport } from '../../../src/report/report';
import { factors, query } from '../report/asked';

/** Clusters of a ledger that a test may change. */
export class TestLedger {
  readonly dir: string;
  readonly warnings: string[] = [];

  /** @param fixture name of a folder in test/fixtures/ledger that it begins as */
  constructor(fixture?: string) {
    this.dir = mkdtempSync(join(tmpdir(), 'eit-archive-'));
    if (fixture !== undefined) {
      cpSync(join(__dirname, '../../fixtures/ledger', fixture), this.dir, { recursive: true });
    }
  }

  async compact(cluster: string, nowMs: number, given: Partial<CompactOptions> = {}): Promise<Compacted> {
    return compact({ ...this.asked(cluster, nowMs), ...given });
  }

  /** Commits a plan's tasks. */
  async compactPlan(cluster: string, nowMs: number, plan: string): Promise<Compacted> {
    return compactPlan(this.asked(cluster, nowMs), plan);
  }

  private asked(cluster: string, nowMs: number): CompactOptions {
    return {
      ledger: this.dir,
      cluster,
      nowMs,
      timeZone: 'UTC',
      inboxDays: 7,
      warn: (message) => this.warnings.push(message),
    };
  }

  /** What a report says of it. */
  async report(given: Partial<ReportQuery>): Promise<EitReport> {
    const asked = query(given);
    const skipped = new Skipped();
    const config = { ledger: this.dir } as EitConfig;
    const access = { config, skipped, output: null };
    const aggregate = await readAggregate(access, asked, await readFacts(access, asked));
    return buildReport(aggregate, {
      query: asked,
      factorsOf: () => factors,
      toolVersion: '0.1.0',
      generatedAtMs: 0,
      skippedRecords: skipped.total,
    });
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
