import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compact, type Compacted } from '../../../src/archive/compact';
import type { Privacy } from '../../../src/archive/privacy';
import { readAggregate } from '../../../src/cli/ledger-aggregate';
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

  async compact(
    cluster: string,
    nowMs: number,
    given: { inboxDays?: number; privacy?: Privacy } = {},
  ): Promise<Compacted> {
    return compact({
      ledger: this.dir,
      cluster,
      nowMs,
      timeZone: 'UTC',
      inboxDays: 7,
      privacy: { mode: 'open' },
      warn: (message) => this.warnings.push(message),
      ...given,
    });
  }

  /** What a report says of it. */
  async report(given: Partial<ReportQuery>, uid = process.getuid?.() ?? 0): Promise<EitReport> {
    const asked = query(given);
    const skipped = new Skipped();
    const config = { ledger: this.dir } as EitConfig;
    const access = { config, skipped, output: null, uid };
    const aggregate = await readAggregate(access, asked);
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
