import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../cluster/until';
import { testUnless } from '../test-unless';
import { AgentHome } from './agent-home';
import { noPrometheus, Prometheus, promtool } from './prometheus';

let home: AgentHome;
let prometheus: Prometheus;

function configured(dir: string): string[] {
  return [
    'cluster: lab',
    `agent: { interval_seconds: 0.2, record_seconds: 1, linger_seconds: 60, textfile_dir: ${dir} }`,
  ];
}

beforeEach(() => {
  prometheus = new Prometheus();
  home = new AgentHome(configured(prometheus.textfiles));
});

afterEach(async () => {
  await home.remove();
  await prometheus.stop();
});

function textOf(): string {
  const file = join(prometheus.textfiles, 'eit.prom');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

function valueOf(series: string): number {
  const line = textOf()
    .split('\n')
    .find((one) => one.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1));
}

/** J that the ledger's host records know of the package. */
function recorded(part: 'runs_uj' | 'idle_uj' | 'system_uj'): number {
  return home.hosts().reduce((sum, { domains }) => sum + (domains['package-0']?.[part][0] ?? 0), 0) / 1e6;
}

const ENERGY =
  'eit_host_energy_joules_total{domain="package-0",class="cpu",source="powercap",quality="measured",part=';

testUnless(noPrometheus)(
  'what Prometheus scrapes is what the records hold, through node_exporter and an agent that was killed',
  async () => {
    await home.start();
    await prometheus.start();
    home.hook('prolog', 4242);
    home.setCpu(4242, 0);
    await home.read();
    home.setCpu(4242, 3);
    home.spend(500, 4);
    const [runs] = await prometheus.wait(
      'eit_host_energy_joules_total{domain="package-0",part="runs"}',
      ([found]) => found !== undefined && found.value > 0,
    );
    expect(runs?.metric).toMatchObject({
      class: 'cpu',
      source: 'powercap',
      quality: 'measured',
      job: 'node',
    });
    expect(await prometheus.wait('eit_host_runs', ([found]) => found?.value === 1)).toHaveLength(1);

    await home.end('SIGKILL');
    // Left behind; the next one goes on from there.
    expect(textOf()).not.toBe('');
    home.setCpu(4242, 5);
    home.spend(250, 3);
    await home.start();
    await prometheus.wait(
      'sum(eit_host_energy_joules_total{domain="package-0"})',
      ([found]) => Math.abs((found?.value ?? 0) - 750) < 1e-6,
    );
    home.setCpu(4242, 5.5);
    home.spend(100, 1);
    home.removeCgroup(4242);
    home.hook('epilog', 4242);
    await home.ended(4242);
    const parts = { runs: 'runs_uj', idle: 'idle_uj', system: 'system_uj' } as const;
    for (const [part, key] of Object.entries(parts)) {
      const [found] = await prometheus.wait(
        `eit_host_energy_joules_total{domain="package-0",part="${part}"}`,
        ([value]) => Math.abs((value?.value ?? -1) - recorded(key)) < 1e-6,
      );
      expect(found?.value).toBeCloseTo(recorded(key), 6);
    }
    expect(recorded('runs_uj') + recorded('idle_uj') + recorded('system_uj')).toBeCloseTo(850, 6);
    // A counter that went back once would have its whole value added here.
    const [growth] = await prometheus.query('sum(resets(eit_host_energy_joules_total[10m]))');
    expect(growth?.value).toBe(0);
    const [shipped] = await prometheus.wait('time() - eit_spool_last_shipped_timestamp_seconds');
    expect(shipped?.value).toBeLessThan(60);
    expect(await prometheus.query('node_textfile_scrape_error')).toMatchObject([{ value: 0 }]);
  },
);

testUnless(noPrometheus)('promtool has nothing to say against the file', async () => {
  await home.start();
  await until(
    'the file',
    20_000,
    () => textOf() !== '' || undefined,
    () => home.agentLog(),
  );
  expect(promtool(['check', 'metrics'], textOf())).toEqual({ status: 0, text: '' });
});

test('jobs and users are not in it, the file is readable and goes with the agent', async () => {
  await home.start();
  const names = {
    SLURM_JOB_USER: 'mallory',
    SLURM_JOB_ACCOUNT: 'secretacct',
    SLURM_JOB_PARTITION: 'hushpart',
  };
  home.hook('prolog', 987654, names);
  home.setCpu(987654, 1);
  home.spend(100, 2);
  await until(
    'the run',
    20_000,
    () => valueOf('eit_host_runs') === 1 || undefined,
    () => `${textOf()}${home.agentLog()}`,
  );
  await until('its energy', 20_000, () => valueOf(`${ENERGY}"runs"}`) > 0 || undefined, textOf);
  const text = textOf();
  for (const name of ['mallory', 'secretacct', 'hushpart', '987654', '1000', 'job', 'uid='])
    expect(text.split('\n').filter((line) => !line.startsWith('#') && line.includes(name))).toEqual([]);
  expect(statSync(join(prometheus.textfiles, 'eit.prom')).mode & 0o777).toBe(0o644);

  await home.end();
  expect(existsSync(join(prometheus.textfiles, 'eit.prom'))).toBe(false);
  expect(home.agentLog()).not.toMatch(/metrics/);
});

test('a folder that is not there is told once, and hinders nothing', async () => {
  const dir = join(home.dir, 'none');
  home.configure(configured(dir));
  await home.start();
  home.spend(100, 1);
  await home.read();
  await until('the message', 20_000, () => /no metrics in/.test(home.agentLog()) || undefined);
  await home.read();
  expect(home.agentLog().match(/no metrics in .*textfile_dir.*ENOENT/g)).toHaveLength(1);
  mkdirSync(dir);
  chmodSync(dir, 0o755);
  await until('the file', 20_000, () => existsSync(join(dir, 'eit.prom')) || undefined);
  expect(home.agentLog()).toMatch(/metrics are written again/);
});

test('a domain that cannot be read is told, with a reason of few', async () => {
  await home.start();
  await until('the file', 20_000, () => textOf() !== '' || undefined);
  const domain = 'eit_host_domain_readable{domain="package-0",class="cpu",source="powercap"}';
  expect(valueOf(domain)).toBe(1);
  home.energyUj = NaN;
  home.spend(0, 0);
  await until('the reading', 20_000, () => valueOf(domain) === 0 || undefined, textOf);
  expect(textOf()).toMatch(/eit_host_domain_unreadable_info\{domain="package-0",reason="implausible"\} 1\n/);
  expect(valueOf('eit_host_energy_missing_seconds_total{domain="package-0"}')).toBeGreaterThanOrEqual(0);
});
