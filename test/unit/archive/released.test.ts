import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { POLICIES } from '../../../src/attribution/policy';
import type { GroupKey } from '../../../src/generated/report';
import { version } from '../../../src/version';
import { TestLedger } from './compacted';

/** Ledgers as released versions wrote them, `VERSION/ledger`, with what reports said of them then. */
const RELEASED = join(__dirname, '../../fixtures/ledger/released');
const WINDOW = { sinceMs: Date.parse('2026-01-01T00:00:00Z'), untilMs: Date.parse('2026-04-01T00:00:00Z') };
const GROUPS: GroupKey[][] = [['job'], ['user', 'month'], ['node', 'day']];
jest.setTimeout(180_000);

/** All that reports say of a ledger but what changes with the program. */
async function golden(ledger: TestLedger): Promise<string> {
  const found = [];
  for (const [i, groupBy] of GROUPS.entries()) {
    found.push(await ledger.report({ ...WINDOW, groupBy, policy: POLICIES[i]! }));
  }
  return `${JSON.stringify(found, null, 1)}\n`;
}

function copied(released: string): TestLedger {
  const ledger = new TestLedger();
  cpSync(join(RELEASED, released, 'ledger'), ledger.dir, { recursive: true });
  return ledger;
}

// Before a release: EIT_WRITE_RELEASED=1 npx jest test/unit/archive/released.test.ts
if (process.env['EIT_WRITE_RELEASED'] === '1' && !existsSync(join(RELEASED, version))) {
  test('writes the ledger of this version', async () => {
    const ledger = new TestLedger('two-clusters');
    // Alpha's older inbox is gone, its newer is there beside the archive; beta has none yet.
    await ledger.compact('alpha', Date.parse('2026-01-20T12:00:00Z'));
    cpSync(ledger.dir, join(RELEASED, version, 'ledger'), { recursive: true });
    writeFileSync(join(RELEASED, version, 'reports.json'), await golden(ledger));
    ledger.remove();
  });
}

test('there is a ledger of this version', () => {
  expect(readdirSync(RELEASED)).toContain(version);
});

test.each(readdirSync(RELEASED))(
  'the ledger that %s wrote gives the reports that it gave',
  async (released) => {
    const ledger = copied(released);
    const expected = readFileSync(join(RELEASED, released, 'reports.json'), 'utf8');
    const before = await golden(ledger);
    // A later version may tell more, but nothing else.
    expect(JSON.parse(before)).toMatchObject(JSON.parse(expected) as object[]);
    for (const cluster of ['alpha', 'beta'])
      await ledger.compact(cluster, Date.parse('2026-06-01T12:00:00Z'));
    expect(await golden(ledger)).toBe(before);
    ledger.remove();
  },
);
