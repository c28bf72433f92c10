import { DateTime } from 'luxon';
import type { JobPart, JobSummary, QuotaState } from '../generated/report';
import { basisTaken, filledText, isYearly, yearsNamed } from '../report/intensity-words';
import { cut, visible } from '../report/printable';
import {
  bytesText,
  counted,
  durationText,
  energyText,
  percentText,
  quotaAmountText,
  shareText,
} from '../report/units';
import { co2eText } from './co2e-text';

/** A figure: what it is, how much, a part of 1 as a bar (null: none), and what there is to say of it. */
export interface MailRow {
  readonly label: string;
  readonly value: string;
  readonly bar: number | null;
  readonly note: string;
}

export interface MailSection {
  readonly title: string;
  readonly rows: readonly MailRow[];
  /** Sentences below the rows. */
  readonly lines: readonly string[];
}

/** What a mail says, before it is text or HTML. Nothing in it that would not be seen, nothing longer than it should be. */
export interface MailBody {
  /** What Slurm itself would have sent; null: nobody asked Slurm. */
  readonly opening: string | null;
  readonly headline: string;
  /** What makes the figures less than they seem. */
  readonly warnings: readonly string[];
  readonly sections: readonly MailSection[];
  /** Where they come from. */
  readonly notes: readonly string[];
}

/** Below it the mail says so, and below the second it gives no advice. */
export const LITTLE_COVERAGE = 0.99;
export const LEAST_COVERAGE = 0.9;

const LONGEST_NAME = 48;
/** Of tasks and parts that are told one by one. */
const MOST_PARTS = 10;
const MOST_NODES_NAMED = 8;

/**
 * @param opening Slurm's own subject
 * @param timeZone that times are shown in
 */
export function mailBody(summary: JobSummary, opening: string | null, timeZone: string): MailBody {
  return {
    opening: opening === null ? null : visible(opening, 1000),
    headline: headline(summary),
    warnings: warningsOf(summary),
    sections: [
      jobSection(summary, timeZone),
      energySection(summary),
      useSection(summary),
      ...partsSection(summary),
      ...quotaSection(summary.quotas ?? []),
      ...adviceSection(summary),
    ].filter(({ rows, lines }) => rows.length > 0 || lines.length > 0),
    notes: notesOf(summary, timeZone),
  };
}

/** `1.24 kWh, 0.41 kg CO2e`; `at least` where energy is missing. */
export function headline({ figures, missing_nodes: missing }: JobSummary): string {
  const atLeast = missing.length > 0 || (figures.coverage ?? 1) < LITTLE_COVERAGE ? 'at least ' : '';
  return `${atLeast}${energyText(figures.energy_kwh.total)}, ${co2eText(figures.co2e_kg)} CO2e`;
}

function warningsOf({ missing_nodes: missing, figures }: JobSummary): string[] {
  const { coverage, nodes_expected: expected, nodes_reported: reported } = figures;
  const few = coverage !== null && coverage < LITTLE_COVERAGE;
  const lacks = expected - reported;
  return [
    ...(missing.length === 0
      ? []
      : [
          `The records of ${counted(missing.length, 'node')} were not complete when this was written: ` +
            `${namesOf(missing)}. What is told here is what was there.`,
        ]),
    ...(lacks > missing.length ? [`Of ${counted(expected, 'node')}, ${reported} told of it.`] : []),
    ...(few
      ? [
          `Only ${percentText(coverage)} of the time of the job's nodes was observed: the figures are of that part.` +
            (coverage < LEAST_COVERAGE ? ' That is too little to give advice.' : ''),
        ]
      : []),
  ];
}

function jobSection(summary: JobSummary, timeZone: string): MailSection {
  const { label, name, cluster, user, account, partition, qos, state, nodes } = summary;
  const shown = (text: string): string => cut(visible(text), LONGEST_NAME);
  const inQos = qos === null ? '' : `, QOS ${shown(qos)}`;
  return {
    title: 'Job',
    rows: [
      row('Job', '', null, `${label}${name === null ? '' : ` ${shown(name)}`} on ${shown(cluster)}`),
      row(
        'User',
        '',
        null,
        `${shown(user)}, account ${shown(account)}, partition ${shown(partition)}${inQos}`,
      ),
      ...(state === null ? [] : [row('State', '', null, state)]),
      row('Time', '', null, timeText(summary, timeZone)),
      row('Nodes', '', null, nodes.length > 1 ? `${nodes.length}: ${namesOf(nodes)}` : namesOf(nodes)),
    ],
    lines: [],
  };
}

function timeText({ scope, start, end, figures }: JobSummary, timeZone: string): string {
  const [from, to] = [minute(start, timeZone), minute(end, timeZone)];
  const until = to.slice(0, 10) === from.slice(0, 10) ? to.slice(11) : to;
  const together = scope === 'run' ? '' : ' of all together';
  return `${durationText(figures.elapsed_seconds)}${together}, ${from} to ${until}`;
}

