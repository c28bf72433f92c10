import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import Ajv, { type ErrorObject, type Options } from 'ajv';
import fc from 'fast-check';
import type { EitConfig } from '../../src/generated/config';
import validateConfig from '../../src/generated/config-validator';
import type { HostRecord, RunRecord, SeriesRecord } from '../../src/generated/record';
import validateRecord from '../../src/generated/record-validator';
import type { EitReport, ReportFigures } from '../../src/generated/report';
import validateReport from '../../src/generated/report-validator';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Path = readonly (string | number)[];
interface Validate {
  (data: unknown): boolean;
  errors?: ErrorObject[] | null;
}

const stamp = {
  schema: 1,
  tool: '0.1.0',
  cluster: 'alpha',
  host: 'h1',
  boot: '0123abcd',
  instance: '0123456789ab',
  seq: 0,
  from: '2026-03-01T00:00:00.000Z',
  to: '2026-03-01T00:05:00.000Z',
} as const;

const run: RunRecord = {
  ...stamp,
  kind: 'run',
  ms: 300_000,
  node: 'n1',
  job: 17,
  restart: 0,
  started: '2026-02-28T23:59:59.999Z',
  measured_uj: { 'package-0': [3, 2, 1], 'dram-0': [0, 0, 0] },
};

const wholeRun: RunRecord = {
  ...run,
  sluid: 's0123456789ABC',
  slurm_start: 1_772_323_199,
  uid: 1000,
  user: 'ada',
  account: 'physics',
  partition: 'batch',
  nodes: 2,
  cpus: 8,
  gpus: 1,
  cpu_us: 1,
  cpu_estimated_us: 0,
  memory_bytes: 4096,
  io: { rb: 1, w: 2 },
  modelled_uj: {},
  estimated_uj: { 'package-0': [1, 0, 1] },
  missing_ms: { 'dram-0': 10_000 },
  start: {
    by: 'prolog',
    nodelist: 'n[1-2]',
    cpus_per_node: '8(x2)',
    gpu_ids: '0',
    qos: 'normal',
    late_ms: 0,
  },
  end: {
    by: 'epilog',
    exit_code: '0:9',
    top_processes: [{ name: 'python3', cpu_us: 10_000 }],
    coverage: { cpu: 1, dram: 0.5 },
  },
};

const host: HostRecord = {
  ...stamp,
  kind: 'host',
  ms: 300_000,
  nodes: ['n1', 'n2'],
  domains: {
    'package-0': {
      class: 'cpu',
      source: 'rapl',
      quality: 'measured',
      counter_uj: 9,
      runs_uj: [3, 3, 3],
      idle_uj: [4, 6, 5],
      system_uj: [2, 0, 1],
      missing_ms: 0,
      wraps: 1,
    },
  },
  absent_sources: { 'power-model': 'package-0 has a counter' },
  cpu: { cpus: 64, busy_us: 10, runs_us: 9 },
  hardware: { cpu: 'A CPU', packages: 2, cores: 32, threads: 64, memory_bytes: 1, kernel: '6.1.0' },
  context: {
    looks: 11,
    load1: { mean: 0.5, max: 1 },
    cpu_mhz: { min: 800, mean: 2100, max: 3000 },
    major_faults: 0,
    pressure_us: { cpu: 1, memory: 0, io: 2 },
    disks: { sda: { read_bytes: 1, written_bytes: 0, read_ops: 1, written_ops: 0 } },
    other_disks: { read_bytes: 1, written_bytes: 0, read_ops: 1, written_ops: 0 },
    network_files: { read_bytes: 0, written_bytes: 0, read_ops: 0, written_ops: 0 },
  },
  agent: { cpu_us: 1, rss_bytes: 1 },
};

const series: SeriesRecord = {
  ...stamp,
  kind: 'series',
  node: 'n1',
  job: 17,
  restart: 0,
  started: stamp.from,
  end_ms: [10_000, 20_000],
  power_w: { 'package-0': [71.5, null] },
  cpus_busy: [7.9, 0],
};

