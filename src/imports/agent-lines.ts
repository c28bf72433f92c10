import type { EnergyByDomain, HostDomain, HostRecord, RunRecord } from '../generated/record';
import { classOfDomain } from '../runs/domain-class';
import { type ImportedDomain, type ImportedRun, observedMs } from './imported-run';

/**
 * Energy counts for the middle of its line: at quarters of an hour hours and days begin in every time zone, and an hour's intensity is
 * never that of two.
 */
export const LINE_MS = 900_000;

/** Who a run is of, and which job it is. */
export interface RunOwner {
  readonly job: number;
  readonly uid: number;
  readonly user: string | null;
  /** Version of this program. */
  readonly tool: string;
}

/** A host's lines of one UTC day. */
export interface DayLines {
  readonly day: string;
  readonly lines: readonly (RunRecord | HostRecord)[];
}

/**
 * What the agent would have written, had it measured the run: a line of the run and one of its host each quarter of an hour. Every policy has the same
 * joules: the tool knew nothing of others. Joules of all lines are those of the run to the microjoule.
 */
export function agentLines(run: ImportedRun, owner: RunOwner): DayLines[] {
  const host = hostOf(run);
  const days = new Map<string, (RunRecord | HostRecord)[]>();
  const sums = run.domains.map((domain) => new RunningEnergy(domain));
  const cpu = new RunningCpu(run.cpuSeconds);
  let seq = 0;
  for (let fromMs = run.fromMs; fromMs < run.toMs;) {
    const toMs = Math.min(run.toMs, (Math.floor(fromMs / LINE_MS) + 1) * LINE_MS);
    const told = sums.map((sum) => sum.until(toMs));
    const cpuUs = cpu.untilUs(toMs);
    const head = {
      schema: 1 as const,
      tool: owner.tool,
      cluster: run.cluster,
      host,
      boot: '00000000',
      instance: run.identity.slice(0, 12),
      from: new Date(fromMs).toISOString(),
      to: new Date(toMs).toISOString(),
      ms: toMs - fromMs,
    };
    const isFirst = fromMs === run.fromMs;
    const day = head.to.slice(0, 'YYYY-MM-DD'.length);
    const lines = days.get(day) ?? [];
    days.set(day, lines);
    lines.push(
      runLine(run, owner, head, seq++, told, cpuUs),
      hostLine(run, head, seq++, told, cpuUs ?? 0, isFirst),
    );
    fromMs = toMs;
  }
  return [...days].map(([day, lines]) => ({ day, lines }));
}

/** Each log is a host of its own: which machine it is from no log tells. */
export function hostOf({ identity, cluster }: Pick<ImportedRun, 'identity' | 'cluster'>): string {
  return `${cluster.slice('imported-'.length)}-${identity.slice(0, 12)}`;
}

type Head = Pick<
  RunRecord,
  'schema' | 'tool' | 'cluster' | 'host' | 'boot' | 'instance' | 'from' | 'to' | 'ms'
>;

function runLine(
  run: ImportedRun,
  { job, uid, user }: RunOwner,
  head: Head,
  seq: number,
  told: readonly Growth[],
  cpuUs: number | null,
): RunRecord {
  const missing = told.filter(({ observedMs: ms }) => ms < head.ms);
  const modelled = told.filter(({ modelledUj }) => modelledUj > 0);
  const estimated = told.filter(({ isEstimated }) => isEstimated);
  const started = new Date(run.fromMs).toISOString();
  return {
    ...head,
    kind: 'run',
    seq,
    node: head.host,
    job,
    started,
    slurm_start: Math.floor(run.fromMs / 1000),
    uid,
    ...(user === null ? {} : { user }),
    nodes: 1,
    ...(run.cpus === null ? {} : { cpus: run.cpus }),
    ...(run.gpus === 0 ? {} : { gpus: run.gpus }),
    ...(cpuUs === null ? {} : { cpu_us: cpuUs }),
    measured_uj: byDomain(told, ({ measuredUj }) => measuredUj),
    ...(modelled.length === 0 ? {} : { modelled_uj: byDomain(modelled, ({ modelledUj }) => modelledUj) }),
    ...(estimated.length === 0
      ? {}
      : { estimated_uj: byDomain(estimated, ({ measuredUj, modelledUj }) => measuredUj + modelledUj) }),
    ...(missing.length === 0
      ? {}
      : { missing_ms: Object.fromEntries(missing.map((one) => [one.name, head.ms - one.observedMs])) }),
    ...(head.from === started ? { start: { by: 'prolog' as const } } : {}),
    ...(Date.parse(head.to) === run.toMs
      ? { end: { by: 'epilog' as const, coverage: classCoverage(run) } }
      : {}),
  };
}

