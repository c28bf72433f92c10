import fc from 'fast-check';
import { GPU_BINDINGS } from '../../../src/attribution/gpu-binding';
import type { EitRecord, HostRecord, RunRecord } from '../../../src/generated/record';

/** The night in which Berlin's clocks go on, and the end of a month, lie in the days of these lives. */
export const BEGIN_MS = Date.parse('2026-03-27T20:00:00Z');
export const DAYS = 6;
export const END_MS = BEGIN_MS + DAYS * 86_400_000;

const MINUTE_MS = 60_000;
const HOSTS = ['n1', 'n2', 'n3'] as const;

/** Who runs: names that come back with another uid, uids without a name, nobody told. */
const PEOPLE = [
  { uid: 1001, user: 'alice', account: 'physics', partition: 'cpu' },
  { uid: 1002, user: 'bob', account: 'chemistry', partition: 'gpu' },
  { uid: 1003, user: 'alice', account: 'physics', partition: 'gpu' },
  { uid: 1004, account: 'äöü "q", \u{1f9ea}' },
  { uid: 1005, user: "o'neil, x", partition: 'cpu' },
  {},
] as const;

const uj = fc.oneof(fc.nat(1000), fc.nat(3_000_000_000));
const byPolicy = fc.tuple(uj, uj, uj);

const run = fc.record({
  /** Minutes since the job's run before, or the beginning. */
  gap: fc.oneof(fc.nat(3), fc.integer({ min: 6, max: 90 }), fc.integer({ min: 91, max: 4000 })),
  isRequeue: fc.boolean(),
  seconds: fc.oneof(
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 1200 }) },
    { weight: 3, arbitrary: fc.integer({ min: 1200, max: 40_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 250_000 }) },
  ),
  hosts: fc.subarray([...HOSTS], { minLength: 1 }),
  silentNodes: fc.constantFrom(0, 0, 0, 1),
  /** How Slurm tells which run it is; `old`: not at all. */
  told: fc.constantFrom('start', 'start', 'sluid', 'old'),
  tellsNodes: fc.constantFrom('number', 'number', 'list', 'nothing'),
  isResized: fc.constantFrom(false, false, false, true),
  who: fc.constantFrom(...PEOPLE),
  begin: fc.constantFrom('prolog', 'prolog', 'late', 'epilog'),
  end: fc.constantFrom('epilog', 'epilog', 'reboot', 'none'),
  /** Lags of a node's begin and end behind the others', s. */
  lag: fc.nat(20),
  gpus: fc.constantFrom(0, 0, 1, 2),
  gpuBy: fc.constantFrom(...GPU_BINDINGS),
  hasConflict: fc.constantFrom(false, false, true),
  measured: fc.dictionary(fc.constantFrom('package-0', 'package-1', 'dram-0', 'other'), byPolicy),
  modelled: fc.option(fc.dictionary(fc.constantFrom('cpu-model', 'dram-model'), byPolicy), {
    nil: undefined,
  }),
  gpuUj: byPolicy,
  hasIo: fc.boolean(),
  missing: fc.constantFrom(0, 0, 1, 7),
  split: fc.constantFrom(undefined, 'percpu', 'assumed'),
});

export type RandomRun = typeof run extends fc.Arbitrary<infer T> ? T : never;

const cluster = fc.record({
  jobs: fc.array(fc.array(run, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 }),
  /** Hours that an agent instance lives. */
  instanceHours: fc.integer({ min: 5, max: 200 }),
  /** Days that a host's CPU stays in it. */
  cpuDays: fc.constantFrom(1.3, 2.4, 100),
  /** Lines of 5 or of 15 minutes. */
  stretchS: fc.constantFrom(300, 900, 900),
});

/** What some days of one or two clusters leave behind, each record once, in no order that matters. */
export const anyLife: fc.Arbitrary<EitRecord[]> = fc
  .record({ alpha: cluster, beta: fc.option(cluster, { nil: undefined, freq: 2 }) })
  .map(({ alpha, beta }) => [
    ...recordsOf('alpha', alpha),
    ...(beta === undefined ? [] : recordsOf('beta', beta)),
  ]);

type RandomCluster = typeof cluster extends fc.Arbitrary<infer T> ? T : never;
type Unnumbered = Omit<RunRecord, 'seq'> | Omit<HostRecord, 'seq'>;

