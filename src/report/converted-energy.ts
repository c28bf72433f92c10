import type { DomainClass } from '../generated/record';
import { DOMAIN_CLASSES } from '../runs/domain-class';
import type { ClusterEnergy } from '../runs/group-sums';
import { type Weight, WEIGHT_UNIT, type WeightedSums, WEIGHTS } from '../runs/slot-weights';
import { kwh } from './conversion';

/** Factors that turn joules into the building's energy, and that into CO2eq and money. */
export interface EnergyFactors {
  readonly pue: number;
  readonly intensityGPerKwh: number;
  readonly nodeOverhead: number;
}

/** What a cluster's joules come to. */
export interface ConvertedEnergy {
  /** Measured, modelled and extrapolated together, with what `node_overhead` adds. */
  readonly classUj: ReadonlyMap<DomainClass, bigint>;
  readonly itUj: bigint;
  /** With PUE. */
  readonly totalKwh: number;
  readonly co2eKg: number;
  readonly extrapolatedKwh: number;
  /** kWh (of the total) by where their intensity is from; null where it is the same at all times. */
  readonly byOrigin: Readonly<Record<IntensityOrigin, number>> | null;
  /** Money for what was used at a known time; 0 where no energy is weighed. */
  readonly timedCost: number;
  /** The part of the total of which nobody knows when it was used: it has the constant factors. */
  readonly timelessKwh: number;
}

/** Where the intensity of energy is from. The first are all of it; what is on another basis is part of them. */
export type IntensityOrigin = 'series' | 'estimated' | 'neighbour' | 'same_hour' | 'yearly' | 'other_basis';

/**
 * Equation (1) of Henderson et al. 2020 over time: Σ energy of a slot · PUE then · intensity then. Energy of which nobody knows when it was
 * used has the constant factors.
 */
export function convertEnergy(energy: ClusterEnergy, factors: EnergyFactors): ConvertedEnergy {
  const { pue, intensityGPerKwh, nodeOverhead } = factors;
  const classUj = energyByClass(energy, nodeOverhead);
  const itUj = sum(classUj.values());
  const unobservedUj =
    sum(energy.extrapolatedUj.values()) + overheadOf(energy.extrapolatedBaseUj, nodeOverhead);
  const { weighted } = energy;
  if (weighted === null) {
    const totalKwh = kwh(itUj) * pue;
    return {
      classUj,
      itUj,
      totalKwh,
      co2eKg: (totalKwh * intensityGPerKwh) / 1000,
      extrapolatedKwh: kwh(unobservedUj) * pue,
      byOrigin: null,
      timedCost: 0,
      timelessKwh: totalKwh,
    };
  }

  const weighed = weighedKwh(weighted, nodeOverhead);
  const timelessKwh = kwh(itUj - weighedUj(weighted, nodeOverhead)) * pue;
  const totalKwh = weighed('total') + timelessKwh;
  const [estimated, neighbour, sameHour] = [weighed('estimated'), weighed('neighbour'), weighed('same_hour')];
  const yearly = weighed('yearly') + timelessKwh;
  return {
    classUj,
    itUj,
    totalKwh,
    co2eKg: (weighed('co2e') + timelessKwh * intensityGPerKwh) / 1000,
    extrapolatedKwh: itUj === 0n ? 0 : (totalKwh * Number(unobservedUj)) / Number(itUj),
    byOrigin: {
      series: Math.max(0, totalKwh - estimated - neighbour - sameHour - yearly),
      estimated,
      neighbour,
      same_hour: sameHour,
      yearly,
      other_basis: weighed('other_basis'),
    },
    timedCost: weighed('cost'),
    timelessKwh,
  };
}

/** Sums of what was weighed, in kWh times the weight. */
function weighedKwh(weighted: WeightedSums, nodeOverhead: number): (name: Weight) => number {
  return (name) => {
    const i = WEIGHTS.indexOf(name);
    const all =
      weighted.recorded[i]! +
      overheadOf(weighted.overheadBase[i]!, nodeOverhead) +
      weighted.extrapolated[i]! +
      overheadOf(weighted.extrapolatedBase[i]!, nodeOverhead);
    return kwh(all) / WEIGHT_UNIT;
  };
}

function weighedUj(weighted: WeightedSums, nodeOverhead: number): bigint {
  const { recordedUj, overheadBaseUj, extrapolatedUj, extrapolatedBaseUj } = weighted;
  return (
    recordedUj +
    extrapolatedUj +
    overheadOf(overheadBaseUj, nodeOverhead) +
    overheadOf(extrapolatedBaseUj, nodeOverhead)
  );
}

function energyByClass(energy: ClusterEnergy, nodeOverhead: number): Map<DomainClass, bigint> {
  const uj = new Map<DomainClass, bigint>();
  for (const name of DOMAIN_CLASSES) {
    const measured = energy.measuredUj.get(name);
    const modelled = energy.modelledUj.get(name);
    const extrapolated = energy.extrapolatedUj.get(name);
    if (measured === undefined && modelled === undefined && extrapolated === undefined) continue;
    uj.set(name, (measured ?? 0n) + (modelled ?? 0n) + (extrapolated ?? 0n));
  }
  if (nodeOverhead > 1 && uj.size > 0) {
    const { overheadBaseUj, extrapolatedBaseUj } = energy;
    const overheadUj =
      overheadOf(overheadBaseUj, nodeOverhead) + overheadOf(extrapolatedBaseUj, nodeOverhead);
    uj.set('other', (uj.get('other') ?? 0n) + overheadUj);
  }
  return uj;
}

/** What `site.node_overhead` adds to a measured energy. */
function overheadOf(baseUj: bigint, nodeOverhead: number): bigint {
  return nodeOverhead > 1 ? (baseUj * BigInt(Math.round((nodeOverhead - 1) * 1e9))) / 1_000_000_000n : 0n;
}

function sum(amounts: Iterable<bigint>): bigint {
  let total = 0n;
  for (const amount of amounts) total += amount;
  return total;
}
