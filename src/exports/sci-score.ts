import { EitError } from '../errors';
import type { EitReport } from '../generated/report';
import { metricVariable } from '../science/metric-variable';
import type { RunSet } from '../science/run-set';
import { sum } from '../science/sample';
import { valuesOf, variableNamed } from '../science/variable';
import { visible } from '../config/visible';

/** What a score is of one of: R of the standard. */
export interface FunctionalUnit {
  /** Such as `jobs`. */
  readonly name: string;
  /** One of it, such as `job`. */
  readonly one: string;
  /** How many the set had: above 0. */
  readonly amount: number;
}

/** What making the machines emitted. */
export interface Embodied {
  readonly g: number;
  /** Where it is from, in words. */
  readonly basis: string;
}

/** A score of Software Carbon Intensity (ISO/IEC 21031:2024): (E · I + M) / R. */
export interface SciScore {
  /** kWh, PUE in it: the standard's boundary has the data centre. */
  readonly energyKwh: number;
  /** gCO2eq/kWh of the grid, location-based, the mean over the energy. */
  readonly gPerKwh: number;
  readonly operationalG: number;
  readonly embodied: Embodied;
  readonly unit: FunctionalUnit;
  /** gCO2eq a functional unit. */
  readonly score: number;
}

/**
 * The functional unit that --per names: job, hour (of all runs together), a number of the user's own, or a metric of the runs, added up.
 * @throws EitError EIT_USAGE
 */
export function functionalUnit(per: string, set: RunSet): FunctionalUnit {
  const { total } = set.report;
  const unit = unitOf(per, set, total);
  if (unit.amount > 0 && Number.isFinite(unit.amount)) return unit;
  throw new EitError(
    'EIT_USAGE',
    `--per ${visible(per, 80)}: the runs have ${unit.amount} of it, and a score is of one: name another unit`,
  );
}

function unitOf(per: string, set: RunSet, total: EitReport['total']): FunctionalUnit {
  if (per === 'job') return { name: 'jobs', one: 'job', amount: total.jobs };
  if (per === 'hour') return { name: 'hours', one: 'hour', amount: total.elapsed_seconds / 3600 };
  if (isUnitCount(per)) return { name: 'units', one: 'unit', amount: Number(per) };
  const metric = metricVariable(per, [set]);
  if (metric !== null)
    return { name: `metric/${per}`, one: `metric/${per}`, amount: sum(valuesOf(set, metric)) };
  // The message of what there is; columns are no units of what software does.
  variableNamed(per, [set]);
  throw new EitError(
    'EIT_USAGE',
    `--per ${visible(per, 80)} is no functional unit: give job, hour, a number of units, or a metric of the runs (eit metric JOB name=value)`,
  );
}

/** Whether --per is a number of units that the user counted, which is of one set. */
export function isUnitCount(per: string): boolean {
  return /^\d+(\.\d+)?([eE]\+?\d+)?$/.test(per);
}

/**
 * M of the runs: from the site's classes of machines.
 * @returns null where it is not known of all of their time
 */
export function embodiedOf({ total }: EitReport): Embodied | null {
  const { embodied } = total;
  if (embodied === undefined || embodied.co2e_kg === null) return null;
  if (embodied.unknown_node_hours > 0 || embodied.unknown_gpu_hours > 0) return null;
  return {
    g: embodied.co2e_kg * 1000,
    basis: 'site.embodied, by the time and the part of the machines that runs had',
  };
}

export function sciScore({ total }: EitReport, embodied: Embodied, unit: FunctionalUnit): SciScore {
  const energyKwh = total.energy_kwh.total;
  const operationalG = total.co2e_kg * 1000;
  return {
    energyKwh,
    gPerKwh: energyKwh > 0 ? operationalG / energyKwh : 0,
    operationalG,
    embodied,
    unit,
    score: (operationalG + embodied.g) / unit.amount,
  };
}
