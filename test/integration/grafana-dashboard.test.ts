import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { testUnless } from '../test-unless';
import { AgentHome } from './agent-home';
import { runEit } from './eit-command';
import { noPrometheus, Prometheus } from './prometheus';

const EXAMPLES = join(__dirname, '../../slurm-examples');

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } };
  readonly targets?: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly datasource: { readonly uid: string };
  }[];
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly definition?: string;
}

const text = readFileSync(join(EXAMPLES, 'grafana-dashboard.json'), 'utf8');
const dashboard = JSON.parse(text) as {
  readonly uid: string;
  readonly id?: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
};
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const queries = panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr, refId }) => ({ title, refId, expr })),
);

/** Units that Grafana knows by these names (its list of units, @grafana/data). */
const UNITS = ['watt', 'percentunit', 'massg', 'short', 's', 'kwatth', 'bytes'];

/** As Grafana puts in what was chosen, All for the variables; a scrape a second is more than it would have. */
function asAsked(expr: string): string {
  return expr.replaceAll(/\$(?:cluster|instance)\b/g, '.*').replaceAll('$__rate_interval', '20s');
}

test('panels are told apart, each has a place of its own, a unit that there is and words on what it shows', () => {
  const ids = dashboard.panels.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(dashboard).not.toHaveProperty('id');
  expect(panels.length).toBeGreaterThan(20);
  const places = new Set<string>();
  for (const { gridPos, title, type, fieldConfig, description, targets } of dashboard.panels) {
    expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        expect({ title, taken: places.has(`${x} ${y}`) }).toEqual({ title, taken: false });
        places.add(`${x} ${y}`);
      }
    }
    if (type === 'row') continue;
    expect(['stat', 'timeseries', 'bargauge', 'table']).toContain(type);
    expect(UNITS).toContain(fieldConfig?.defaults.unit);
    expect(description?.length).toBeGreaterThan(10);
    expect(new Set(targets?.map(({ refId }) => refId)).size).toBe(targets?.length);
    expect(targets?.length).toBeGreaterThan(0);
  }
});

