import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AgentFacts, hostMetrics } from '../../../src/agent/host-metrics';
import { emptyHostLine, emptyHostState, type HostState } from '../../../src/agent/host-state';
import { addHostLine } from '../../../src/agent/host-totals';
import { takeHostLine } from '../../../src/agent/lines';
import { recover } from '../../../src/agent/recovery';
import { unreadableReason } from '../../../src/agent/unreadable-reason';
import { exposition } from '../../../src/metrics/exposition';
import type { EnergyDomain, Instant } from '../../../src/sources/source';

const AT: Instant = { wallMs: 1_800_000_000_000, monoNs: 5_000_000_000n };
const FACTS = { cluster: 'lab', cpus: 2, absentSources: {}, agent: { cpu_us: 1, rss_bytes: 1 } };
let seq = 0;
const writer = { tool: '1', host: 'h', boot: 'b1', instance: 'i', nextSeq: () => seq++ };

const domain: EnergyDomain = {
  name: 'package-0',
  class: 'cpu',
  quality: 'measured',
  source: 'powercap',
  maxPowerW: 1000,
};

function facts(more: Partial<AgentFacts> = {}): AgentFacts {
  return {
    version: '1.2.3',
    cluster: 'lab',
    policy: 'usage',
    startedMs: 0,
    cpuS: 1,
    rssBytes: 2,
    ticks: { sumS: 1, count: 10, longestS: 0.5 },
    failing: 0,
    unwritten: 0,
    energy: [{ domain, value: 1n }],
    absentSources: ['nvidia'],
    spool: {
      lag: { totalBytes: 9, waitingBytes: 4, oldestWaitingMs: 1000, lastShippedMs: 2000 },
      pruned: null,
    },
    ...more,
  };
}

function state(uj: number, source = 'powercap'): HostState {
  const host = emptyHostLine({ wallMs: AT.wallMs - 1000, monoNs: AT.monoNs - 1_000_000_000n });
  host.domains['package-0'] = {
    class: 'cpu',
    source,
    quality: 'measured',
    counterUj: 3 * uj,
    runsUj: [uj, 2 * uj, 3 * uj],
    idleUj: [2 * uj, uj, 0],
    systemUj: [0, 0, 0],
    missingMs: 500,
    wraps: 1,
    resets: 0,
  };
  host.whole['psys'] = { source: 'powercap: psys', counterUj: 7 * uj, missingMs: 0 };
  host.readings = 3;
  return { ...emptyHostState(), at: AT, host };
}

function valueOf(of: HostState, series: string, more: Partial<AgentFacts> = {}): string | undefined {
  const line = exposition(hostMetrics(of, facts(more)))
    .split('\n')
    .find((one) => one.startsWith(`${series} `));
  return line?.slice(series.length + 1);
}

const RUNS =
  'eit_host_energy_joules_total{domain="package-0",class="cpu",source="powercap",quality="measured",part="runs"}';

test('a counter goes on over the lines that are taken, under the policy of the site', () => {
  const host = state(2e6);
  expect(valueOf(host, RUNS)).toBe('2');
  expect(takeHostLine(host, FACTS, writer)).not.toBeNull();
  expect(valueOf(host, RUNS)).toBe('2');
  expect(valueOf(host, RUNS, { policy: 'hybrid' })).toBe('6');
  host.host = state(1e6).host;
  expect(valueOf(host, RUNS)).toBe('3');
  expect(valueOf(host, 'eit_host_whole_energy_joules_total{domain="psys",source="powercap"}')).toBe('21');
  expect(valueOf(host, 'eit_host_energy_missing_seconds_total{domain="package-0"}')).toBe('1');
  expect(valueOf(host, 'eit_host_energy_wraps_total{domain="package-0"}')).toBe('2');
  expect(valueOf(host, 'eit_host_readings_total')).toBe('6');
});

test('a year of a large node loses no microjoule', () => {
  let totals = addHostLine(null, state(9e14).host);
  for (let i = 0; i < 30; i++) totals = addHostLine(totals, state(9e14).host);
  totals = addHostLine(totals, state(1).host);
  expect(totals?.domains['package-0']?.runsUj[0]).toBe(31n * 900_000_000_000_000n + 1n);
});

test('another source of a domain begins anew, under a label of its own', () => {
  const host = state(2e6);
  takeHostLine(host, FACTS, writer);
  host.host = state(1e6, 'cpu-model: EPYC, 4 CPUs').host;
  expect(valueOf(host, RUNS)).toBeUndefined();
  expect(valueOf(host, RUNS.replace('powercap', 'cpu-model'))).toBe('1');
});

