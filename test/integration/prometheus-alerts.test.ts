import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { testUnless } from '../test-unless';
import { noPrometheus, promtool } from './prometheus';

const RULES = join(__dirname, '../../slurm-examples/prometheus-alerts.yml');
const NODE = 'instance="n1:9100",job="node"';
const DOMAIN = `domain="package-0",${NODE}`;

/** Series in promtool's notation, a value a minute from minute 0 on; alerts are looked at in minute 150. */
interface Case {
  readonly fires: Readonly<Record<string, string>>;
  readonly isQuiet: Readonly<Record<string, string>>;
}

const reading = (values: string) => ({ [`eit_agent_last_reading_timestamp_seconds{${NODE}}`]: values });
const readable = (values: string, reason?: string) => ({
  [`eit_host_domain_readable{${DOMAIN},class="cpu",source="powercap"}`]: values,
  ...(reason === undefined
    ? {}
    : { [`eit_host_domain_unreadable_info{${DOMAIN},reason="${reason}"}`]: '1x180' }),
});
const waiting = (since: string, bytes: string) => ({
  [`eit_spool_oldest_waiting_timestamp_seconds{${NODE}}`]: since,
  [`eit_spool_waiting_bytes{${NODE}}`]: bytes,
});
const info = (values: string, up = '1x180') => ({
  [`eit_agent_info{${NODE},version="1",policy="usage"}`]: values,
  [`up{${NODE}}`]: up,
});
const ledger = (collected: string, until: string) => ({
  [`eit_ledger_collected_timestamp_seconds{${NODE}}`]: collected,
  [`eit_cluster_data_until_timestamp_seconds{cluster="lab",${NODE}}`]: until,
});

const CASES: Readonly<Record<string, Case>> = {
  EitAgentSilent: { fires: reading('0+60x90 5400x90'), isQuiet: reading('0+60x180') },
  EitAgentGone: {
    fires: info('1x60 stale'),
    // A node that is switched off is none whose agent is gone.
    isQuiet: { ...info('1x60 stale', '1x60 0x120') },
  },
  EitEnergySourceLost: {
    fires: readable('1x60 0x120', 'permission'),
    isQuiet: readable('0x180', 'left_alone'),
  },
  EitSpoolGrowing: { fires: waiting('0x180', '0+1000x180'), isQuiet: waiting('0x180', '1e6-1000x180') },
  EitRecordsLost: {
    fires: { [`eit_spool_lost_records_total{kind="energy",${NODE}}`]: '0x100 7x80' },
    isQuiet: { [`eit_spool_lost_records_total{kind="series",${NODE}}`]: '0x100 7x80' },
  },
  EitCounterReset: {
    fires: { [`eit_host_energy_resets_total{${DOMAIN}}`]: '0+0.2x180' },
    isQuiet: { [`eit_host_energy_resets_total{${DOMAIN}}`]: '0x100 1x80' },
  },
  EitCounterWrapsOften: {
    fires: { [`eit_host_energy_wraps_total{${DOMAIN}}`]: '0+2x180' },
    isQuiet: { [`eit_host_energy_wraps_total{${DOMAIN}}`]: '0+0.5x180' },
  },
  EitAgentFailing: {
    fires: { [`eit_agent_failures{${NODE}}`]: '1x180' },
    isQuiet: { [`eit_agent_failures{${NODE}}`]: '0x180', [`eit_agent_unwritten_records{${NODE}}`]: '40x180' },
  },
  EitAgentCostly: {
    fires: { [`eit_agent_cpu_seconds_total{${NODE}}`]: '0+6x180' },
    isQuiet: { [`eit_agent_cpu_seconds_total{${NODE}}`]: '0+0.3x180' },
  },
  EitClockAhead: { fires: reading('600+60x180'), isQuiet: reading('20+60x180') },
  EitLedgerFiguresOld: { fires: ledger('0+60x30 1800x150', '0x180'), isQuiet: ledger('0+60x180', '0x180') },
  EitLedgerStale: { fires: ledger('0+60x180', '0x180'), isQuiet: ledger('0+60x180', '-600+60x180') },
  EitHostsSilent: {
    fires: { [`eit_cluster_hosts{cluster="lab",state="silent",${NODE}}`]: '2x180' },
    isQuiet: {
      [`eit_cluster_hosts{cluster="lab",state="silent",${NODE}}`]: '0x180',
      [`eit_cluster_hosts{cluster="lab",state="reporting",${NODE}}`]: '2x180',
    },
  },
  EitCompactionLate: {
    fires: { [`eit_cluster_inbox_waiting_bytes{cluster="lab",${NODE}}`]: '2e9x180' },
    isQuiet: { [`eit_cluster_inbox_waiting_bytes{cluster="lab",${NODE}}`]: '2e8x180' },
  },
  EitCoverageLow: {
    fires: { [`eit_cluster_window_coverage_ratio{cluster="lab",window="24h",${NODE}}`]: '0.9x180' },
    isQuiet: { [`eit_cluster_window_coverage_ratio{cluster="lab",window="24h",${NODE}}`]: '0.99x180' },
  },
  EitQuotaOver: {
    fires: { [`eit_quota_over{per="account",name="phys",unit="kWh",period="month",${NODE}}`]: '1x180' },
    isQuiet: { [`eit_quota_over{per="account",name="phys",unit="kWh",period="month",${NODE}}`]: '0x180' },
  },
};

