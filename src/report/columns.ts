import { EitError } from '../errors';
import type { EitReport, ReportFigures, ReportGroup } from '../generated/report';
import { fieldOfKey, type GroupFields } from './aggregate';
import { durationText, energyText, massText, percentText } from './units';

/** A line of a report: a group, or the total, which has no key. */
export type Row = ReportFigures & GroupFields;

/** A figure or a key of a report's lines, by the name that -o takes. */
export interface Column {
  readonly name: string;
  /** Unit of `raw`, part of the header that programs get. */
  readonly unit?: string;
  /** Header of `raw` where it is not what `name` says. */
  readonly rawName?: string;
  readonly describe: string;
  readonly isText?: true;
  /** For people. */
  human(row: Row): string;
  /** For programs; null: no value. */
  raw(row: Row): string | number | null;
}

/** A column as -o asks for it. */
export interface SelectedColumn {
  readonly column: Column;
  /** Columns of the terminal that it takes (`User%20`); absent: as many as it needs. */
  readonly width?: number;
  readonly align: 'left' | 'right';
}

const NONE = '-';

/** Behind an Energy that was extrapolated in part; the footer says what it means. */
export const EXTRAPOLATED_MARK = '*';

/** What percentText does not show either. */
const NEGLIGIBLE = 0.0005;

function key(name: string, describe: string, field: Exclude<keyof GroupFields, 'job_id'>): Column {
  return { name, describe, isText: true, human: (row) => row[field] ?? '', raw: (row) => row[field] ?? null };
}

function count(name: string, describe: string, of: (row: Row) => number): Column {
  return { name, describe, human: (row) => String(of(row)), raw: of };
}

function duration(name: string, describe: string, of: (row: Row) => number): Column {
  return { name, unit: 's', describe, human: (row) => durationText(of(row)), raw: of };
}

function energy(name: string, describe: string, of: keyof ReportFigures['energy_kwh']): Column {
  const human = (row: Row): string => {
    const kwh = row.energy_kwh[of];
    return kwh === null ? NONE : energyText(kwh);
  };
  return { name, unit: 'kWh', describe, human, raw: (row) => row.energy_kwh[of] };
}

/** Every column, in the order of `--helpformat`. */
export const COLUMNS = [
  {
    name: 'JobID',
    describe: 'job id',
    human: (row) => String(row.job_id ?? ''),
    raw: (row) => row.job_id ?? null,
  },
  key('Cluster', 'cluster', 'cluster'),
  key('User', 'user name, or uid:1234 where Slurm told no name', 'user'),
  key('Account', 'account', 'account'),
  key('Partition', 'partition', 'partition'),
  key('Node', 'node', 'node'),
  key('Day', 'day, local time', 'day'),
  key('Month', 'month, local time', 'month'),
  count('Jobs', 'jobs', (row) => row.jobs),
  count('Runs', 'executions of jobs: a requeued job has several', (row) => row.runs),
  duration('Elapsed', 'time of the runs within the report', (row) => row.elapsed_seconds),
  duration('CPUTime', 'CPU time used', (row) => row.cpu_seconds),
  duration('GPUTime', 'GPUs allocated times time', (row) => row.gpu_seconds),
  energy(
    'CPUEnergy',
    'energy of the CPU packages; where it is modelled, of the whole node but its GPUs',
    'cpu',
  ),
  energy('DRAMEnergy', 'energy of the memory', 'dram'),
  energy('GPUEnergy', 'energy of the GPUs', 'gpu'),
  energy('OtherEnergy', 'energy of the rest of the nodes', 'other'),
  energy('ITEnergy', 'sum of the above', 'it'),
  {
    ...energy('Energy', 'ITEnergy times PUE: with cooling and power distribution', 'total'),
    human: totalEnergyText,
  },
  {
    name: 'CO2e',
    unit: 'kg',
    describe: 'CO2eq of Energy',
    human: (row) => massText(row.co2e_kg),
    raw: (row) => row.co2e_kg,
  },
  {
    name: 'Coverage',
    describe: 'of nodes times time, the part that was observed',
    human: coverageText,
    raw: (row) => row.coverage,
  },
  {
    name: 'Quality',
    rawName: 'MeasuredFraction',
    describe: 'measured, modelled, or how much of the energy was measured',
    human: qualityText,
    raw: (row) => row.measured_fraction,
  },
  count('NodesExpected', 'nodes of the runs', (row) => row.nodes_expected),
  count('NodesReported', 'nodes of the runs that sent records', (row) => row.nodes_reported),
  {
    name: 'Estimated',
    rawName: 'EstimatedFraction',
    describe: 'of the energy, the part that was divided among the runs by an estimate',
    human: (row) => (row.estimated_fraction === null ? NONE : percentText(row.estimated_fraction)),
    raw: (row) => row.estimated_fraction,
  },
  {
    name: 'Extrapolated',
    unit: 'kWh',
    describe: 'of Energy, the part that nobody observed (--extrapolate)',
    human: (row) => (row.extrapolated_kwh === undefined ? NONE : energyText(row.extrapolated_kwh)),
    raw: (row) => row.extrapolated_kwh ?? null,
  },
] as const satisfies readonly Column[];

type ColumnName = (typeof COLUMNS)[number]['name'];

/**
 * Reads the value of -o: names in any case, with commas, each with a width as in sacct (`User%20` to the right,
 * `User%-20` to the left).
 * @throws EitError EIT_USAGE for a name that is no column
 */
