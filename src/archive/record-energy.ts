import type { EitRecord } from '../generated/record';

/** By which a file is known to be the one that was taken, µJ under all policies: a line's is below 2^53. */
export function recordUj(record: EitRecord): number {
  let uj = 0;
  if (record.kind === 'run') {
    for (const energy of [record.measured_uj, record.modelled_uj]) {
      for (const domain in energy) for (const amount of energy[domain]!) uj += amount;
    }
  } else if (record.kind === 'host') {
    for (const domain in record.domains) uj += record.domains[domain]!.counter_uj;
  }
  return uj;
}