const alerts = (
  parse(readFileSync(RULES, 'utf8')) as {
    groups: {
      rules: { alert?: string; annotations?: Record<string, string>; labels?: Record<string, string> }[];
    }[];
  }
).groups.flatMap(({ rules }) => rules.filter(({ alert }) => alert !== undefined));

let dir: string;
beforeAll(() => (dir = mkdtempSync(join(tmpdir(), 'eit-alerts-'))));
afterAll(() => rmSync(dir, { recursive: true }));

function judged(tests: readonly unknown[]): { status: number | null; text: string } {
  const file = join(dir, 'tests.yml');
  writeFileSync(file, JSON.stringify({ rule_files: [RULES], evaluation_interval: '1m', tests }));
  return promtool(['test', 'rules', file]);
}

function testOf(name: string, series: Case['fires'], isFiring: boolean): unknown {
  return {
    interval: '1m',
    name,
    input_series: Object.entries(series).map(([one, values]) => ({ series: one, values })),
    promql_expr_test: [
      {
        expr: `count(ALERTS{alertname="${name}",alertstate="firing"})`,
        eval_time: '150m',
        exp_samples: isFiring ? [{ labels: '{}', value: 1 }] : [],
      },
    ],
  };
}

test('each alert of the example has a case, says what to do, and how bad it is', () => {
  expect(alerts.map(({ alert }) => alert)).toEqual(Object.keys(CASES));
  for (const { annotations, labels } of alerts) {
    expect(Object.keys(annotations ?? {})).toEqual(['summary', 'mend']);
    expect(['info', 'warning', 'critical']).toContain(labels?.['severity']);
  }
});

testUnless(noPrometheus)('promtool takes the rules', () => {
  expect(promtool(['check', 'rules', '--lint-fatal', RULES])).toMatchObject({ status: 0 });
});

testUnless(noPrometheus)('each alert fires when it should, and not when it should not', () => {
  const tests = Object.entries(CASES).flatMap(([name, { fires, isQuiet }]) => [
    testOf(name, fires, true),
    testOf(name, isQuiet, false),
  ]);
  expect(judged(tests)).toMatchObject({ status: 0, text: expect.stringContaining('SUCCESS') as string });
});

testUnless(noPrometheus)('a case that is wrong is found', () => {
  expect(judged([testOf('EitAgentSilent', CASES['EitAgentSilent']!.isQuiet, true)]).status).not.toBe(0);
});

testUnless(noPrometheus)('what is said names the node and how long', () => {
  const outcome = judged([
    {
      interval: '1m',
      input_series: Object.entries(reading('0+60x90 5400x90')).map(([series, values]) => ({
        series,
        values,
      })),
      alert_rule_test: [
        {
          eval_time: '150m',
          alertname: 'EitAgentSilent',
          exp_alerts: [
            {
              exp_labels: { severity: 'warning', instance: 'n1:9100', job: 'node' },
              exp_annotations: {
                summary: 'The agent on n1:9100 has read nothing for 1h 0m 0s',
                mend: 'systemctl status eit-agent and eit doctor there; what runs is not measured',
              },
            },
          ],
        },
      ],
    },
  ]);
  expect(outcome).toMatchObject({ status: 0 });
});

testUnless(noPrometheus)('power and its parts are what the counters grow by', () => {
  const energy = (instance: string, part: string) =>
    `eit_host_energy_joules_total{${DOMAIN.replace('n1', instance)},class="cpu",source="powercap",quality="measured",part="${part}"}`;
  const outcome = judged([
    {
      interval: '1m',
      input_series: [
        { series: energy('n1', 'runs'), values: '0+6000x60' },
        { series: energy('n1', 'idle'), values: '0+3000x60' },
        { series: energy('n2', 'runs'), values: '0+12000x60' },
      ],
      promql_expr_test: [
        {
          expr: 'eit:power_watts:rate5m',
          eval_time: '30m',
          exp_samples: [
            { labels: 'eit:power_watts:rate5m{class="cpu",part="runs"}', value: 300 },
            { labels: 'eit:power_watts:rate5m{class="cpu",part="idle"}', value: 50 },
          ],
        },
        {
          expr: 'round(eit:unattributed_power_ratio:rate5m, 1e-6)',
          eval_time: '30m',
          exp_samples: [{ labels: '{}', value: 0.142857 }],
        },
      ],
    },
  ]);
  expect(outcome).toMatchObject({ status: 0 });
});
