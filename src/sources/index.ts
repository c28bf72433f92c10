import type { DomainClass } from '../generated/record';
import { cpuModel } from './cpu-model';
import { powercap } from './powercap';
import { type EnergyMeter, type EnergySource, type Roots, isMissing } from './source';

/** Where energy figures may come from, the preferred first. Adding one: its file, and its name here. */
export const ENERGY_SOURCES: readonly EnergySource[] = [powercap, cpuModel];

/** What measures this host, and for each source that doesn't, why. */
export interface ChosenSources {
  readonly meters: EnergyMeter[];
  /** Reason by name of source. */
  readonly absent: Record<string, string>;
}

/**
 * Opens the sources in order. A source serves only classes of domains (cpu, dram, ...) that none before it serves: two
 * views of one package added up would count it twice.
 * @throws EitError EIT_DATA_FILE where this installation's own data are broken
 */
export function chooseSources(roots: Roots, sources = ENERGY_SOURCES): ChosenSources {
  const meters: EnergyMeter[] = [];
  const absent: Record<string, string> = {};
  const served = new Map<DomainClass, Served>();
  for (const source of sources) {
    const opened = source.open(roots);
    if (isMissing(opened)) {
      absent[source.name] = opened.missing;
      continue;
    }
    const refusals = opened.domains.map((domain) => served.get(domain.class) ?? null);
    const reasons = new Set(refusals.filter((refusal) => refusal !== null).map(describe));
    if (reasons.size > 0) absent[source.name] = [...reasons].join('; ');

    const meter = reasons.size === 0 ? opened : restrict(opened, (i) => refusals[i] === null);
    if (meter.domains.length === 0) {
      opened.close();
      continue;
    }
    meters.push(meter);
    for (const { class: domainClass } of meter.domains) {
      const names = meter.domains.filter((domain) => domain.class === domainClass).map(({ name }) => name);
      served.set(domainClass, { source: source.name, names });
    }
  }
  return { meters, absent };
}

interface Served {
  readonly source: string;
  readonly names: readonly string[];
}

function describe({ source, names }: Served): string {
  return `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} measured by ${source}`;
}

/** A meter of some of a meter's domains. */
function restrict(meter: EnergyMeter, isKept: (index: number) => boolean): EnergyMeter {
  return {
    domains: meter.domains.filter((_, i) => isKept(i)),
    read: (at) => meter.read(at).filter((_, i) => isKept(i)),
    close: () => meter.close(),
  };
}
