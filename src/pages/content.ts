import type { EitReport, ReportFigures } from '../generated/report';
import { figures, type SiteFactors } from '../report/report';
import type { SlurmFigures } from '../generated/report';
import { slurmFigures } from '../report/slurm-figures';
import type { View } from '../report/format';
import type { CleanHours } from './hour-sums';
import type { PageSums, Tally } from './page-sums';

/** All that a page tells. */
export interface PageContent {
  readonly title: string;
  /** The report of the same runs: its total, factors, quality and quotas. */
  readonly report: EitReport;
  readonly view: View;
  readonly sums: PageSums;
  /** null: not told, as to an account's coordinators. */
  readonly hours: CleanHours | null;
  /** Whether jobs are listed. */
  readonly listsJobs: boolean;
  readonly factorsOf: (cluster: string) => SiteFactors;
  readonly extrapolate: boolean;
  /** To pages beside it. */
  readonly links: readonly { readonly href: string; readonly text: string }[];
}

/** A line of one of a page's tables. */
export interface NamedFigures {
  readonly name: string;
  readonly figures: ReportFigures & { readonly slurm: SlurmFigures };
}

/** The figures of tallies, in the order of their names. */
export function figuresBy(
  tallies: ReadonlyMap<string, Tally>,
  { factorsOf, extrapolate }: Pick<PageContent, 'factorsOf' | 'extrapolate'>,
): NamedFigures[] {
  return [...tallies]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { sums, slurm }]) => ({
      name,
      figures: { ...figures(sums, factorsOf, extrapolate), slurm: slurmFigures(slurm, false) },
    }));
}

/** Energy with PUE by class of domains: each class has its part of it. In the order of the charts. */
export const CLASSES = [
  { key: 'cpu', name: 'CPU' },
  { key: 'dram', name: 'Memory' },
  { key: 'gpu', name: 'GPU' },
  { key: 'other', name: 'Rest of the nodes' },
] as const;

/** @returns kWh by class; together they are the energy with PUE */
export function classKwh({
  energy_kwh: kwh,
}: ReportFigures): Record<(typeof CLASSES)[number]['key'], number> {
  const factor = kwh.it === 0 ? 1 : kwh.total / kwh.it;
  const of = (value: number | null): number => (value ?? 0) * factor;
  return { cpu: of(kwh.cpu), dram: of(kwh.dram), gpu: of(kwh.gpu), other: of(kwh.other) };
}

/** What stands where nothing is known. */
export const UNKNOWN_TEXT = '–';