test('it asks for the Prometheus, and every variable that is used is one that it has', () => {
  const names = dashboard.templating.list.map(({ name }) => name);
  expect(names).toEqual(['datasource', 'cluster', 'instance']);
  for (const { datasource, targets = [] } of panels)
    for (const uid of [datasource?.uid, ...targets.map((target) => target.datasource.uid)])
      expect(uid).toBe('${datasource}');
  const used = [...text.matchAll(/\$\{?(\w+)/g)]
    .map(([, name = '']) => name)
    .filter((name) => !name.startsWith('__'));
  expect([...new Set(used)].sort()).toEqual([...names].sort());
});

test('every metric that dashboard and rules name is in docs/monitoring.md', () => {
  const page = readFileSync(join(EXAMPLES, '../docs/monitoring.md'), 'utf8').replaceAll(
    /^\| `eit_SCOPE_.*$/gm,
    (row) =>
      ['cluster', 'partition', 'account', 'user'].map((scope) => row.replace('SCOPE', scope)).join('\n'),
  );
  const documented = new Set([...page.matchAll(/`(eit_[a-z0-9_]+)`/g)].map(([, name = '']) => name));
  const rules = readFileSync(join(EXAMPLES, 'prometheus-alerts.yml'), 'utf8');
  const named = [...`${text}${rules}`.matchAll(/\beit_[a-z0-9_]+/g)]
    .map(([name]) => name)
    // What rules record has a level before its name.
    .filter((name) => name !== 'eit_host_power_watts' && name !== 'eit_agent_cpu_ratio');
  expect(named.length).toBeGreaterThan(30);
  for (const name of named) expect([...documented]).toContain(name.replace(/_(?:sum|count)$/, ''));
});

describe('against a real Prometheus with a real agent and its ledger', () => {
  let home: AgentHome;
  let prometheus: Prometheus;
  beforeAll(() => {
    if (noPrometheus !== undefined) return;
    prometheus = new Prometheus();
    home = new AgentHome([
      'cluster: lab',
      `agent: { interval_seconds: 0.2, record_seconds: 1, linger_seconds: 60, textfile_dir: ${prometheus.textfiles} }`,
      'site: { zone: DE, pue: 1.3, price_per_kwh: 0.3 }',
      'quotas: [{ per: account, period: month, unit: kWh, each: 1 }]',
    ]);
  });
  afterAll(async () => {
    await home?.remove();
    await prometheus?.stop();
  });

  async function collect(): Promise<void> {
    const file = join(prometheus.textfiles, 'eit-ledger.prom');
    const args = ['prometheus', '--accounts', '--top-users', '5', '--quotas', '--window', '1h', '-o', file];
    const { status, stderr } = await runEit(args, home.config);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  }

  /** Of these there is nothing on this host and in this ledger. */
  const EMPTY = [
    // No GPU.
    'GPUs with nothing to do',
    // sacct was never asked.
    'Energy of failed work',
    // All can be read.
    'What cannot be read',
  ];

  testUnless(noPrometheus)('each query is one that Prometheus takes, and gives what it should', async () => {
    await home.start();
    await prometheus.start([join(EXAMPLES, 'prometheus-alerts.yml')]);
    home.hook('prolog', 77);
    home.setCpu(77, 0);
    await home.read();
    home.setCpu(77, 2);
    home.spend(300, 3);
    await home.read();
    await collect();
    await prometheus.wait('eit_partition_energy_joules_total{partition="batch"} > 0');
    home.setCpu(77, 4);
    home.spend(300, 3);
    await home.read();
    await collect();
    await prometheus.wait('increase(eit_partition_energy_joules_total{partition="batch"}[1d]) > 0');
    await prometheus.wait('sum(rate(eit_host_energy_joules_total[20s])) > 0');
    // That something waits is seldom met.
    const oldest = (await prometheus.query('eit_spool_oldest_waiting_timestamp_seconds')).length > 0;
    for (const { title, expr, refId } of queries) {
      const found = await prometheus.query(asAsked(expr));
      if (title === 'Records that wait' && !oldest) continue;
      expect({ title, refId, isEmpty: found.length === 0 }).toEqual({
        title,
        refId,
        isEmpty: EMPTY.includes(title),
      });
      for (const { value } of found)
        expect({ title, isNumber: Number.isFinite(value) }).toEqual({ title, isNumber: true });
    }

    // The figures behind some of them.
    const of = async (title: string): Promise<number | undefined> =>
      (await prometheus.query(asAsked(queries.find((query) => query.title === title)?.expr ?? '')))[0]?.value;
    expect(await of('Agents')).toBe(1);
    expect(await of('Runs measured')).toBe(1);
    expect(await of('Silent hosts')).toBe(0);
    const watts = (await of('Power')) ?? NaN;
    const intensity = (await of('Intensity')) ?? NaN;
    expect(intensity).toBeGreaterThan(100);
    const hourly = ((watts * 1.3) / 3.6e6) * intensity * 3600;
    expect((await of('CO2eq an hour')) ?? NaN).toBeGreaterThan(hourly * 0.5);
    expect((await of('CO2eq an hour')) ?? NaN).toBeLessThan(hourly * 2);
    for (const variable of ['eit_agent_info{cluster="lab"}', 'up{job="node"}'])
      expect(await prometheus.query(variable)).toHaveLength(1);
    // The rules are loaded, and none of them failed.
    const { groups } = (await prometheus.get('rules')) as {
      groups: { rules: { name: string; health: string; lastError?: string }[] }[];
    };
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(15);
    for (const { name, health, lastError = '' } of rules)
      expect({ name, health, lastError }).toEqual({ name, health: 'ok', lastError: '' });
  });
});