describe('after an agent that was ended', () => {
  const checkpointOf = (of: HostState, boot: string) => ({
    version: 2 as const,
    host: 'h',
    boot,
    sources: 's',
    state: of,
    unwritten: [],
    removableFiles: [],
  });
  const present = {
    boot: 'b1',
    at: AT,
    sources: 's',
    domains: ['package-0'],
    integrated: [],
    writer,
    facts: FACTS,
  };

  test('counters go on in the same boot, also where the time between is missing', () => {
    for (const sources of ['s', 'others']) {
      const before = state(2e6);
      takeHostLine(before, FACTS, writer);
      before.host = state(1e6).host;
      const { state: after } = recover(checkpointOf(before, 'b1'), { ...present, sources });
      expect(valueOf(after, RUNS)).toBe('3');
    }
  });

  test('they begin at 0 with another boot, as the hardware does', () => {
    const before = state(2e6);
    takeHostLine(before, FACTS, writer);
    const { state: after } = recover(checkpointOf(before, 'b0'), present);
    expect(valueOf(after, RUNS)).toBeUndefined();
    expect(valueOf(after, 'eit_host_counters_start_time_seconds')).toBeUndefined();
    after.host = state(1e6).host;
    expect(valueOf(after, RUNS)).toBe('1');
  });
});

test('nothing that is not known is a 0', () => {
  const text = exposition(hostMetrics(emptyHostState(), facts({ energy: [], spool: null })));
  expect(text).not.toMatch(
    /^eit_(?:spool|host_(?:whole_)?energy|host_readings|host_domain|host_cpu|agent_last_reading)/m,
  );
  const waits = facts().spool!;
  const none = facts({
    spool: { ...waits, lag: { ...waits.lag, oldestWaitingMs: null, lastShippedMs: null } },
  });
  expect(exposition(hostMetrics(emptyHostState(), none))).not.toMatch(/^eit_\w*timestamp/m);
});

test('a domain that cannot be read has its reason', () => {
  const missing = { missing: 'may not read /sys/x (EACCES): run the agent as root' };
  const text = exposition(hostMetrics(state(1), facts({ energy: [{ domain, value: missing }] })));
  expect(text).toContain('eit_host_domain_readable{domain="package-0",class="cpu",source="powercap"} 0\n');
  expect(text).toContain('eit_host_domain_unreadable_info{domain="package-0",reason="permission"} 1\n');
  expect(text).not.toContain('/sys/x');
});

test.each([
  ['not read: no job with GPUs runs here (gpu.watch: jobs)', 'left_alone'],
  ['let go (eit gpu release)', 'left_alone'],
  ['the GPU sleeps (/sys/p says suspended); reading would wake it', 'left_alone'],
  ['cannot read /sys/x: ENODEV: no such device', 'gone'],
  ['the driver does not list the GPU any more', 'gone'],
  ['reading /sys/x took 900 ms: the GPU may hang, and is left alone for a hundred times as long', 'slow'],
  ['the GPU was not read for more than 20 s', 'slow'],
  ['no power was read for more than 40 s: ipmi-dcmi ended with 1', 'slow'],
  ['the controller says 0 W: it does not measure', 'implausible'],
  ['/sys/x holds "", not a number', 'implausible'],
  ['its text ends before "x"', 'other'],
])('%s: %s', (words, reason) => {
  expect(unreadableReason(words)).toBe(reason);
});

test('docs/monitoring.md has every metric with its type and labels, and no other of a host', () => {
  const page = readFileSync(join(__dirname, '../../../docs/monitoring.md'), 'utf8');
  const section = page.slice(page.indexOf('## Metrics of a node'), page.indexOf('## Metrics of the ledger'));
  const rows = [...section.matchAll(/^\| `(eit_\w+)` \| (\w+) \| ([\w, ]*) ?\|/gm)].map(
    ([, name, type, labels = '']) => ({
      name,
      type,
      labels: labels
        .split(',')
        .map((label) => label.trim())
        .filter((label) => label !== '')
        .sort(),
    }),
  );
  const missing = { missing: 'x' };
  const families = hostMetrics(state(1), facts({ energy: [{ domain, value: missing }] }));
  const told = families.map(({ name, type, samples }) => ({
    name,
    type,
    labels: [...new Set(samples.flatMap(({ labels }) => Object.keys(labels ?? {})))].sort(),
  }));
  const byName = (a: { name?: string | undefined }, b: { name?: string | undefined }) =>
    (a.name ?? '') < (b.name ?? '') ? -1 : 1;
  expect(rows.sort(byName)).toEqual(told.sort(byName));
});