function energySection({ figures, factors, equivalents, asked, scope }: JobSummary): MailSection {
  const { energy_kwh: energy, co2e_kg: co2e } = figures;
  const classes = [
    ['CPU', energy.cpu, true],
    ['DRAM', energy.dram, true],
    ['GPU', energy.gpu, asked.gpus !== null || figures.gpu_seconds > 0],
    ['Other', energy.other, false],
  ] as const;
  const rows = classes.flatMap(([label, kwh, isExpected]) => {
    if (kwh === null) return isExpected ? [row(label, '-', null, 'not measured here')] : [];
    const share = energy.it === 0 ? 0 : kwh / energy.it;
    return [row(label, energyText(kwh), share, percentText(share))];
  });
  const building = energy.total - energy.it;
  const years = isYearly(factors) ? yearsNamed(factors) : '';
  const gPerKwh = Number(factors.intensity_g_per_kwh.toPrecision(3));
  const comparison = equivalents.filter(({ per }) => per === 'kgCO2e').slice(0, 1);
  return {
    title: scope === 'run' ? 'Energy' : 'Energy of all together',
    rows: [
      ...rows,
      ...(building > 0
        ? [
            row(
              'Building',
              energyText(building),
              null,
              `cooling and the like: PUE ${shortNumber(factors.pue)}`,
            ),
          ]
        : []),
      row('Total', energyText(energy.total), null, ''),
      row(
        'CO2e',
        co2eText(co2e),
        null,
        `zone ${factors.zone}, ${gPerKwh} g/kWh (${years === '' ? '' : `${years}, `}${basisTaken(factors)})`,
      ),
      ...(typeof figures.cost !== 'number' || factors.currency === undefined
        ? []
        : [row('Cost', `${figures.cost.toFixed(2)} ${factors.currency}`, null, '')]),
    ],
    lines: [
      ...(comparison.length === 0 || co2e === 0
        ? []
        : comparison.map(({ text }) => `That is about as much CO2e as ${text}.`)),
    ],
  };
}

function useSection({ asked, used, figures, scope }: JobSummary): MailSection {
  const { gpu_idle_kwh: idleKwh, energy_kwh: energy } = figures;
  const isOne = scope === 'run';
  const rows: MailRow[] = [];
  if (used.cpu_efficiency !== null) {
    const cores =
      used.cpu_cores === null || asked.cpus === null || !isOne ? null : shortNumber(used.cpu_cores);
    const note = cores === null ? '' : `${cores} of ${counted(asked.cpus ?? 0, 'CPU')} in the mean`;
    rows.push(row('CPU', percentText(used.cpu_efficiency), used.cpu_efficiency, note));
  } else if (used.cpu_cores !== null && isOne) {
    rows.push(row('CPU', shortNumber(used.cpu_cores), null, 'CPUs busy in the mean'));
  }
  const held = used.memory_bytes === null ? null : bytesText(used.memory_bytes);
  if (used.memory_efficiency !== null) {
    const note =
      held === null || asked.memory_bytes === null || !isOne
        ? ''
        : `${held} of ${bytesText(asked.memory_bytes)} at most`;
    rows.push(row('Memory', percentText(used.memory_efficiency), used.memory_efficiency, note));
  } else if (held !== null) rows.push(row('Memory', held, null, 'held at most'));
  if (used.gpu_utilization !== null)
    rows.push(
      row(
        'GPU',
        percentText(used.gpu_utilization),
        used.gpu_utilization,
        `of the time a kernel ran${asked.gpus === null ? '' : ` on ${counted(Math.round(asked.gpus), 'GPU')}`}`,
      ),
    );
  if (used.time_part !== null && asked.time_limit_seconds !== null)
    rows.push(
      row(
        'Time limit',
        percentText(used.time_part),
        used.time_part,
        `${durationText(figures.elapsed_seconds)} of ${durationText(asked.time_limit_seconds)}`,
      ),
    );
  if (idleKwh !== null && idleKwh > 0)
    rows.push(
      row(
        'Idle GPU',
        energyText(idleKwh),
        energy.gpu === null || energy.gpu === 0 ? null : idleKwh / energy.gpu,
        'GPU energy while no kernel ran',
      ),
    );
  return { title: 'Use', rows, lines: [] };
}

