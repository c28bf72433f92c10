import type { EitReport, QuotaState, ReportGroup } from '../generated/report';
import { filledText, intensityText } from '../report/intensity-words';
import { cut, visible } from '../report/printable';
import { counted, durationText, energyText, percentText } from '../report/units';
import { co2eText } from './co2e-text';
import { LITTLE_COVERAGE, type MailBody, type MailRow, quotaSection } from './mail-body';

const LONGEST_NAME = 30;

/** What a month's digest is made of: reports of that month and of the one before, of one user or one account. */
export interface Digest {
  /** `alice`, or `account physics`. */
  readonly whose: string;
  /** YYYY-MM. */
  readonly month: string;
  readonly report: EitReport;
  readonly before: EitReport;
  /** The jobs or, of an account, the users with the most energy; the most first. */
  readonly top: readonly ReportGroup[];
  /** null: not asked for. */
  readonly quotas: readonly QuotaState[] | null;
}

/** One line, without control characters. */
export function digestSubject({ whose, month, report: { total } }: Digest): string {
  return `Energy of ${visible(whose, LONGEST_NAME)} in ${month}: ${energyText(total.energy_kwh.total)}, ${co2eText(total.co2e_kg)} CO2e`;
}

/** A month's sums, what was lost, what took the most, and how the month before was. */
export function digestBody(digest: Digest): MailBody {
  const { report, before, top, quotas } = digest;
  const { total, slurm, factors } = report;
  const { energy_kwh: energy, coverage } = total;
  const most = Math.max(0, ...top.map(({ energy_kwh: { total: kwh } }) => kwh));
  return {
    opening: null,
    headline: digestSubject(digest),
    warnings:
      coverage !== null && coverage < LITTLE_COVERAGE
        ? [
            `Only ${percentText(coverage)} of the time of the jobs' nodes was observed: the figures are of that part.`,
          ]
        : [],
    sections: [
      {
        title: 'Month',
        rows: [
          row('Jobs', String(total.jobs), null, `${durationText(total.elapsed_seconds)} of all together`),
          row('Energy', energyText(energy.total), null, change(energy.total, before.total.energy_kwh.total)),
          row('CO2e', co2eText(total.co2e_kg), null, change(total.co2e_kg, before.total.co2e_kg)),
          ...classRows(total.energy_kwh),
        ],
        lines: [],
      },
      {
        title: 'Lost',
        rows: [
          ...(slurm === undefined
            ? []
            : (['failed', 'cancelled', 'requeued'] as const).map((what) =>
                row(
                  what,
                  energyText(slurm[what].kwh),
                  partOf(slurm[what].kwh, energy.total),
                  counted(slurm[what].runs, 'run'),
                ),
              )),
          ...(total.gpu_idle_kwh === null
            ? []
            : [
                row(
                  'Idle GPU',
                  energyText(total.gpu_idle_kwh),
                  partOf(total.gpu_idle_kwh, energy.gpu ?? 0),
                  'GPU energy while no kernel ran',
                ),
              ]),
        ],
        lines: [],
      },
      {
        title: 'The most energy',
        rows: top.map((group) =>
          row(
            group.job_id === undefined ? cut(visible(group.user ?? ''), 11) : String(group.job_id),
            energyText(group.energy_kwh.total),
            partOf(group.energy_kwh.total, most),
            [
              co2eText(group.co2e_kg),
              cut(visible(group.slurm_job?.name ?? ''), 14),
              group.slurm_job?.state ?? '',
            ]
              .filter((text) => text !== '')
              .join(', '),
          ),
        ),
        lines: [],
      },
      ...quotaSection(quotas ?? []),
    ].filter(({ rows }) => rows.length > 0),
    notes: [
      `Zone ${factors.zone}, ${Number(factors.intensity_g_per_kwh.toPrecision(3))} g/kWh in the mean (${intensityText(factors)}), PUE ${Number(factors.pue.toPrecision(3))}; coverage ${coverage === null ? 'unknown' : percentText(coverage)}.`,
      `Intensity: ${visible(factors.intensity_source)}${filledText(factors, '; ')}.`,
      ...(factors.defaults_used.length === 0
        ? []
        : [`Not set at this site, so taken as usual: ${visible(factors.defaults_used.join('; '))}.`]),
      `EIT for Slurm ${report.tool_version}.`,
    ],
  };
}

function classRows(energy: EitReport['total']['energy_kwh']): MailRow[] {
  return (['cpu', 'dram', 'gpu', 'other'] as const).flatMap((name) => {
    const kwh = energy[name];
    const label = name === 'other' ? 'Other' : name.toUpperCase();
    return kwh === null
      ? []
      : [row(label, energyText(kwh), partOf(kwh, energy.it), percentText(partOf(kwh, energy.it) ?? 0))];
  });
}

/** Against the month before. */
function change(now: number, before: number): string {
  if (before === 0) return 'nothing the month before';
  const percent = Math.round((now / before - 1) * 100);
  return percent === 0
    ? 'as the month before'
    : `${percent > 0 ? '+' : ''}${percent} % against the month before`;
}

function partOf(amount: number, whole: number): number | null {
  return whole === 0 ? null : amount / whole;
}

function row(label: string, value: string, bar: number | null, note: string): MailRow {
  return { label, value, bar, note };
}
