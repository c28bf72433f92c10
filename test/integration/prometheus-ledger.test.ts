import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostRecord, RunRecord } from '../../src/generated/record';
import type { EitReport, QuotaState } from '../../src/generated/report';
import { testUnless } from '../test-unless';
import { runRecord } from '../unit/report/records';
import { until } from '../cluster/until';
import { runEit, startEit } from './eit-command';
import { noPrometheus, Prometheus, promtool } from './prometheus';
import { appendByDay, copyRecentLedger } from './recent-ledger';

const J_PER_KWH = 3.6e6;

let dir: string;
let config: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-metrics-'));
  config = join(dir, 'eit.yaml');
  copyRecentLedger(join(dir, 'ledger'), Date.now(), 120);
  configure({});
});
afterEach(() => rmSync(dir, { recursive: true }));

function configure(more: Readonly<Record<string, unknown>>): void {
  const site = { zone: 'DE', pue: 1.3, price_per_kwh: 0.25 };
  writeFileSync(config, JSON.stringify({ ledger: join(dir, 'ledger'), site, ...more }));
}

async function eit(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await runEit(args, config);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

/** Values by series, as the text has them. */
function samples(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ') + 1)),
    ]),
  );
}

function sumOf(found: ReadonlyMap<string, number>, ...parts: readonly string[]): number {
  const values = [...found].filter(([series]) => parts.every((part) => series.includes(part)));
  expect(values.length).toBeGreaterThan(0);
  return values.reduce((sum, [, value]) => sum + value, 0);
}