const config: EitConfig = {
  cluster: 'alpha',
  ledger: '/shared/eit',
  state_dir: '/run/eit',
  var_dir: '/var/lib/eit',
  spool_dir: '/var/spool/eit',
  spool_max_mb: 500,
  ledger_user: 'eit-ledger',
  shipper: 'unit',
  privacy: 'private',
  coordinators: { physics: ['ada'] },
  admins: ['root'],
  keep: { series_days: 90, energy_months: 60, pseudonym_months: 24 },
  policy: 'hybrid',
  agent: { interval_seconds: 1, live_seconds: 1, record_seconds: 300, linger_seconds: 0, top_processes: 3 },
  roots: { sys: '/sys', proc: '/proc', cgroup: '/sys/fs/cgroup' },
  nvidia_smi: 'nvidia-smi',
  gpu: {
    nvidia: 'nvidia-smi',
    nvml_library: '/opt/nvidia/lib64/libnvidia-ml.so.1',
    interval_ms: 500,
    order: 'map',
    map: ['GPU-513536b6-7d19-9063-b049-1e69664bb298', '00000000:3B:00.0'],
    watch: 'always',
  },
  bmc: { program: '/usr/sbin/ipmi-dcmi', interval_seconds: 30, timeout_seconds: 5 },
  site: { zone: 'DE', country: 'DEU', pue: 1.2, node_overhead: 1.1 },
  clusters: { beta: { zone: 'US-CAL-CISO' } },
  currency: 'EUR',
  quotas: [
    { per: 'user', period: 'month', unit: 'kWh', each: 500, limits: { alice: 2000, root: 'none' } },
    { per: 'account', period: '30 days', unit: 'cost', limits: { physics: 0 } },
  ],
  quotas_file: '/etc/eit/quotas.yaml',
  quota_dir: '/var/lib/eit/quota',
  mail_dir: '/var/spool/eit-mail',
  next_mailprog: '/usr/bin/mailx',
  mail: {
    wait_seconds: 30,
    types: ['END', 'FAIL'],
    from: 'slurm@example.org',
    domain: 'example.org',
    transport: 'smtp',
    sendmail: '/usr/sbin/sendmail',
    smtp: {
      host: 'mail.example.org',
      port: 587,
      security: 'starttls',
      user: 'eit',
      password_file: '/etc/eit/mail.password',
      ca_file: '/etc/eit/ca.pem',
    },
    max_per_user_hour: 10,
    give_up_hours: 2,
    header: 'Above',
    footer: 'Below',
    advice: [
      { id: 'memory', off: true },
      {
        id: 'big',
        when: { cpus: '> 500' },
        text: '{cpus} CPUs?',
        saves_kwh: 'gpu_idle_kwh',
        saves_kg: 'co2e_kg',
      },
    ],
  },
  slot_minutes: 30,
  intensity_dir: '/shared/intensity',
  intensity: [
    {
      zone: 'DE',
      provider: 'entsoe',
      provider_zone: '10Y1001A1001A82H',
      token_file: '/etc/eit/entsoe.token',
      url: 'https://mirror.example.org/api',
    },
    { zone: 'US-CAL-CISO', provider: 'caiso' },
    { zone: 'FR', provider: 'electricitymaps', basis: 'average-direct' },
  ],
  time_zone: 'Europe/Berlin',
  slurm: {
    sacct_comment: false,
    compact: { partition: 'service', account: 'eit', time: '1-00', extra: ['--mem=4G', '--exclusive'] },
    report: { partition: 'short', extra: [] },
  },
};

const figures: ReportFigures = {
  jobs: 1,
  runs: 2,
  elapsed_seconds: 10,
  cpu_seconds: 9.5,
  gpu_seconds: 0,
  energy_kwh: { cpu: 0.5, dram: 0.1, gpu: null, other: null, it: 0.6, total: 0.948 },
  co2e_kg: 0.3,
  coverage: 1,
  measured_fraction: null,
  estimated_fraction: 0.25,
  gpu_read_seconds: 8,
  gpu_told_seconds: 6,
  gpu_busy_seconds: 3,
  gpu_utilization: 0.5,
  gpu_idle_kwh: 0.1,
  gpu_throttled_seconds: 0,
  gpu_memory_bytes: 4096,
  gpu_p_state_seconds: { P0: 6, P12: 2 },
  cpu_models: ['A CPU'],
  gpu_models: [],
  nodes_expected: 2,
  nodes_reported: 1,
};

const factorSet = {
  pue: 1.58,
  zone: 'DE',
  intensity_g_per_kwh: 344,
  intensity_source: 'yearly average',
  intensity_basis: 'average-lifecycle',
} as const;

