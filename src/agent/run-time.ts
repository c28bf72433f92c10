import type { DomainClass } from '../generated/record';
import type { ActiveRun } from './cpu-time';
import { type DividedDomain, isDivided, runDomain } from './domain-tick';
import type { GpuHolders } from './gpu-holders';
import type { RunState } from './host-state';
import type { HostReading } from './reading';
import { closeRunGpuTick } from './run-gpu';
import { closePoint, isPointDue } from './series';

/** Classes of what is divided, in one tick. */
export interface TickClasses {
  /** Domains of all of them, but GPUs that are known one by one. */
  readonly domains: readonly DividedDomain[];
  readonly all: readonly DomainClass[];
  /** GPUs are among them. */
  readonly hasGpu: boolean;
  /** Those of which a domain is missing; of GPUs that are known one by one see below. */
  readonly missed: ReadonlySet<DomainClass>;
  /** Runs with GPUs that are known one by one, by key: whether one of theirs is missing. */
  readonly missesGpu: ReadonlyMap<string, boolean>;
  /** Those of them, by key, of which a GPU is not known at all. */
  readonly lacksGpu: ReadonlySet<string>;
}

export function classesOf(
  { energy }: HostReading,
  missed: ReadonlyMap<string, DividedDomain>,
  gpuHolders: GpuHolders,
): TickClasses {
  const domains: DividedDomain[] = [];
  const all: DomainClass[] = [];
  for (const { domain } of energy) {
    if (!isDivided(domain) || (gpuHolders.size > 0 && domain.gpu !== undefined)) continue;
    domains.push(domain);
    if (!all.includes(domain.class)) all.push(domain.class);
  }
  const missesGpu = new Map<string, boolean>();
  const held = new Map<ActiveRun, number>();
  for (const [name, holders] of gpuHolders) {
    for (const { each, instances, gpus } of holders) {
      missesGpu.set(each.key, missed.has(name) || missesGpu.get(each.key) === true);
      held.set(each, (held.get(each) ?? 0) + (instances?.length ?? gpus));
    }
  }
  const lacksGpu = new Set<string>();
  for (const [{ key, run }, gpus] of held) {
    if (gpus >= (run.identity.gpus ?? 0) - 1e-9) continue;
    missesGpu.set(key, true);
    lacksGpu.add(key);
  }
  return {
    domains,
    all,
    hasGpu: all.includes('gpu'),
    missed: new Set(
      [...missed.values()].filter(({ name }) => !gpuHolders.has(name)).map((domain) => domain.class),
    ),
    missesGpu,
    lacksGpu,
  };
}

/** Stands for GPUs that a run has and that no source knows. */
const UNKNOWN_GPU: DividedDomain = {
  name: 'gpu-unknown',
  class: 'gpu',
  quality: 'measured',
  source: '',
  maxPowerW: 0,
};

/** Adds a tick's time to a run: how long it ran, what of it was not observed, and the CPU time that it used. */
export function addRunTime(each: ActiveRun, classes: TickClasses, { at }: HostReading): void {
  const { key, run, time, activeNs } = each;
  const ms = activeNs / 1e6;
  const { life, line } = run;
  line.ms += ms;
  life.ms += ms;
  for (const name of classes.all) life.missingMs[name] ??= 0;
  // Several domains of one class missing at once are one missing time.
  for (const name of classes.missed) addMissing(run, name, ms);
  if (time === null) {
    // Nobody could read what it used: what it got is not nothing, it is not known.
    for (const domain of classes.domains) {
      if (!classes.missed.has(domain.class)) runDomain(run, domain).missingMs += ms;
    }
    for (const name of classes.all) if (!classes.missed.has(name)) addMissing(run, name, ms);
  }
  if (!classes.hasGpu) {
    const missesGpu = classes.missesGpu.get(key);
    if (missesGpu === false) life.missingMs.gpu ??= 0;
    // It has GPUs, and nobody reads them.
    else if (missesGpu === true || (run.identity.gpus ?? 0) > 0) addMissing(run, 'gpu', ms);
    if (classes.lacksGpu.has(key)) runDomain(run, UNKNOWN_GPU).missingMs += ms;
  }
  closeRunGpuTick(run);

  const { open } = run.series;
  open.ms += ms;
  if (time !== null) {
    line.cpuRead = true;
    line.cpuNs += time.ns;
    line.cpuEstimatedNs += time.estimatedNs;
    if (time.user !== null) {
      line.userNs = (line.userNs ?? 0) + time.user.ns;
      run.user = time.user.at;
    } else if (run.user !== null) {
      run.user.sinceNs += time.ns;
    }
    open.cpuNs = (open.cpuNs ?? 0) + time.ns;
  }
  if (ms > 0 && isPointDue(run.series)) {
    closePoint(run.series, at, Number(at.monoNs - run.startedMonoNs) / 1e6);
  }
}

function addMissing({ life }: RunState, name: DomainClass, ms: number): void {
  life.missingMs[name] = (life.missingMs[name] ?? 0) + ms;
}