/** The inbox's records, each once, added up by nothing but this. */
function recorded(cluster: string): (RunRecord | HostRecord)[] {
  const inbox = join(dir, 'ledger', cluster, 'inbox');
  const lines = readdirSync(inbox, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ndjson'))
    .flatMap((file) => readFileSync(join(inbox, file), 'utf8').split('\n'))
    .flatMap((line) =>
      line.startsWith('{') && line.endsWith('}') ? [JSON.parse(line) as RunRecord | HostRecord] : [],
    )
    .filter(({ schema, kind }) => schema === 1 && (kind === 'run' || kind === 'host'));
  return [...new Map(lines.map((line) => [`${line.host} ${line.instance} ${line.seq}`, line])).values()];
}

function recordedJ(cluster: string, partition: string): number {
  const runs = recorded(cluster).filter(
    (line): line is RunRecord => line.kind === 'run' && line.partition === partition,
  );
  const energies = runs.flatMap(({ measured_uj: measured, modelled_uj: modelled }) => [
    ...Object.values(measured ?? {}),
    ...Object.values(modelled ?? {}),
  ]);
  return energies.reduce((sum, [usageUj]) => sum + usageUj, 0) / 1e6;
}

function recordedIdleJ(cluster: string): number {
  const domains = recorded(cluster).flatMap((line) =>
    line.kind === 'host' ? Object.values(line.domains) : [],
  );
  return domains.reduce((sum, { idle_uj: [usageUj] }) => sum + usageUj, 0) / 1e6;
}

test('counters are the sums of all records, also when compacted, and a late record adds to them', async () => {
  const partition = (name: string) => [
    'eit_partition_energy_joules_total{',
    'cluster="alpha"',
    `partition="${name}"`,
  ];
  const check = async (): Promise<number> => {
    const found = samples(await eit('prometheus'));
    for (const name of ['cpu', 'gpu'])
      expect(sumOf(found, ...partition(name))).toBeCloseTo(recordedJ('alpha', name), 5);
    expect(
      sumOf(found, 'eit_cluster_unattributed_energy_joules_total{cluster="alpha",part="idle"}'),
    ).toBeCloseTo(recordedIdleJ('alpha'), 5);
    return sumOf(found, ...partition('cpu'));
  };
  const beforeJ = await check();
  const waiting = 'eit_cluster_inbox_waiting_bytes{cluster="alpha"}';
  expect(samples(await eit('prometheus')).get(waiting)).toBeGreaterThan(0);
  await eit('ledger', 'compact', '--json');
  expect(await check()).toBe(beforeJ);
  expect(samples(await eit('prometheus')).get(waiting)).toBe(0);

  // Of a time long before all others; compaction takes its file away.
  const from = new Date(Date.now() - 60 * 86_400_000).toISOString();
  const late = runRecord({ from, job: 99, instance: 'abcdefabcdef', host: 'a1', node: 'a1' });
  appendByDay(join(dir, 'ledger/alpha/inbox'), 'a1.ndjson', JSON.stringify(late));
  expect(await check()).toBeCloseTo(beforeJ + 3000, 5);
  await eit('ledger', 'compact', '--json');
  expect(sumOf(samples(await eit('prometheus')), ...partition('cpu'))).toBeCloseTo(beforeJ + 3000, 5);
});

test('figures of the window are those of the report', async () => {
  const found = samples(await eit('prometheus', '--window', '30d', '--accounts', '--top-users', '5'));
  const report = async (by: string) =>
    JSON.parse(
      await eit('report', '--json', '-a', '-S', 'now-30days', '-M', 'alpha', '--group-by', by),
    ) as EitReport;
  for (const scope of ['partition', 'account', 'user'] as const) {
    const { groups } = await report(scope);
    expect(groups.length).toBeGreaterThan(1);
    for (const group of groups) {
      const labels = `{cluster="alpha",${scope}="${group[scope] ?? ''}",window="30d"`;
      expect(found.get(`eit_${scope}_window_energy_joules${labels}}`)).toBeCloseTo(
        group.energy_kwh.total * J_PER_KWH,
        3,
      );
      expect(found.get(`eit_${scope}_window_it_energy_joules${labels}}`)).toBeCloseTo(
        group.energy_kwh.it * J_PER_KWH,
        3,
      );
      expect(found.get(`eit_${scope}_window_co2e_grams${labels}}`)).toBeCloseTo(group.co2e_kg * 1000, 6);
      expect(found.get(`eit_${scope}_window_cost${labels},currency="EUR"}`)).toBeCloseTo(
        group.cost ?? NaN,
        9,
      );
      expect(found.get(`eit_${scope}_window_runs${labels}}`)).toBe(group.runs);
      expect(found.get(`eit_${scope}_window_coverage_ratio${labels}}`)).toBe(group.coverage ?? undefined);
    }
  }
  const { total, unattributed } = await report('partition');
  expect(found.get('eit_cluster_window_energy_joules{cluster="alpha",window="30d"}')).toBeCloseTo(
    total.energy_kwh.total * J_PER_KWH,
    3,
  );
  expect(
    found.get('eit_cluster_window_unattributed_energy_joules{cluster="alpha",window="30d",part="idle"}'),
  ).toBeCloseTo((unattributed.idle_kwh ?? NaN) * J_PER_KWH, 3);
  const gPerJ =
    found.get('eit_cluster_window_intensity_grams_per_joule{cluster="alpha",window="30d"}') ?? NaN;
  expect(gPerJ * total.energy_kwh.total * J_PER_KWH).toBeCloseTo(total.co2e_kg * 1000, 6);
});

test('accounts, users and quotas are in it only where they are asked for, users so many', async () => {
  const quotas = [
    { per: 'user', period: 'year', unit: 'kWh', each: 1000 },
    { per: 'account', period: 'year', unit: 'kWh', limits: { physics: 0.00001 } },
  ];
  configure({ quotas });
  const plain = await eit('prometheus', '--window', '30d');
  expect(plain).not.toMatch(/alice|bob|1234|physics|biology|quota|user=|account=/);
  const one = await eit('prometheus', '--window', '30d', '--top-users', '1');
  // Bob's GPU takes the most.
  expect(one.match(/eit_user_window_energy_joules\{.*cluster="alpha".*/g)).toEqual([
    expect.stringContaining('user="bob"'),
  ]);
  expect(await eit('prometheus', '--quotas')).not.toMatch(/per="user"/);

  const found = samples(await eit('prometheus', '--quotas', '--top-users', '2'));
  const states = (JSON.parse((await runEit(['quota', '--json'], config)).stdout) as { quotas: QuotaState[] })
    .quotas;
  const told = states.filter(({ per }) => per === 'account');
  expect(told).toHaveLength(1);
  for (const { per, name, unit, period, limit, used, share } of told) {
    const labels = `{per="${per}",name="${name}",unit="${unit}",period="${period}"}`;
    expect(found.get(`eit_quota_limit${labels}`)).toBe(limit);
    expect(found.get(`eit_quota_used${labels}`)).toBeCloseTo(used, 9);
    expect(found.get(`eit_quota_used_ratio${labels}`)).toBeCloseTo(share ?? NaN, 3);
    expect(found.get(`eit_quota_over${labels}`)).toBe(1);
  }
  expect([...found.keys()].filter((series) => series.startsWith('eit_quota_limit{per="user"'))).toHaveLength(
    2,
  );
});

test('a host that sends nothing any more is silent', async () => {
  const inbox = join(dir, 'ledger/alpha/inbox');
  const long = new Date(Date.now() - 7_200_000);
  for (const day of readdirSync(inbox)) {
    const file = join(inbox, day, 'a2.ndjson');
    if (existsSync(file)) utimesSync(file, long, long);
  }
  const hosts = (state: string, found: ReadonlyMap<string, number>) =>
    found.get(`eit_cluster_hosts{cluster="alpha",state="${state}"}`);
  const found = samples(await eit('prometheus'));
  expect([hosts('reporting', found), hosts('silent', found)]).toEqual([1, 1]);
  const patient = samples(await eit('prometheus', '--silent-after', '180'));
  expect([hosts('reporting', patient), hosts('silent', patient)]).toEqual([2, 0]);
});

const ACCOUNTS = [
  'a"b\\c',
  '{x="1"} 7\n# HELP eit_x y',
  '\u001b[31mred',
  '\uFFFD001b[31mred',
  'naïve 漢字',
  ' ',
];

testUnless(noPrometheus)('what names hold is data: a real Prometheus gives them back', async () => {
  const prometheus = new Prometheus();
  try {
    for (const [seq, account] of ACCOUNTS.entries()) {
      const from = new Date(Date.now() - 3_600_000).toISOString();
      const line = runRecord({ from, seq, account, job: 500 + seq, instance: 'feedfeedfeed', host: 'a1' });
      appendByDay(join(dir, 'ledger/alpha/inbox'), 'a1.ndjson', JSON.stringify(line));
    }
    const file = join(prometheus.textfiles, 'eit-ledger.prom');
    await eit('prometheus', '--accounts', '--top-users', '3', '--output', file);
    const text = readFileSync(file, 'utf8');
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(promtool(['check', 'metrics'], text)).toEqual({ status: 0, text: '' });
    expect(statSync(file).mode & 0o777).toBe(0o644);
    expect(readdirSync(prometheus.textfiles)).toEqual(['eit-ledger.prom']);
    await prometheus.start();
    const found = await prometheus.wait('eit_account_energy_joules_total{cluster="alpha",class="cpu"}');
    const energies = new Map(found.map(({ metric, value }) => [metric['account'], value]));
    expect(energies.get('physics')).toBeGreaterThan(0);
    for (const account of ['a"b\\c', '{x="1"} 7\n# HELP eit_x y', 'naïve 漢字', ' '])
      expect(energies.get(account)).toBe(3000);
    // Two that a terminal would show alike stay two.
    expect([...energies.keys()].filter((account) => account?.endsWith('[31mred'))).toHaveLength(2);
    expect(await prometheus.query('node_textfile_scrape_error')).toMatchObject([{ value: 0 }]);
  } finally {
    await prometheus.stop();
  }
});

test('wrong options and a folder that is not there are told with what to do', async () => {
  const said = async (...args: string[]) => {
    const { status, stderr, stdout } = await runEit(['prometheus', ...args], config);
    return { status, stdout, stderr };
  };
  expect(await said('--window', '2 weeks')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/--window.*24h or 30d/) as string,
  });
  expect(await said('--top-users', '-1')).toMatchObject({ status: 2 });
  expect(await said('-o', join(dir, 'eit.txt'))).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/\.prom/) as string,
  });
  expect(await said('-o', join(dir, 'a.prom'), '--json')).toMatchObject({ status: 2 });
  for (const address of ['9418', 'localhost', '127.0.0.1:99999', ':9418', '::1:9418'])
    expect(await said('--listen', address)).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/--listen.*127\.0\.0\.1:9418/) as string,
    });
  expect(await said('--listen', '127.0.0.1:0', '--json')).toMatchObject({ status: 2 });
  expect(await said('-o', join(dir, 'none/a.prom'))).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/cannot write .*none\/a\.prom.*mend/) as string,
  });
  configure({ ledger: join(dir, 'nowhere') });
  expect(await said()).toMatchObject({
    status: 1,
    stdout: '',
    stderr: expect.stringMatching(/EIT_LEDGER_UNREADABLE/) as string,
  });
});

