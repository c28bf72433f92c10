import { createHash } from 'node:crypto';
import type { EnergyByDomain, RunRecord } from '../generated/record';

/**
 * What a run's record has measured, whatever else it says of itself: its times, its energies under each policy and its CPU time. Two hosts do not measure
 * the same to the microjoule in the same millisecond.
 * @returns null where it has no energy: such records can be alike
 */
export function recordFingerprint(record: RunRecord): string | null {
  const { from, to, measured_uj: measured, modelled_uj: modelled, cpu_us: cpuUs } = record;
  const energies = [measured, modelled].map(energiesOf);
  if (energies.every((all) => all.length === 0)) return null;
  const told = [Date.parse(from), Date.parse(to), ...energies, cpuUs ?? null];
  return createHash('sha256').update(JSON.stringify(told)).digest('base64url').slice(0, 16);
}

/** Without names of domains, which are as easily changed as the order of lines. */
function energiesOf(energies: EnergyByDomain | undefined): string[] {
  return Object.values(energies ?? {})
    .filter((byPolicy) => byPolicy.some((uj) => uj > 0))
    .map((byPolicy) => JSON.stringify(byPolicy))
    .sort();
}
