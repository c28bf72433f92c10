import type { Audit, AuditSums } from './audit';

/** The audit as schemas/report.schema.json describes it (definitions, audit). */
export function auditJson(audit: Audit): object {
  return {
    schema: 1,
    kind: 'audit',
    tool_version: audit.toolVersion,
    generated_at: utc(audit.generatedAtMs),
    data_until: audit.dataUntilMs === null ? null : utc(audit.dataUntilMs),
    since: utc(audit.sinceMs),
    until: utc(audit.untilMs),
    policy: audit.policy,
    hosts: audit.rows.map(
      ({ cluster, host, day, classes, all, linesMissing, hostGapMs, hostImbalanceUj }) => ({
        cluster,
        host,
        day,
        classes: Object.fromEntries([...classes].map(([name, sums]) => [name, sumsJson(sums)])),
        all: sumsJson(all),
        lines_missing: linesMissing,
        host_gap_seconds: hostGapMs / 1000,
        host_imbalance_uj: Number(hostImbalanceUj),
      }),
    ),
    total: sumsJson(audit.total),
    open: audit.open.map(({ cluster, host, sinceMs, lines, runsUj }) => ({
      cluster,
      host,
      since: utc(sinceMs),
      lines,
      runs_uj: Number(runsUj),
    })),
    notes: audit.notes.map(({ missingMs, ...note }) => ({ ...note, missing_seconds: missingMs / 1000 })),
    skipped_records: audit.skippedRecords,
  };
}

function sumsJson(sums: AuditSums): object {
  return {
    counter_uj: Number(sums.counterUj),
    runs_uj: Number(sums.runsUj),
    idle_uj: Number(sums.idleUj),
    system_uj: Number(sums.systemUj),
    difference_uj: Number(sums.differenceUj),
    missing_seconds: sums.missingMs / 1000,
  };
}

function utc(ms: number): string {
  return new Date(ms).toISOString();
}
