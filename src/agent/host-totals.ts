import { POLICIES } from '../attribution/policy';
import type { HostDomainLine, HostLine } from './host-state';

/** What host lines come to since this boot, or since the first agent of it that left no checkpoint behind. */
export interface HostTotals {
  /** Beginning of the first of them, Unix ms. */
  readonly sinceMs: number;
  readonly domains: Readonly<Record<string, DomainTotals>>;
  readonly whole: Readonly<Record<string, WholeTotals>>;
  readonly busyUs: number;
  readonly runsUs: number;
  readonly readings: number;
}

/** Energies by policy, in whole µJ: of a year they are beyond what a number holds exactly. */
export interface DomainTotals extends Pick<HostDomainLine, 'class' | 'source' | 'quality'> {
  readonly runsUj: readonly bigint[];
  readonly idleUj: readonly bigint[];
  readonly systemUj: readonly bigint[];
  readonly missingMs: number;
  readonly wraps: number;
  readonly resets: number;
}

export interface WholeTotals {
  readonly source: string;
  readonly counterUj: bigint;
  readonly missingMs: number;
}

/**
 * Totals with a host line added. A domain of which another source tells now begins anew.
 * @param totals null: of nothing yet
 * @returns null where the line has not begun, and there were none
 */
export function addHostLine(totals: HostTotals | null, line: HostLine): HostTotals | null {
  if (line.from === null) return totals;
  const before: Omit<HostTotals, 'sinceMs'> = totals ?? {
    domains: {},
    whole: {},
    busyUs: 0,
    runsUs: 0,
    readings: 0,
  };
  return {
    sinceMs: totals?.sinceMs ?? line.from.wallMs,
    domains: {
      ...before.domains,
      ...mapped(line.domains, (domain, name) => addDomain(before.domains[name], domain)),
    },
    whole: {
      ...before.whole,
      ...mapped(line.whole, ({ source, counterUj, missingMs }, name) => {
        const told = before.whole[name];
        const old = told?.source === source ? told : undefined;
        return {
          source,
          counterUj: (old?.counterUj ?? 0n) + whole(counterUj),
          missingMs: (old?.missingMs ?? 0) + missingMs,
        };
      }),
    },
    busyUs: before.busyUs + line.busyUs,
    runsUs: before.runsUs + line.runsUs,
    readings: before.readings + line.readings,
  };
}

function addDomain(totals: DomainTotals | undefined, line: HostDomainLine): DomainTotals {
  const { class: kind, source, quality } = line;
  const old = totals?.source === source && totals.quality === quality ? totals : undefined;
  const added = (key: 'runsUj' | 'idleUj' | 'systemUj'): bigint[] =>
    POLICIES.map((_, i) => (old?.[key][i] ?? 0n) + whole(line[key][i] ?? 0));
  return {
    class: kind,
    source,
    quality,
    runsUj: added('runsUj'),
    idleUj: added('idleUj'),
    systemUj: added('systemUj'),
    missingMs: (old?.missingMs ?? 0) + line.missingMs,
    wraps: (old?.wraps ?? 0) + line.wraps,
    resets: (old?.resets ?? 0) + line.resets,
  };
}

function whole(uj: number): bigint {
  return BigInt(Math.round(uj));
}

function mapped<T, U>(of: Readonly<Record<string, T>>, by: (value: T, name: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(of).map(([name, value]) => [name, by(value, name)]));
}