function partsSection({ scope, parts, whole }: JobSummary): MailSection[] {
  if (parts.length === 0) return [];
  const most = parts.reduce((sum, { energy_kwh: kwh }) => Math.max(sum, kwh), 0);
  const partRow = (part: JobPart): MailRow =>
    row(
      part.label,
      energyText(part.energy_kwh),
      most === 0 ? null : part.energy_kwh / most,
      [
        co2eText(part.co2e_kg),
        part.state ?? '',
        durationText(part.elapsed_seconds),
        part.cpu_efficiency === null ? '' : `CPU ${percentText(part.cpu_efficiency)}`,
      ]
        .filter((text) => text !== '')
        .join(', '),
    );
  if (scope === 'run') {
    return [
      {
        title: 'The job was requeued: all its runs',
        rows: parts.slice(-MOST_PARTS).map(partRow),
        lines:
          whole === null
            ? []
            : [
                `Its ${parts.length} runs together: ${energyText(whole.energy_kwh.total)}, ${co2eText(whole.co2e_kg)} CO2e. ` +
                  'The figures above are of the run that this is about.',
              ],
      },
    ];
  }
  const title =
    scope === 'array' ? counted(parts.length, 'task') : `${parts.length} parts of a heterogeneous job`;
  if (parts.length <= MOST_PARTS) return [{ title, rows: parts.map(partRow), lines: statesOf(parts) }];
  const byEnergy = [...parts].sort((a, b) => b.energy_kwh - a.energy_kwh);
  const half = MOST_PARTS / 2;
  return [
    {
      title: `${title}: those with the most and the least energy`,
      rows: [...byEnergy.slice(0, half), ...byEnergy.slice(-half)].map(partRow),
      lines: [...statesOf(parts), ...efficiencyLine(parts)],
    },
  ];
}

function statesOf(parts: readonly JobPart[]): string[] {
  const counts = new Map<string, number>();
  for (const { state } of parts) if (state !== null) counts.set(state, (counts.get(state) ?? 0) + 1);
  if (counts.size === 0) return [];
  return [`${[...counts].map(([state, count]) => `${count} ${state}`).join(', ')}.`];
}

function efficiencyLine(parts: readonly JobPart[]): string[] {
  const told = parts
    .filter(({ cpu_efficiency: part }) => part !== null)
    .sort((a, b) => (a.cpu_efficiency ?? 0) - (b.cpu_efficiency ?? 0));
  const [least, most] = [told[0], told.at(-1)];
  if (least === undefined || most === undefined || least === most) return [];
  const text = ({ label, cpu_efficiency: part }: JobPart): string => `${label} (${percentText(part ?? 0)})`;
  return [`CPUs were used best by ${text(most)} and least by ${text(least)}.`];
}

export function quotaSection(quotas: readonly QuotaState[]): MailSection[] {
  if (quotas.length === 0) return [];
  return [
    {
      title: 'Quotas',
      rows: quotas.map(({ per, name, period, used, limit, unit, share, state }) => {
        const whose = `${per === 'qos' ? 'QOS' : per} ${cut(visible(name), 20)}`;
        const over = state === 'over' ? ', REACHED' : '';
        return row(
          whose,
          share === null ? '-' : shareText(share),
          share ?? 1,
          `${quotaAmountText(used, unit)} of ${quotaAmountText(limit, unit)} ${period.endsWith('days') ? `in ${period}` : `a ${period}`}${over}`,
        );
      }),
      lines: [],
    },
  ];
}

function adviceSection({ advice }: JobSummary): MailSection[] {
  if (advice.length === 0) return [];
  return [{ title: 'What could be saved', rows: [], lines: advice.map(({ text }) => visible(text)) }];
}

function notesOf(
  { figures, factors, data_until: until, tool_version: tool, label, scope }: JobSummary,
  timeZone: string,
): string[] {
  const { coverage, measured_fraction: measured, estimated_fraction: estimated } = figures;
  const quality = [
    ...(coverage === null ? ['coverage unknown'] : [`coverage ${percentText(coverage)}`]),
    ...(measured === null ? [] : [`${percentText(measured)} of the energy was measured`]),
    ...(estimated === null || estimated === 0
      ? []
      : [`${percentText(estimated)} of it was divided among jobs by an estimate`]),
  ].join(', ');
  const defaults = factors.defaults_used;
  const jobs = scope === 'run' ? label : label.replace(/[_+]\*$/, '');
  return [
    `Quality: ${quality}.`,
    `Intensity: ${visible(factors.intensity_source)}${filledText(factors, '; ')}.`,
    ...(defaults.length === 0
      ? []
      : [`Not set at this site, so taken as usual: ${visible(defaults.join('; '))}.`]),
    `EIT for Slurm ${tool}${until === null ? '' : `, data until ${minute(until, timeZone)}`}. More: eit-report -j ${jobs}`,
  ];
}

function row(label: string, value: string, bar: number | null, note: string): MailRow {
  return { label, value, bar, note };
}

function namesOf(nodes: readonly string[]): string {
  const more = nodes.length - MOST_NODES_NAMED;
  const named = nodes.slice(0, MOST_NODES_NAMED).map((node) => cut(visible(node), LONGEST_NAME));
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function minute(time: string, timeZone: string): string {
  return DateTime.fromISO(time, { zone: timeZone }).toFormat('yyyy-MM-dd HH:mm');
}

function shortNumber(value: number): string {
  return String(Number(value.toPrecision(3)));
}