const report: EitReport = {
  schema: 1,
  tool_version: '0.1.0',
  generated_at: '2026-03-02T12:00:00.000Z',
  data_until: null,
  since: '2026-03-01T00:00:00Z',
  until: '2026-03-02T12:00:00Z',
  group_by: ['user', 'month'],
  policy: 'usage',
  factors: {
    ...factorSet,
    it_scope: 'processors and memory',
    domains_measured: ['package-0'],
    defaults_used: ['pue 1.58'],
    by_cluster: [{ cluster: 'alpha', ...factorSet }],
  },
  groups: [{ user: 'ada', month: '2026-03', ...figures }],
  total: figures,
  quality: {
    gpu_unread_runs: 0,
    gpu_runs_by_binding: { cgroup: 1, uuid: 0, processes: 0, index: 1, count: 0 },
    gpu_conflict_runs: 1,
    gpu_conflict_example: { cluster: 'alpha', job_id: 17, conflict: 'its cgroup allows gpu-3b:00.0' },
    package_assumed_fraction: 0.5,
    dram_by_cpu_time_fraction: null,
    idle_power: { calibrated_hosts: 1, modelled_hosts: 0, unknown_hosts: 2 },
  },
  unattributed: { idle_kwh: 1, system_kwh: null, missing_seconds: 0 },
  skipped_records: 0,
};

/** A copy of `value` with what lies at `path` replaced, or taken away where `replacement` is undefined. */
function edited(value: unknown, path: Path, replacement: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return replacement;
  if (Array.isArray(value))
    return value.map((item, i) => (i === key ? edited(item, rest, replacement) : item));
  const { [key]: old, ...others } = value as Record<string, unknown>;
  const made = edited(old, rest, replacement);
  return made === undefined ? others : { ...others, [key]: made };
}

/** Keyword and place of each error, as `minimum /measured_uj/package-0/0`. */
function verdict(validate: Validate, data: unknown): string[] {
  const valid = validate(data);
  const errors = (validate.errors ?? []).map((error) => `${error.keyword} ${error.instancePath}`);
  expect(valid).toBe(errors.length === 0);
  return errors;
}

describe('a valid example is accepted', () => {
  test.each<[string, Validate, unknown]>([
    ['run record with the required keys only', validateRecord, run],
    ['run record with every part', validateRecord, wholeRun],
    ['host record', validateRecord, host],
    ['series record', validateRecord, series],
    ['config', validateConfig, config],
    ['report', validateReport, report],
  ])('%s', (_, validate, data) => {
    expect(verdict(validate, data)).toEqual([]);
  });
});

describe('a wrong record is refused', () => {
  const energy = ['measured_uj', 'package-0'];
  const domain = ['domains', 'package-0'];
  test.each<[string, unknown, Path, unknown, string]>([
    ['an unknown key', run, ['comment'], 'x', 'additionalProperties '],
    ['an unknown kind', run, ['kind'], 'job', 'discriminator '],
    ['no kind', run, ['kind'], undefined, 'required '],
    ['another schema version', run, ['schema'], 2, 'const /schema'],
    ['a missing node', run, ['node'], undefined, 'required '],
    ['an empty name', run, ['user'], '', 'minLength /user'],
    ['a name of 257 characters', run, ['account'], 'a'.repeat(257), 'maxLength /account'],
    ['energy with a fraction', run, [...energy, 0], 0.5, 'type /measured_uj/package-0/0'],
    ['energy as text', run, [...energy, 0], '1', 'type /measured_uj/package-0/0'],
    ['negative energy', run, [...energy, 2], -1, 'minimum /measured_uj/package-0/2'],
    ['energy not a number', run, [...energy, 0], Number.NaN, 'type /measured_uj/package-0/0'],
    ['energy under two policies', run, energy, [1, 2], 'minItems /measured_uj/package-0'],
    ['energy under four policies', run, energy, [1, 2, 3, 4], 'maxItems /measured_uj/package-0'],
    ['a domain in capitals', run, ['measured_uj', 'Package-0'], [1, 2, 3], 'pattern /measured_uj'],
    ['job 0', run, ['job'], 0, 'minimum /job'],
    ['a time with an offset', run, ['from'], '2026-03-01T00:00:00.000+01:00', 'pattern /from'],
    ['a time without milliseconds', run, ['to'], '2026-03-01T00:00:00Z', 'pattern /to'],
    ['a SLUID with an I', run, ['sluid'], 's0123456789ABI', 'pattern /sluid'],
    ['coverage above one', wholeRun, ['end', 'coverage', 'cpu'], 1.01, 'maximum /end/coverage/cpu'],
    ['coverage of no class', wholeRun, ['end', 'coverage', 'disk'], 1, 'enum /end/coverage'],
    ['an end nobody told', wholeRun, ['end', 'by'], 'user', 'enum /end/by'],
    ['an exit code without its signal', wholeRun, ['end', 'exit_code'], '1', 'pattern /end/exit_code'],
    ['a run record with domains', run, ['domains'], {}, 'additionalProperties '],
    [
      'a domain of unknown quality',
      host,
      [...domain, 'quality'],
      'guessed',
      'enum /domains/package-0/quality',
    ],
    ['a counter that shrank', host, [...domain, 'counter_uj'], -1, 'minimum /domains/package-0/counter_uj'],
    [
      'a domain without what was idle',
      host,
      [...domain, 'idle_uj'],
      undefined,
      'required /domains/package-0',
    ],
    ['a host without CPUs', host, ['cpu', 'cpus'], 0, 'minimum /cpu/cpus'],
    ['negative power', series, ['power_w', 'package-0', 0], -0.1, 'minimum /power_w/package-0/0'],
    ['1,001 points', series, ['end_ms'], Array(1001).fill(0), 'maxItems /end_ms'],
  ])('%s', (_, example, path, replacement, error) => {
    expect(verdict(validateRecord, edited(example, path, replacement))[0]).toBe(error);
  });

  test.each([null, 1, 'run', [], [{}], {}])('%j', (data) => {
    expect(verdict(validateRecord, data)).not.toEqual([]);
  });
});