export function parseColumns(text: string): SelectedColumn[] {
  if (text.replaceAll(/[\s,]/g, '') === '') {
    throw new EitError('EIT_USAGE', '--format names no column; --helpformat lists them');
  }
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [, name = '', sign = '', width] = /^([^%]+?)(?:%(-?)(\d{1,4}))?$/.exec(part) ?? [];
      const column = COLUMNS.find((c) =>
        [c.name, rawHeader(c)].some((n) => n.toLowerCase() === name.toLowerCase()),
      );
      if (column === undefined || Number(width) === 0) {
        throw new EitError(
          'EIT_USAGE',
          `--format: ${JSON.stringify(part)} is no column. There are ${COLUMNS.map((c) => c.name).join(', ')}; ` +
            'a width stands behind a %: User%20, or User%-20 to align to the left. --helpformat says what they are.',
        );
      }
      if (width === undefined) return select(column);
      return { column, width: Number(width), align: sign === '-' ? 'left' : 'right' };
    });
}

/** In tables for people CPUEnergy where all of it is the power model's, whose watts are a whole node's. */
const NODE_ENERGY = energy('NodeEnergy', 'energy of the whole node but its GPUs', 'cpu');

/**
 * The columns of a table for a person: keys first, and of the energies those that have a value.
 * @param isOwn whether the runs are all the reader's own
 */
export function tableColumns(report: EitReport, isOwn: boolean): SelectedColumn[] {
  const has = (name: 'dram' | 'gpu' | 'other'): boolean => report.total.energy_kwh[name] !== null;
  const isByJob = report.group_by.includes('job');
  const names: ColumnName[] = [
    ...keyNames(report, isOwn),
    ...(isByJob ? [] : (['Jobs'] as const)),
    'Elapsed',
    'CPUEnergy',
    ...(has('dram') ? (['DRAMEnergy'] as const) : []),
    ...(has('gpu') ? (['GPUEnergy'] as const) : []),
    ...(has('other') ? (['OtherEnergy'] as const) : []),
    'Energy',
    'CO2e',
    'Coverage',
    'Quality',
  ];
  const { energy_kwh: total } = report.total;
  const isModelled = total.cpu !== null && !report.factors.domains_measured.includes('cpu');
  return selectAll(names).map((each) =>
    isModelled && each.column.name === 'CPUEnergy' ? select(NODE_ENERGY) : each,
  );
}

/** The columns of CSV and -P: the keys, then every figure, whatever the values. */
export function programColumns(report: EitReport): SelectedColumn[] {
  const figures = COLUMNS.slice(COLUMNS.findIndex(({ name }) => name === 'Jobs'))
    .map(({ name }) => name)
    .filter((name) => name !== 'Extrapolated' || report.total.extrapolated_kwh !== undefined);
  const ofJob: ColumnName[] = report.group_by.includes('job')
    ? ['Cluster', 'User', 'Account', 'Partition']
    : [];
  return selectAll([...new Set([...keysAsked(report), ...ofJob, ...figures])]);
}

/** The header that programs get: `Energy_kWh`. */
export function rawHeader({ name, unit, rawName = name }: Column): string {
  return unit === undefined ? rawName : `${rawName}_${unit}`;
}

/** What --helpformat prints. */
export function columnHelp(): string {
  const all: readonly Column[] = COLUMNS;
  const width = Math.max(...all.map(({ name }) => name.length));
  return all
    .map((column) => {
      const header = rawHeader(column);
      const forPrograms = header === column.name ? '' : ` (${header} for programs)`;
      return `${column.name.padEnd(width)}  ${column.describe}${forPrograms}\n`;
    })
    .join('');
}

function keysAsked(report: EitReport): ColumnName[] {
  return report.group_by.flatMap((groupKey) => {
    const field = fieldOfKey(groupKey);
    return COLUMNS.filter(({ name }) => name.toLowerCase() === field.replace('_', '')).map(
      ({ name }) => name,
    );
  });
}

/** Keys, and with job ids what tells jobs apart, and whose they are where they are not the reader's. */
function keyNames(report: EitReport, isOwn: boolean): ColumnName[] {
  const differ = (field: 'cluster' | 'user'): boolean => {
    const first: ReportGroup | undefined = report.groups[0];
    return report.groups.some((group) => group[field] !== first?.[field]);
  };
  if (!report.group_by.includes('job')) return keysAsked(report);
  const ofJob: ColumnName[] = [
    ...(differ('cluster') ? (['Cluster'] as const) : []),
    ...(!isOwn || differ('user') ? (['User'] as const) : []),
    'Partition',
  ];
  return [...new Set([...keysAsked(report), ...ofJob])];
}

function selectAll(names: readonly ColumnName[]): SelectedColumn[] {
  return names.flatMap((name) => COLUMNS.filter((column) => column.name === name).map(select));
}

function select(column: Column): SelectedColumn {
  return { column, align: column.isText ? 'left' : 'right' };
}

/** With the mark or the room for it, so that figures stay in line. */
function totalEnergyText({ energy_kwh, extrapolated_kwh: extrapolated }: Row): string {
  const text = energyText(energy_kwh.total);
  if (extrapolated === undefined) return text;
  return `${text}${extrapolated > 0 ? EXTRAPOLATED_MARK : ' '}`;
}

function coverageText(row: Row): string {
  if (row.runs === 0) return NONE;
  const nodes =
    row.nodes_reported < row.nodes_expected ? `nodes ${row.nodes_reported}/${row.nodes_expected}` : '';
  const part = row.coverage === null ? 'unknown' : percentText(row.coverage);
  return nodes === '' ? part : `${part}, ${nodes}`;
}

function qualityText({ measured_fraction: part }: Row): string {
  if (part === null) return NONE;
  if (part >= 1 - NEGLIGIBLE) return 'measured';
  return part <= NEGLIGIBLE ? 'modelled' : `${percentText(part)} measured`;
}