function recordsOf(name: string, given: RandomCluster): EitRecord[] {
  const lines: Unnumbered[] = HOSTS.flatMap((host) => hostLines(name, host, given));
  given.jobs.forEach((runs, i) => lines.push(...jobLines(name, i + 1, runs, given)));
  const next = new Map<string, number>();
  return lines
    .sort((a, b) => (a.to < b.to ? -1 : a.to > b.to ? 1 : 0))
    .map((line): EitRecord => {
      const writer = `${line.host} ${line.instance}`;
      const seq = next.get(writer) ?? 0;
      next.set(writer, seq + 1);
      return { ...line, seq };
    });
}

function jobLines(name: string, job: number, runs: readonly RandomRun[], given: RandomCluster): Unnumbered[] {
  const lines: Unnumbered[] = [];
  let atMs = BEGIN_MS;
  let restart = 0;
  let before: RandomRun | undefined;
  for (const [i, asked] of runs.entries()) {
    // A requeued job keeps what it is; one whose id came back to another is told by its time.
    const told: RandomRun =
      asked.isRequeue && before !== undefined
        ? { ...asked, who: before.who, told: before.told, gap: asked.gap }
        : { ...asked, gap: Math.max(asked.gap, i === 0 ? 0 : 6) };
    restart = told.isRequeue && i > 0 ? restart + 1 : 0;
    before = told;
    atMs += told.gap * MINUTE_MS + 1234 * i;
    if (atMs > END_MS - 3_600_000) break;
    const endMs = Math.min(atMs + told.seconds * 1000, END_MS);
    for (const [n, host] of told.hosts.entries()) {
      lines.push(...fragmentLines(name, job, i, restart, host, n, told, atMs, endMs, given));
    }
    atMs = endMs + 21_000;
  }
  return lines;
}

function fragmentLines(
  name: string,
  job: number,
  i: number,
  restart: number,
  host: string,
  n: number,
  told: RandomRun,
  beginMs: number,
  runEndMs: number,
  given: RandomCluster,
): Unnumbered[] {
  const startedMs = beginMs + n * told.lag * 100;
  const endMs = Math.max(startedMs + 500, runEndMs + n * told.lag * 100);
  const nodes = told.hosts.length + told.silentNodes;
  const sluid = `s${'0123456789ABC'.slice(0, 10)}${job}${i}${name === 'alpha' ? 0 : 1}`;
  const lines: Unnumbered[] = [];
  const stretchMs = given.stretchS * 1000;
  let fromMs = told.begin === 'late' ? Math.min(startedMs + 100_000, endMs - 100) : startedMs;
  for (let k = 0; fromMs < endMs; k++) {
    const toMs = Math.min((Math.floor(fromMs / stretchMs) + 1) * stretchMs, endMs);
    const isLast = toMs === endMs;
    const ms = toMs - fromMs;
    const grown = told.isResized && fromMs - startedMs > 30_000_000;
    const scaled = ([a, b, c]: readonly [number, number, number]): [number, number, number] => [
      Math.floor((a * ms) / 300_000),
      Math.floor((b * ms) / 300_000),
      Math.floor((c * ms) / 300_000) + k,
    ];
    const energies = (of: Readonly<Record<string, [number, number, number]>>) =>
      Object.fromEntries(Object.entries(of).map(([domain, amounts]) => [domain, scaled(amounts)]));
    const hasGpu = told.gpus > 0 && n === 0;
    lines.push({
      schema: 1,
      kind: 'run',
      tool: '0.1.0',
      cluster: name,
      host,
      boot: '0123abcd',
      instance: instanceOf(name, host, toMs, given),
      from: utc(fromMs),
      to: utc(toMs),
      ms,
      node: host,
      job,
      ...(told.told === 'old' ? {} : { restart }),
      started: utc(startedMs),
      ...(told.told === 'start' ? { slurm_start: Math.floor(beginMs / 1000) } : {}),
      ...(told.told === 'sluid' ? { sluid } : {}),
      ...namesOf(told),
      ...(told.tellsNodes === 'number' ? { nodes: nodes + (grown ? 1 : 0) } : {}),
      ...(hasGpu ? { gpus: told.gpus } : {}),
      ...(k % 5 === 4 ? {} : { cpu_us: ms * 900 + job }),
      ...(told.split === undefined ? {} : { package_split: told.split }),
      measured_uj: { ...energies(told.measured), ...(hasGpu ? { 'gpu-0': scaled(told.gpuUj) } : {}) },
      ...(told.modelled === undefined ? {} : { modelled_uj: energies(told.modelled) }),
      ...(k % 3 === 1 && 'package-0' in told.measured
        ? { estimated_uj: { 'package-0': scaled([k, 1, 2]) } }
        : {}),
      ...(told.missing > 0 && k % told.missing === 0
        ? { missing_ms: { 'package-0': Math.floor(ms / 2), 'dram-0': ms } }
        : {}),
      ...(told.hasIo && k % 2 === 0 ? { io: { rb: 1000 + k, w: 3 } } : {}),
      ...(hasGpu && k % 4 !== 3
        ? {
            gpu: {
              ms: ms * told.gpus,
              by: told.gpuBy,
              ...(k % 2 === 0 ? { busy_ms: Math.floor(ms / 3), idle_uj: scaled([5, 6, 7]) } : {}),
              ...(k % 3 === 0 ? { told_ms: Math.floor(ms / 2), p_state_ms: { P0: ms, P8: 1 } } : {}),
              memory_bytes: 1_000_000 * (k % 7),
              ...(told.hasConflict && k === 2 ? { conflict: `GPU ${job} is elsewhere` } : {}),
            },
          }
        : {}),
      ...(k === 0
        ? {
            start: {
              by: told.begin === 'epilog' ? ('epilog' as const) : ('prolog' as const),
              ...(told.tellsNodes === 'list' ? { nodelist: `n[1-${nodes}]` } : {}),
            },
          }
        : {}),
      ...(isLast && told.end !== 'none' ? { end: { by: told.end, coverage: {} } } : {}),
    });
    fromMs = toMs;
  }
  return lines;
}