describe('a wrong config is refused', () => {
  test.each<[string, Path, unknown, string]>([
    ['an unknown key', ['intervall'], 1, 'additionalProperties '],
    ['an unknown key below', ['agent', 'intervall'], 1, 'additionalProperties /agent'],
    ['a relative folder', ['ledger'], 'eit/ledger', 'pattern /ledger'],
    ['a newline in a folder', ['state_dir'], '/run/eit\n/etc', 'pattern /state_dir'],
    ['a time as text', ['agent', 'interval_seconds'], '10s', 'type /agent/interval_seconds'],
    ['a PUE below one', ['site', 'pue'], 0.9, 'minimum /site/pue'],
    ['a country of two letters', ['site', 'country'], 'DE', 'pattern /site/country'],
    ['a zone that is no zone', ['clusters', 'beta', 'zone'], 'Germany', 'pattern /clusters/beta/zone'],
    ['an unknown policy', ['policy'], 'fair', 'enum /policy'],
  ])('%s', (_, path, replacement, error) => {
    expect(verdict(validateConfig, edited(config, path, replacement))).toEqual([error]);
  });

  test('with every error at once', () => {
    const wrong = edited(edited(config, ['policy'], 'fair'), ['site', 'pue'], 0);
    expect(verdict(validateConfig, wrong)).toEqual(['enum /policy', 'minimum /site/pue']);
  });
});

test('an empty config gets every default', () => {
  const empty: Record<string, unknown> = {};
  expect(verdict(validateConfig, empty)).toEqual([]);
  expect(empty).toEqual({
    ledger: '/var/lib/eit/ledger',
    keep: { series_days: 90 },
    state_dir: '/run/eit',
    var_dir: '/var/lib/eit',
    spool_dir: '/var/spool/eit',
    spool_max_mb: 1000,
    shipper: 'agent',
    privacy: 'private',
    coordinators: {},
    policy: 'usage',
    agent: {
      interval_seconds: 10,
      live_seconds: 2,
      record_seconds: 300,
      linger_seconds: 60,
      top_processes: 0,
    },
    roots: { sys: '/sys', proc: '/proc', cgroup: '/sys/fs/cgroup' },
    nvidia_smi: 'nvidia-smi',
    gpu: { nvidia: 'auto', interval_ms: 970, order: 'nvml', map: [], watch: 'jobs' },
    bmc: { program: 'auto', interval_seconds: 10, timeout_seconds: 10 },
    site: {},
    clusters: {},
    currency: 'EUR',
    quotas: [],
    quota_dir: '/var/lib/eit/quota',
    slot_minutes: 60,
    intensity: [],
    mail_dir: '/var/spool/eit-mail',
    mail: {
      wait_seconds: 60,
      types: ['END', 'FAIL', 'REQUEUE', 'TIME_LIMIT'],
      transport: 'sendmail',
      sendmail: '/usr/sbin/sendmail',
      smtp: { host: 'localhost', port: 25, security: 'none' },
      max_per_user_hour: 30,
      give_up_hours: 4,
      advice: [],
    },
    slurm: { sacct_comment: false, compact: { extra: [] }, report: { extra: [] } },
  });
});