testUnless(noPrometheus)(
  'with --listen a Prometheus scrapes it directly, until it is told to end',
  async () => {
    const prometheus = new Prometheus();
    const { child, output, ended } = startEit(
      ['prometheus', '--listen', '127.0.0.1:0', '--window', '30d'],
      config,
    );
    try {
      const url = await until(
        'the address',
        20_000,
        () => /answers at (http:\S+)\n/.exec(output.stderr)?.[1],
        () => output.stderr,
      );
      await prometheus.start([], [new URL(url).host]);
      const [found] = await prometheus.wait(
        'sum(eit_partition_energy_joules_total{job="others",cluster="alpha"})',
      );
      expect(found?.value).toBeCloseTo(recordedJ('alpha', 'cpu') + recordedJ('alpha', 'gpu'), 5);
      expect((await fetch(url)).headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
      expect((await fetch(new URL('/', url))).status).toBe(404);
      expect((await fetch(url, { method: 'POST', body: 'x' })).status).toBe(405);
      const taken = await runEit(['prometheus', '--listen', new URL(url).host], config);
      expect(taken).toMatchObject({
        status: 2,
        stderr: expect.stringMatching(/cannot listen on .*EADDRINUSE/) as string,
      });
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
      expect(output.stdout).toBe('');
    } finally {
      child.kill('SIGKILL');
      await prometheus.stop();
    }
  },
);

test('docs/monitoring.md has every metric, with its type and labels', async () => {
  configure({ quotas: [{ per: 'account', period: 'year', unit: 'kWh', each: 1 }] });
  const page = readFileSync(join(__dirname, '../../docs/monitoring.md'), 'utf8');
  const rows = [...page.matchAll(/^\| (`eit_[^|]+) \| (\w+) \| ([\w, ]*) ?\|/gm)].flatMap(
    ([, names = '', type = '', labels = '']) =>
      [...names.matchAll(/`(\w+)`/g)].map(([, name = '']) => ({
        name,
        type,
        labels: labels.split(',').map((label) => label.trim()),
      })),
  );
  const families = JSON.parse(
    await eit('prometheus', '--json', '--accounts', '--top-users', '3', '--quotas', '--window', '30d'),
  ) as { name: string; type: string; samples: { labels?: Record<string, string> }[] }[];
  expect(families.length).toBeGreaterThan(40);
  for (const { name, type, samples: of } of families) {
    const [, scope = ''] = /^eit_(cluster|partition|account|user)_window_/.exec(name) ?? [];
    const row =
      rows.find((one) => one.name === name) ??
      rows.find((one) => one.name === name.replace(`eit_${scope}_`, 'eit_SCOPE_'));
    const labels = new Set(of.flatMap((sample) => Object.keys(sample.labels ?? {})));
    const told = new Set(
      row?.labels.map((label) => (label === 'SCOPE' ? scope : label)).filter((label) => label !== ''),
    );
    expect({ name, type: row?.type, labels: [...told].sort() }).toEqual({
      name,
      type,
      labels: [...labels].sort(),
    });
  }
});

test('--json has the same values', async () => {
  const families = JSON.parse(await eit('prometheus', '--json')) as {
    name: string;
    type: string;
    samples: { value: number }[];
  }[];
  const energy = families.find(({ name }) => name === 'eit_partition_energy_joules_total');
  expect(energy?.type).toBe('counter');
  expect(energy?.samples.reduce((sum, { value }) => sum + value, 0)).toBeCloseTo(
    recordedJ('alpha', 'cpu') + recordedJ('alpha', 'gpu') + recordedJ('beta', 'cpu'),
    5,
  );
});
