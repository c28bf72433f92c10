import { type MethodEstimate, type MethodName, METHODS } from './energy-estimate';
import { mean } from './sample';

/** One method over several runs; energies are the means of a run. */
export interface MeanEstimate extends MethodEstimate {
  readonly runs: number;
  /** Runs of which that part is not told and counts as 0; of which the method cannot be used, and so has no mean. */
  readonly without: { readonly cpu: number; readonly dram: number; readonly energy: number };
}

/** @param runs at least one */
export function meanEstimates(
  runs: readonly Readonly<Record<MethodName, MethodEstimate>>[],
): Record<MethodName, MeanEstimate> {
  return Object.fromEntries(
    METHODS.map((method) => [
      method,
      meanEstimate(
        method,
        runs.map((run) => run[method]),
      ),
    ]),
  ) as Record<MethodName, MeanEstimate>;
}

function meanEstimate(method: MethodName, all: readonly MethodEstimate[]): MeanEstimate {
  const lacking = all.filter(({ itKwh }) => itKwh === null);
  const lacks = (of: (one: MethodEstimate) => number | null): number =>
    all.filter((one) => of(one) === null).length;
  const isUsed = lacking.length === 0;
  return {
    method,
    gpuKwh: isUsed ? meanOfTold(all.map(({ gpuKwh }) => gpuKwh)) : null,
    cpuKwh: isUsed ? meanOfTold(all.map(({ cpuKwh }) => cpuKwh)) : null,
    dramKwh: isUsed ? meanOfTold(all.map(({ dramKwh }) => dramKwh)) : null,
    itKwh: isUsed ? meanOfTold(all.map(({ itKwh }) => itKwh)) : null,
    lacks: lacking[0]?.lacks ?? null,
    runs: all.length,
    without: { cpu: lacks((one) => one.cpuKwh), dram: lacks((one) => one.dramKwh), energy: lacking.length },
  };
}

/**
 * The mean of a run, as parts of a sum have it: what is not told of a run is not in its sum either, so it counts as 0.
 * @returns null where it is told of none
 */
export function meanOfTold(values: readonly (number | null)[]): number | null {
  return values.every((value) => value === null) ? null : mean(values.map((value) => value ?? 0));
}
