import { parseDuration } from '../../../src/cli/duration';
import type { LedgerHost } from '../../../src/cli/ledger-hosts';
import { ledgerStatus, ledgerStatusJson, ledgerStatusText } from '../../../src/cli/status-ledger';
import { displayWidth } from '../../../src/report/printable';

const NOW_MS = Date.UTC(2026, 2, 2, 12);
const host = (name: string, minutesAgo: number, more: Partial<LedgerHost> = {}): LedgerHost => ({
  cluster: 'alpha',
  host: name,
  nodes: [],
  lastMs: NOW_MS - minutesAgo * 60_000,
  lagS: 40,
  version: '1.2.0',
  quality: 'measured',
  coverage: 0.995,
  ...more,
});
const status = (
  hosts: readonly LedgerHost[],
  nodes: Parameters<typeof ledgerStatus>[0]['nodes'] = 'no sinfo',
) =>
  ledgerStatus({
    ledger: '/l',
    nowMs: NOW_MS,
    silentForS: 900,
    hosts,
    archives: new Map([['alpha', NOW_MS - 600_000]]),
    nodes,
    cluster: 'alpha',
  });
const text = (...given: Parameters<typeof status>) => [...ledgerStatusText(status(...given), false)].join('');
const ok = (...given: Parameters<typeof status>) =>
  (ledgerStatusJson(status(...given)) as { ok: boolean }).ok;

test('a host that sent nothing for too long is shown, and no other', () => {
  const hosts = [host('n1', 14), host('n2', 16), host('n3', 300)];
  expect(text(hosts)).toMatch(/^Host .*\nn3 .*\nn2 .*\n\n3 hosts, 2 silent for more than 00:15:00\.\n/);
  expect(ok(hosts)).toBe(false);
  expect(ok([host('n1', 14)])).toBe(true);
});

test('a ledger without hosts is not well', () => {
  expect(ok([])).toBe(false);
});

test('a node that Slurm says is away may be silent; one that is up may not, whatever its host is called', () => {
  const nodes = [
    { node: 'n1', state: 'idle~' },
    { node: 'n2', state: 'mixed' },
  ];
  expect(ok([host('n1.example.org', 99), host('n2', 1)], nodes)).toBe(true);
  expect(ok([host('n1', 1), host('blade7', 99, { nodes: ['n2'] })], nodes)).toBe(false);
  expect(text([host('n1', 99), host('n2', 1)], nodes)).toContain(
    '1 silent for more than 00:15:00 (1 of them away',
  );
});

test("nodes of Slurm's that never sent anything are named, but for those that are away", () => {
  const nodes = ['n1', 'n2', 'n3'].map((node) => ({ node, state: node === 'n3' ? 'down*' : 'idle' }));
  expect(text([host('n1', 1)], nodes)).toContain("1 node of Slurm's never sent anything: n2 (idle)\n");
  expect(ok([host('n1', 1)], nodes)).toBe(false);
});

test("a host of another cluster is none of this Slurm's", () => {
  const nodes = [{ node: 'n1', state: 'idle' }];
  expect(ok([host('n1', 1, { cluster: 'beta' })], nodes)).toBe(false);
});

test('clocks ahead, several versions and a late archive are told', () => {
  const shown = [
    ...ledgerStatusText(
      {
        ...status([host('n1', 1, { lagS: -61 }), host('n2', 1, { version: '1.1.0' }), host('n3', 1)]),
        archives: new Map([['alpha', NOW_MS - 7_200_000]]),
      },
      true,
    ),
  ].join('');
  expect(shown).toContain("Clocks ahead of the file server's: n1 (61 s)\n");
  expect(shown).toContain('Versions: 1.2.0 on 2 hosts, 1.1.0 on 1 host\n');
  expect(shown).toContain('alpha: compacted until 02:00:00 ago\n');
});

test('eighty columns are enough, and a name is no terminal code', () => {
  const shown = [
    ...ledgerStatusText(status([host('gpu-node-1234', 99999, { nodes: [] }), host('a\u001b[2J', 99)]), true),
  ];
  for (const line of shown.join('').split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(80);
  expect(shown.join('')).not.toContain('\u001b');
});

test.each([
  ['90s', 90],
  ['15m', 900],
  ['1.5h', 5400],
  ['2d', 172_800],
])('%s is %d s', (given, seconds) => {
  expect(parseDuration(given, '--x')).toBe(seconds);
});

test.each(['', '15', 'm', '0m', '-1h', '1w', '15 m x'])('%j is no length of time', (given) => {
  expect(() => parseDuration(given, '--silent-for')).toThrow(/^--silent-for .*expected a length of time/);
});
