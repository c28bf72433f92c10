import type { DomainClass } from '../generated/record';
import { amdgpu } from './amdgpu';
import { bmc } from './bmc';
import { cpuModel } from './cpu-model';
import { cray } from './cray';
import { dramModel } from './dram-model';
import { hwmon } from './hwmon';
import { intelGpu } from './intel-gpu';
import { nvidia } from './nvidia';
import { powercap } from './powercap';
import {
  type EnergyDomain,
  type EnergyMeter,
  type EnergySource,
  type Roots,
  type SourceSettings,
  isMissing,
} from './source';

/**
 * Where energy figures may come from, the preferred first: counters, then models. Of those for a CPU the first tell
 * its packages apart, and Cray's counters, which were made to be added up with each other, come before sensors of
 * power that have to be integrated. GPUs by their drivers come before Cray's, which do not say which is which. Adding
 * one: its file, and its name here.
 */
export const ENERGY_SOURCES: readonly EnergySource[] = [
  powercap,
  nvidia,
  amdgpu,
  intelGpu,
  cray,
  hwmon,
  bmc,
  cpuModel,
  dramModel,
];

/** What measures this host, and for each source that doesn't, why. */
export interface ChosenSources {
  readonly meters: EnergyMeter[];
  /** Reason by name of source. */
  readonly absent: Record<string, string>;
}

/**
 * Opens the sources in order. A source serves only classes of domains (cpu, dram, ...) that none before it serves:
 * two views of one package added up would count it twice. GPUs that say which they are are told apart one by one, so
 * several sources may serve different ones; accelerators that do not say it are one view of all. Domains that hold
 * others are never added up: of them all those with different names are kept. A GPU whose figure holds the processor
 * too (the whole socket) is the processor's only measure.
 * @throws EitError EIT_DATA_FILE where this installation's own data are broken
 */
export function chooseSources(
  roots: Roots,
  settings: SourceSettings,
  sources = ENERGY_SOURCES,
): ChosenSources {
  const meters: EnergyMeter[] = [];
  const absent: Record<string, string> = {};
  const opened = sources.map((source) => ({ source: source.name, meter: source.open(roots, settings) }));
  const served: Served[] = [];
  for (const { source, meter } of opened) {
    if (!isMissing(meter)) served.push(...heldBy(source, meter.domains.filter(isGpu)));
  }
  for (const { source, meter } of opened) {
    if (isMissing(meter)) {
      absent[source] = meter.missing;
      continue;
    }
    const clashes = meter.domains.map((domain) => served.filter((one) => isServedBy(domain, one)));
    const reasons = new Set(clashes.flatMap(describe));
    if (reasons.size > 0) absent[source] = [...reasons].join('; ');

    const kept = reasons.size === 0 ? meter : restrict(meter, (i) => clashes[i]?.length === 0);
    const awaited = awaitedDomains(meter).filter((domain) => !served.some((one) => isServedBy(domain, one)));
    if (kept.domains.length === 0 && awaited.length === 0) {
      meter.close();
      continue;
    }
    meters.push(kept);
    served.push(
      ...[...kept.domains, ...awaited].map((domain) => ({ source, domain, held: null })),
      ...heldBy(source, kept.domains),
    );
  }
  return { meters, absent };
}

/** Stands for those that a meter tells of later: GPUs, one by one. */
function awaitedDomains({ classes = [] }: EnergyMeter): EnergyDomain[] {
  return classes.map((name) => ({
    name: `${name.toUpperCase()}s`,
    class: name,
    quality: 'measured',
    source: '',
    maxPowerW: 0,
    gpu: { uuid: null, pciBusId: '', index: 0, minor: null, model: '' },
  }));
}

function isGpu(domain: EnergyDomain): boolean {
  return domain.class === 'gpu';
}

/** What is served: a domain, or a class that is inside one of another class. */
interface Served {
  readonly source: string;
  readonly domain: EnergyDomain;
  /** The class inside the domain; null: the domain itself. */
  readonly held: DomainClass | null;
}

function heldBy(source: string, domains: readonly EnergyDomain[]): Served[] {
  return domains.flatMap((domain) => (domain.holds ?? []).map((held) => ({ source, domain, held })));
}

/** Whether what a domain draws is in what is served. */
function isServedBy(domain: EnergyDomain, { domain: other, held }: Served): boolean {
  if (held !== null) return domain.class === held;
  if (domain.class !== other.class) return false;
  const isOneByOne = isGpu(domain) && domain.gpu !== undefined && other.gpu !== undefined;
  return isOneByOne || domain.class === 'whole' ? domain.name === other.name : true;
}

/** Why a domain is refused, by source. */
function describe(served: readonly Served[]): string[] {
  const ways = new Map<string, Served[]>();
  for (const one of served) {
    const way = `${one.source} ${one.held !== null}`;
    ways.set(way, [...(ways.get(way) ?? []), one]);
  }
  return [...ways.values()].map((same) => {
    const names = [...new Set(same.map(({ domain }) => domain.name))];
    const [first] = same;
    if (first?.held) return `it is inside ${names.join(', ')} of ${first.source}`;
    const isOne = names.length === 1 && !names[0]!.endsWith('s');
    return `${names.join(', ')} ${isOne ? 'is' : 'are'} measured by ${first?.source}`;
  });
}

/** A meter of some of a meter's domains. */
function restrict(meter: EnergyMeter, isKept: (index: number) => boolean): EnergyMeter {
  return {
    domains: meter.domains.filter((_, i) => isKept(i)),
    read: (at) => meter.read(at).filter((_, i) => isKept(i)),
    ...(meter.looks === undefined ? {} : { looks: () => meter.looks?.() ?? new Map() }),
    close: () => meter.close(),
  };
}
