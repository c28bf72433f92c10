import type { ReportGroup } from '../generated/report';
import { mean, standardError, sum } from '../science/sample';
import type { Variable } from '../science/variable';

/** A figure over the runs of a set. */
export interface FigureSummary {
  readonly variable: Variable;
  /** Runs that tell it. */
  readonly n: number;
  /** null: none tells it. */
  readonly mean: number | null;
  /** s / √n; null: one run tells nothing of how much runs differ. */
  readonly standardError: number | null;
  /** null: none tells it, or values of this kind do not add up to anything. */
  readonly sum: number | null;
}

/** Units of which a sum means something. */
const ADDS_UP = new Set(['kWh', 'kg', 's', 'l', 'USD']);
/** The same of figures without a unit of their own. */
const COUNTS = new Set(['Cost', 'Runs']);

/**
 * Mean, standard error and sum of a figure, as eit compare has them.
 * @param jobs a line a job; those of which the figure is not told are left out, and `n` says so
 */
export function summaryOf(jobs: readonly ReportGroup[], variable: Variable): FigureSummary {
  const values = jobs.map((job) => variable.valueOf(job)).filter((value) => value !== null);
  const n = values.length;
  const adds = ADDS_UP.has(variable.unit) || COUNTS.has(variable.name);
  return {
    variable,
    n,
    mean: n === 0 ? null : mean(values),
    standardError: n < 2 ? null : standardError(values),
    sum: n === 0 || !adds ? null : sum(values),
  };
}

/** `1.20 kWh ± 34.0 Wh`; of one run no error; of none a dash. */
export function meanText({ variable, mean: middle, standardError: error }: FigureSummary): string {
  if (middle === null) return '–';
  return `${variable.text(middle)}${error === null ? '' : ` ± ${variable.text(error)}`}`;
}
