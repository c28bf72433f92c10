import type { LostByOutcome, LostEnergy } from '../generated/report';
import type { GroupSums } from '../runs/group-sums';
import type { Outcome } from '../slurm/job-states';
import type { LostSums } from './aggregate';
import { byCluster } from './by-cluster';
import { convertEnergy } from './converted-energy';
import type { SiteFactors } from './report';
import { meanFactors } from './report-factors';

/**
 * What went into runs that did not come to their end, by the mean factors of all that they are a part of: PUE and intensity are not
 * kept for them alone.
 * @param of the sums that they are a part of
 */
export function lostEnergy(
  sums: GroupSums,
  of: GroupSums,
  factorsOf: (cluster: string) => SiteFactors,
): LostEnergy {
  let [totalKwh, co2eKg] = [0, 0];
  for (const { cluster, energy, factors } of byCluster(sums, factorsOf)) {
    const converted = convertEnergy(energy, meanFactors(of.energy.get(cluster), factors));
    totalKwh += converted.totalKwh;
    co2eKg += converted.co2eKg;
  }
  return { runs: sums.runs, kwh: totalKwh, co2e_kg: co2eKg };
}

/** The same of a line, by what became of the runs, kWh. */
export function lostKwh(
  lost: LostSums,
  of: GroupSums,
  factorsOf: (cluster: string) => SiteFactors,
): LostByOutcome {
  const kwhOf = (outcome: Outcome): number => {
    const sums = lost.get(outcome);
    return sums === undefined ? 0 : lostEnergy(sums, of, factorsOf).kwh;
  };
  return {
    failed_kwh: kwhOf('failed'),
    cancelled_kwh: kwhOf('cancelled'),
    requeued_kwh: kwhOf('requeued'),
  };
}

export function lostOfAll(lost: Readonly<Record<Outcome, GroupSums>>): LostSums {
  return new Map(Object.entries(lost) as [Outcome, GroupSums][]);
}
