import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { slotMsOf } from '../../../src/archive/slot';
import { compact, type Compacted, compactPlan, type CompactOptions } from '../../../src/archive/compact';
import { readAggregate } from '../../../src/cli/ledger-aggregate';
import type { EitConfig } from '../../../src/generated/config';
import type { EitRecord } from '../../../src/generated/record';
import type { EitReport } from '../../../src/generated/report';
import { appendLines } from '../../../src/ledger/append';
import { finishNow } from '../../../src/ledger/durable';
import { Skipped } from '../../../src/ledger/record-line';
import type { ReportQuery } from '../../../src/report/aggregate';
import { buildReport } from '../../../src/report/report';
import type { WeightCurve } from '../../../src/runs/slot-weights';
import { factors, query } from '../report/asked';

/** What energies are weighed by, and the zone whose slots an archive has, or would have. */
export interface Weighed {
  readonly curve: WeightCurve;
  readonly zone: string;
}

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

  /** Where a record's line belongs. */
  inboxFile({ cluster, host, to }: Pick<EitRecord, 'cluster' | 'host' | 'to'>): string {
    return join(this.dir, cluster, 'inbox', to.slice(0, 10), `${host}.ndjson`);
  }

  /** Appends the records' lines as a shipper does. */
  ship(records: readonly EitRecord[]): void {
    const files = new Map<string, string[]>();
    for (const record of records) {
      const path = this.inboxFile(record);
      const lines = files.get(path) ?? [];
      lines.push(`${JSON.stringify(record)}\n`);
      files.set(path, lines);
    }
    for (const [path, lines] of files) {
      mkdirSync(dirname(path), { recursive: true });
      finishNow(appendLines(path, Buffer.from(lines.join('')), 0o600));
    }
  }

  /** Leaves some text at the end of a record's file, as a crash does. */
  damage(record: EitRecord, text: string): void {
    const path = this.inboxFile(record);
    mkdirSync(dirname(path), { recursive: true });
    appendFileSync(path, text);
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
      privacy: { mode: 'open' },
      warn: (message) => this.warnings.push(message),
    };
  }

  /** What a report says of it. */
  async report(
    given: Partial<ReportQuery>,
    uid = process.getuid?.() ?? 0,
    weighed?: Weighed,
    nowMs = Infinity,
  ): Promise<EitReport> {
    const asked = query(given);
    const skipped = new Skipped();
    const slotMinutes = slotMsOf(weighed?.zone ?? 'UTC', Date.now()) / 60_000;
    const config = { ledger: this.dir, slot_minutes: slotMinutes } as EitConfig;
    const access = {
      config,
      skipped,
      output: null,
      uid,
      nowMs,
      ...(weighed === undefined ? {} : { curvesOf: () => () => weighed.curve }),
    };
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