/** Nobody else is on the host: what it drew is the run's. */
function hostLine(
  run: ImportedRun,
  head: Head,
  seq: number,
  told: readonly Growth[],
  cpuUs: number,
  isFirst: boolean,
): HostRecord {
  const cpus = Math.max(1, run.cpus ?? 1);
  const gpu = run.domains.find(({ name }) => classOfDomain(name) === 'gpu');
  const domainOf = ({ name, measuredUj, modelledUj, observedMs: ms }: Growth): HostDomain => {
    const uj = measuredUj + modelledUj;
    return {
      class: classOfDomain(name),
      source: run.source.slice(0, 64),
      quality: modelledUj > measuredUj ? 'modelled' : 'measured',
      counter_uj: uj,
      runs_uj: [uj, uj, uj],
      idle_uj: [0, 0, 0],
      system_uj: [0, 0, 0],
      missing_ms: head.ms - ms,
      ...(ms < head.ms ? { missing_reason: 'no sample in the log' } : {}),
    };
  };
  return {
    ...head,
    kind: 'host',
    seq,
    nodes: [head.host],
    domains: Object.fromEntries(told.map((one) => [one.name, domainOf(one)])),
    cpu: { cpus, busy_us: cpuUs, runs_us: cpuUs },
    ...(isFirst
      ? {
          hardware: {
            threads: cpus,
            ...(run.cpuModel === null ? {} : { cpu: run.cpuModel.slice(0, 256) }),
            ...(run.gpuModel === null || gpu === undefined
              ? {}
              : { gpus: { [gpu.name]: { model: run.gpuModel.slice(0, 256) } } }),
          },
        }
      : {}),
  };
}

function byDomain(told: readonly Growth[], ujOf: (growth: Growth) => number): EnergyByDomain {
  return Object.fromEntries(
    told.map((growth): [string, [number, number, number]] => {
      const uj = ujOf(growth);
      return [growth.name, [uj, uj, uj]];
    }),
  );
}

function classCoverage(run: ImportedRun): Record<string, number> {
  const lengthMs = run.toMs - run.fromMs;
  const found: Record<string, number> = {};
  for (const domain of run.domains) {
    const name = classOfDomain(domain.name);
    found[name] = Math.min(found[name] ?? 1, observedMs(domain) / lengthMs);
  }
  return found;
}

/** What a line has of a domain. */
interface Growth {
  readonly name: string;
  readonly isEstimated: boolean;
  readonly measuredUj: number;
  readonly modelledUj: number;
  readonly observedMs: number;
}

/** Energy of a domain up to a time; what a line gets is what the rounded sum has grown by, so that nothing is lost by rounding. */
class RunningEnergy {
  readonly #domain: ImportedDomain;
  #next = 0;
  /** Up to the last piece that is over: joules and ms. */
  #measuredJ = 0;
  #modelledJ = 0;
  #observedMs = 0;
  #told = { measuredUj: 0, modelledUj: 0, observedMs: 0 };

  constructor(domain: ImportedDomain) {
    this.#domain = domain;
  }

  until(toMs: number): Growth {
    const { name, isEstimated, pieces } = this.#domain;
    for (; this.#next < pieces.length && pieces[this.#next]!.toMs <= toMs; this.#next++)
      this.#add(pieces[this.#next]!.toMs);
    const [measuredJ, modelledJ, seenMs] = [this.#measuredJ, this.#modelledJ, this.#observedMs];
    const piece = pieces[this.#next];
    if (piece !== undefined && piece.fromMs < toMs) this.#add(toMs);
    const now = {
      measuredUj: Math.round(this.#measuredJ * 1e6),
      modelledUj: Math.round(this.#modelledJ * 1e6),
      observedMs: this.#observedMs,
    };
    [this.#measuredJ, this.#modelledJ, this.#observedMs] = [measuredJ, modelledJ, seenMs];
    const before = this.#told;
    this.#told = now;
    return {
      name,
      isEstimated,
      measuredUj: now.measuredUj - before.measuredUj,
      modelledUj: now.modelledUj - before.modelledUj,
      observedMs: now.observedMs - before.observedMs,
    };
  }

  /** The piece in hand up to a time in it. */
  #add(toMs: number): void {
    const { fromMs, powerW, isMeasured, isObserved } = this.#domain.pieces[this.#next]!;
    const joules = (powerW * (toMs - fromMs)) / 1000;
    if (isMeasured) this.#measuredJ += joules;
    else this.#modelledJ += joules;
    if (isObserved) this.#observedMs += toMs - fromMs;
  }
}

/** CPU time up to a time, by straight line between what was told. */
class RunningCpu {
  readonly #points: ImportedRun['cpuSeconds'];
  #next = 0;
  #toldUs = 0;

  constructor(points: ImportedRun['cpuSeconds']) {
    this.#points = points;
  }

  untilUs(toMs: number): number | null {
    const points = this.#points;
    if (points.length === 0) return null;
    while (this.#next < points.length && points[this.#next]!.atMs <= toMs) this.#next++;
    const [last, next] = [points[this.#next - 1], points[this.#next]];
    const seconds =
      last === undefined
        ? 0
        : next === undefined
          ? last.seconds
          : last.seconds + ((next.seconds - last.seconds) * (toMs - last.atMs)) / (next.atMs - last.atMs);
    const us = Math.round(seconds * 1e6);
    const grown = Math.max(0, us - this.#toldUs);
    this.#toldUs += grown;
    return grown;
  }
}