test('one config does not share its defaults with the next', () => {
  const first: Record<string, Record<string, unknown>> = {};
  const second: Record<string, Record<string, unknown>> = {};
  validateConfig(first);
  first['agent']!['interval_seconds'] = 1;
  validateConfig(second);
  expect(second['agent']).toEqual({
    interval_seconds: 10,
    live_seconds: 2,
    record_seconds: 300,
    linger_seconds: 60,
    top_processes: 0,
  });
});

describe('a wrong report is refused', () => {
  test.each<[string, Path, unknown, string]>([
    ['an unknown key', ['energy'], 1, 'additionalProperties '],
    ['energy not known, as text', ['total', 'energy_kwh', 'gpu'], 'n/a', 'type /total/energy_kwh/gpu'],
    ['GPUs busier than they can be', ['total', 'gpu_utilization'], 1.01, 'maximum /total/gpu_utilization'],
    ['no IT energy', ['total', 'energy_kwh', 'it'], null, 'type /total/energy_kwh/it'],
    ['negative CO2eq', ['groups', 0, 'co2e_kg'], -1, 'minimum /groups/0/co2e_kg'],
    ['a group without its runs', ['groups', 0, 'runs'], undefined, 'required /groups/0'],
    ['an unknown key to group by', ['group_by', 0], 'color', 'enum /group_by/0'],
    ['a PUE below one', ['factors', 'by_cluster', 0, 'pue'], 0.5, 'minimum /factors/by_cluster/0/pue'],
  ])('%s', (_, path, replacement, error) => {
    expect(verdict(validateReport, edited(report, path, replacement))).toEqual([error]);
  });
});

const schemaFolder = join(__dirname, '../../schemas');
const schemaOf = (name: string): { $id: string } =>
  JSON.parse(readFileSync(join(schemaFolder, `${name}.schema.json`), 'utf8')) as { $id: string };
const compile = (name: string, options: Options = {}): Validate => {
  // strictRequired knows nothing of discriminators: `kind` is declared in the branches only.
  const ajv = new Ajv({ strict: true, strictRequired: false, discriminator: true, ...options });
  // Schemas of files for others may refer to others of this folder.
  for (const other of readdirSync(schemaFolder).map((file) => file.replace('.schema.json', '')))
    if (other !== name) ajv.addSchema(schemaOf(other));
  return ajv.compile(schemaOf(name));
};

test.each(readdirSync(schemaFolder))('%s compiles in strict mode', (file) => {
  expect(() => compile(file.replace('.schema.json', ''))).not.toThrow();
});

describe('the generated validator judges as one compiled from the schema does', () => {
  const json = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>;
  const replacement = fc.oneof(json, fc.integer({ min: -2, max: 2 }), fc.constant(undefined));

  /** Every place in a value, and a new key in every object. */
  const pathsOf = (value: unknown, at: Path = []): Path[] => {
    if (typeof value !== 'object' || value === null) return [at];
    const inside = Array.isArray(value)
      ? value.flatMap((item, i) => pathsOf(item, [...at, i]))
      : Object.entries(value).flatMap(([key, item]) => pathsOf(item, [...at, key]));
    return [at, ...inside, ...(Array.isArray(value) ? [] : [[...at, 'new-key']])];
  };
  const damaged = (example: unknown) =>
    fc
      .tuple(fc.constantFrom(...pathsOf(example).slice(1)), replacement)
      .map(([path, value]) => edited(example, path, value));

  test.each<[string, Validate, Validate, unknown]>([
    ['run', validateRecord, compile('record'), wholeRun],
    ['host', validateRecord, compile('record'), host],
    ['series', validateRecord, compile('record'), series],
    [
      'config',
      validateConfig,
      compile('config', { allErrors: true, verbose: true, useDefaults: true }),
      config,
    ],
    ['report', validateReport, compile('report'), report],
  ])('%s', (_, generated, fresh, example) => {
    let refused = 0;
    fc.assert(
      fc.property(damaged(example), (data) => {
        const copy = structuredClone(data);
        const expected = verdict(fresh, copy);
        if (expected.length > 0) refused++;
        expect(verdict(generated, data)).toEqual(expected);
        expect(generated.errors).toEqual(fresh.errors);
        expect(data).toEqual(copy);
      }),
      { numRuns: 300 },
    );
    expect(refused).toBeGreaterThan(0);
  });
});
