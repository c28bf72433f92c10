import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { POLICIES } from '../../../src/attribution/policy';
import { auditArchive } from '../../../src/cli/archive-audit';
import { readAudit } from '../../../src/cli/report-audit';
import type { EitConfig } from '../../../src/generated/config';
import { Skipped } from '../../../src/ledger/record-line';
import type { Audit } from '../../../src/report/audit';
import { query } from '../report/asked';
import { SmallLedger } from '../synthetic/small-ledger';
import { TestLedger } from './compacted';

const SINCE_MS = Date.parse('2026-01-30T00:00:00Z');
const UNTIL_MS = Date.parse('2026-02-03T00:00:00Z');

const ledger = new TestLedger();
beforeAll(() => {
  const small = new SmallLedger({ jobsPerDay: 60 });
  renameSync(join(small.folder, 'small'), join(ledger.dir, 'small'));
  small.remove();
});
afterAll(() => ledger.remove());

async function audit(policy: (typeof POLICIES)[number]): Promise<Audit> {
  const access = {
    config: { ledger: ledger.dir } as EitConfig,
    skipped: new Skipped(),
    output: null,
    uid: 0,
    nowMs: Infinity,
  };
  const asked = query({ sinceMs: SINCE_MS, untilMs: UNTIL_MS, policy });
  const context = () => ({ toolVersion: '0', generatedAtMs: 0, skippedRecords: 0 });
  return readAudit(access, asked, await auditArchive(access, asked), context);
}

test('days whose lines are in the archive alone are audited by the hour: the same sums, and each adds up', async () => {
  const before = [];
  for (const policy of POLICIES) before.push(await audit(policy));
  expect(before[0]!.rows.length).toBeGreaterThan(20);

  // Of the four days, one has left the inbox, then all have.
  for (const days of [9, 60]) {
    await ledger.compact('small', SINCE_MS + days * 86_400_000);
    for (const [i, policy] of POLICIES.entries()) {
      const { rows, total } = await audit(policy);
      expect(total).toEqual(before[i]!.total);
      expect(rows.map(({ host, day, all, classes }) => ({ host, day, all, classes }))).toEqual(
        before[i]!.rows.map(({ host, day, all, classes }) => ({ host, day, all, classes })),
      );
      expect(
        rows.every(({ hostImbalanceUj, all }) => hostImbalanceUj === 0n && all.differenceUj === 0n),
      ).toBe(true);
    }
  }
  expect(ledger.warnings).toEqual([]);
}, 180_000);
