import { visible } from '../config/visible';
import type { EitReport } from '../generated/report';
import { filledText, intensityText } from '../report/intensity-words';
import { measuredPartText } from '../report/measured-part';
import { counted, energyText, massText } from '../report/units';
import { isCovered, LEAST_COVERAGE, type RunSet, type RunSetFilter } from '../science/run-set';
import type { Mark } from './badge-marks';
import { publishedSet } from './published-set';
import { defaultsText, type TimeSpan } from './sci-manifest';

/** One field of a badge. */
export interface BadgePart {
  readonly text: string;
  readonly kind: 'label' | 'value' | 'mark';
}

/** A badge before it is drawn. */
export interface Badge {
  /** Of all parts, from left to right. */
  readonly parts: readonly BadgePart[];
  /** All of it in one line: for screen readers and where no picture is. */
  readonly text: string;
  /** What it rests on. */
  readonly basis: string;
}

/** Letters of a user's own label. */
const LONGEST_LABEL = 40;

/**
 * The badge of a set: energy, CO2eq, how much of it was observed, how it came about. Its colours never say that a run was large.
 * @param given.label what stands first
 * @param given.span when the runs were
 */
export function badgeOf(
  { filter, report }: RunSet,
  {
    label,
    marks,
    span,
  }: { readonly label: string; readonly marks: readonly Mark[]; readonly span: TimeSpan },
): Badge {
  const { total } = report;
  const least = isWhole(report) ? '' : 'at least ';
  const parts: BadgePart[] = [
    { text: visible(label, LONGEST_LABEL), kind: 'label' },
    { text: `${least}${energyText(total.energy_kwh.total)}`, kind: 'value' },
    { text: `${massText(total.co2e_kg)} CO2eq`, kind: 'value' },
    { text: coverageText(report), kind: 'value' },
    { text: measuredPartText(total.measured_fraction, 'no energy'), kind: 'value' },
    ...marks.map(({ text }): BadgePart => ({ text, kind: 'mark' })),
  ];
  const [first, ...rest] = parts.map(({ text }) => text);
  return {
    parts,
    text: `${first}: ${rest.join(', ')}`,
    basis: [basisText(filter, report, span), ...marks.map(({ basis }) => basis)].join(' '),
  };
}

/** Whether all of it was observed as far as a claim needs it. */
export function isWhole({ groups }: EitReport): boolean {
  return groups.every(isCovered);
}

function coverageText({ total, groups }: EitReport): string {
  if (total.coverage === null) return 'coverage unknown';
  const part = groups.some((job) => job.nodes_reported < job.nodes_expected)
    ? Math.min(total.coverage, total.nodes_reported / Math.max(1, total.nodes_expected))
    : total.coverage;
  const percent = Math.floor(part * 100 + 1e-9);
  return `${part > 0 && percent === 0 ? '<1' : percent} % observed`;
}

function basisText(filter: RunSetFilter, report: EitReport, { fromMs, toMs }: TimeSpan): string {
  const { total, factors, policy } = report;
  const day = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);
  const partial = report.groups.filter((job) => !isCovered(job)).length;
  return [
    `${counted(total.jobs, 'job')} of ${publishedSet(filter)}, ${day(fromMs)} to ${day(toMs)}: energy with PUE ${Number(factors.pue.toPrecision(4))}, divided by the policy ${policy};`,
    `CO2eq with ${factors.intensity_g_per_kwh.toFixed(0)} g/kWh (${factors.zone}, ${visible(factors.intensity_source, 200)}; ${intensityText(factors)}${filledText(factors, '; ')}), location-based.`,
    ...(partial > 0
      ? [
          `${counted(partial, 'job')} below ${LEAST_COVERAGE * 100} % of nodes and time observed: the energy is at least this.`,
        ]
      : []),
    ...defaultsText(factors.defaults_used),
    `slurm-eit ${report.tool_version}.`,
  ].join(' ');
}