function hostLines(name: string, host: string, given: RandomCluster): Unnumbered[] {
  const stretchMs = 3 * 3_600_000 + given.stretchS * 1000;
  const lines: Unnumbered[] = [];
  let day = '';
  for (let [fromMs, k] = [BEGIN_MS, 0]; fromMs < END_MS; fromMs += stretchMs, k++) {
    const toMs = Math.min(fromMs + given.stretchS * 1000, END_MS);
    const isNewDay = utc(fromMs).slice(0, 10) !== day;
    day = utc(fromMs).slice(0, 10);
    const cpu = `CPU ${Math.floor((fromMs - BEGIN_MS) / 86_400_000 / given.cpuDays)}`;
    const isModelled = host === 'n3';
    lines.push({
      schema: 1,
      kind: 'host',
      tool: '0.1.0',
      cluster: name,
      host,
      boot: '0123abcd',
      instance: instanceOf(name, host, toMs, given),
      from: utc(fromMs),
      to: utc(toMs),
      ms: toMs - fromMs,
      nodes: k % 4 === 0 ? [] : [host],
      domains: {
        'package-0': {
          class: 'cpu',
          source: 'rapl',
          quality: isModelled ? 'modelled' : 'measured',
          counter_uj: 60_000_000,
          runs_uj: [10_000_000, 11_000_000, 12_000_000],
          idle_uj: [20_000_000 + k, 21_000_000, 22_000_000],
          system_uj: [30_000_000, 28_000_000, 26_000_000],
          missing_ms: k % 3,
          ...(k % 5 === 0 ? {} : { idle_by: k % 2 === 0 ? 'calibrated' : 'modelled' }),
        },
      },
      cpu: { cpus: 4, busy_us: 1, runs_us: 1 },
      ...(isNewDay ? { hardware: { threads: 4, cpu, gpus: { 'gpu-0': { model: `G${cpu}` } } } } : {}),
    });
  }
  return lines;
}

/** Slurm before 22.05 tells no account. */
function namesOf({ who, told }: RandomRun): Pick<RunRecord, 'uid' | 'user' | 'account' | 'partition'> {
  const { account, ...rest }: Pick<RunRecord, 'uid' | 'user' | 'account' | 'partition'> = who;
  return told === 'old' || account === undefined ? rest : { ...rest, account };
}

/** An agent that was started anew has another name. */
function instanceOf(name: string, host: string, atMs: number, { instanceHours }: RandomCluster): string {
  const nth = Math.floor((atMs - BEGIN_MS) / 3_600_000 / instanceHours);
  return `${name === 'alpha' ? 'a' : 'b'}${host.slice(1)}${nth.toString(16).padStart(10, '0')}`;
}

function utc(ms: number): string {
  return new Date(ms).toISOString();
}
