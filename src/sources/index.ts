import type { DomainClass } from '../generated/record';
import { bmc } from './bmc';
import { cpuModel } from './cpu-model';
import { cray } from './cray';
import { dramModel } from './dram-model';
import { hwmon } from './hwmon';
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
 * Where energy figures may come from, the preferred first: counters, then models. Of those for a CPU the first tell its
 * packages apart, and Cray's counters, which were made to be added up with each other, come before sensors of power that
 * have to be integrated. Adding one: its file, and its name here.
 */
export const ENERGY_SOURCES: readonly EnergySource[] = [powercap, cray, hwmon, bmc, cpuModel, dramModel];

/** What measures this host, and for each source that doesn't, why. */
export interface ChosenSources {
  readonly meters: EnergyMeter[];
  /** Reason by name of source. */
  readonly absent: Record<string, string>;
}

/**
 * Opens the sources in order. A source serves only classes of domains (cpu, dram, ...) that none before it serves: two
 * views of one package added up would count it twice. Domains that hold others are never added up: of them all those with
 * different names are kept.
 * @throws EitError EIT_DATA_FILE where this installation's own data are broken
 */
export function chooseSources(
  roots: Roots,
  settings: SourceSettings,
  sources = ENERGY_SOURCES,
): ChosenSources {
  const meters: EnergyMeter[] = [];
  const absent: Record<string, string> = {};
  const served = new Map<string, Served>();
  for (const source of sources) {
    const opened = source.open(roots, settings);
    if (isMissing(opened)) {
      absent[source.name] = opened.missing;
      continue;
    }
    const refusals = opened.domains.map((domain) => served.get(servedAs(domain)) ?? null);
    const reasons = new Set(refusals.filter((refusal) => refusal !== null).map(describe));
    if (reasons.size > 0) absent[source.name] = [...reasons].join('; ');

    const meter = reasons.size === 0 ? opened : restrict(opened, (i) => refusals[i] === null);
    const classes = (opened.classes ?? []).filter((name) => !served.has(name));
    if (meter.domains.length === 0 && classes.length === 0) {
      opened.close();
      continue;
    }
    meters.push(meter);
    for (const name of classes)
      served.set(name, { source: source.name, names: [`${name} domains`], isInside: false });
    for (const first of meter.domains) {
      const key = servedAs(first);
      const names = meter.domains.filter((domain) => servedAs(domain) === key).map(({ name }) => name);
      served.set(key, { source: source.name, names, isInside: false });
      for (const held of first.holds ?? []) {
        served.set(held, { source: source.name, names: [first.name], isInside: true });
      }
    }
  }
  return { meters, absent };
}

function servedAs({ class: domainClass, name }: EnergyDomain): DomainClass | `whole ${string}` {
  return domainClass === 'whole' ? `whole ${name}` : domainClass;
}

interface Served {
  readonly source: string;
  readonly names: readonly string[];
  /** The class is no domain of its own but inside these. */
  readonly isInside: boolean;
}

function describe({ source, names, isInside }: Served): string {
  if (isInside) return `it is inside ${names.join(', ')} of ${source}`;
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
