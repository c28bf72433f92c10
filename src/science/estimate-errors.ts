import { type MethodEstimate, type MethodName, METHODS } from './energy-estimate';
import { pairedTest } from './paired-t';
import { mean } from './sample';
import { holm, stars } from './significance';

/** How far a method is from what was measured. */
export interface MethodError {
  readonly method: MethodName;
  /** Mean of the runs, PUE in both. */
  readonly estimatedKwh: number;
  readonly measuredKwh: number;
  /** 0.5: half as much again as was measured; null: nothing was. */
  readonly error: number | null;
  /** Over the runs, after Holm for there being several methods; null: too few runs, or no spread. */
  readonly p: number | null;
  readonly stars: string | null;
}

/** A run of which both are known. */
export interface JudgedRun {
  /** With PUE. */
  readonly measuredKwh: number;
  readonly pue: number;
  readonly estimates: Readonly<Record<MethodName, MethodEstimate>>;
}

/** The errors of the methods that can be used of every run. */
export function errorsOf(runs: readonly JudgedRun[]): MethodError[] {
  const measured = runs.map(({ measuredKwh }) => measuredKwh);
  const found = METHODS.flatMap((method) => {
    const estimated = runs.flatMap(({ estimates, pue }) => {
      const { itKwh } = estimates[method];
      return itKwh === null ? [] : [itKwh * pue];
    });
    if (estimated.length < runs.length) return [];
    return [{ method, estimated, test: pairedTest(measured, estimated) }];
  });
  const corrected = holm(found.flatMap(({ test }) => test?.p ?? []));
  let next = 0;
  return found.map(({ method, estimated, test }) => {
    const p = test === null ? null : (corrected[next++] ?? null);
    const [estimatedKwh, measuredKwh] = [mean(estimated), mean(measured)];
    return {
      ...{ method, estimatedKwh, measuredKwh, p },
      error: measuredKwh > 0 ? estimatedKwh / measuredKwh - 1 : null,
      stars: p === null ? null : stars(p),
    };
  });
}
