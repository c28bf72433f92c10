import { EitError } from '../errors';
import type { EitReport, ReportGroup } from '../generated/report';
import { fieldOfKey } from './group-fields';
import { OTHERS } from './line-names';
import { type Column, columnNamed, COLUMNS, EMBODIED, LOST, NODE_ENERGY, type Row } from './columns';

/** A column as -o asks for it. */
export interface SelectedColumn {
  readonly column: Column;
  /** Columns of the terminal that it takes (`User%20`); absent: as many as it needs. */
  readonly width?: number;
  readonly align: 'left' | 'right';
}

type ColumnName = (typeof COLUMNS)[number]['name'];

/** Columns for programs that are there only where Slurm's accounting is: of jobs, of all, and with --compare-slurm. */
const OF_SLURM_JOB: readonly ColumnName[] = [
  'JobName',
  'ArrayJobID',
  'HetJobID',
  'QOS',
  'State',
  'Submit',
  'Start',
  'ReqMem',
  'TimeLimit',
];
const OF_SLURM: readonly ColumnName[] = ['CPUEff', 'MemEff'];
const OF_LOST: readonly ColumnName[] = LOST;
const OF_COMPARISON: readonly ColumnName[] = ['SlurmEnergy', 'SameEnergy'];

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
      const column = columnNamed(name);
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

/**
 * The columns of a table for a person: keys first, and of the energies those that have a value.
 * @param isOwn whether the runs are all the reader's own
 */
export function tableColumns(report: EitReport, isOwn: boolean): SelectedColumn[] {
  const { energy_kwh, gpu_idle_kwh, gpu_utilization } = report.total;
  const has = (name: 'dram' | 'gpu' | 'other'): boolean => energy_kwh[name] !== null;
  const isByJob = report.group_by.includes('job');
  const { slurm } = report.total;
  const names: ColumnName[] = [
    ...keyNames(report, isOwn),
    ...(isByJob ? [] : (['Jobs'] as const)),
    ...(slurm !== undefined && slurm.told_runs > 0 && isByJob ? (['State'] as const) : []),
    'Elapsed',
    ...(slurm !== undefined && slurm.cpu_efficiency !== null ? (['CPUEff'] as const) : []),
    ...(slurm !== undefined && slurm.memory_efficiency !== null ? (['MemEff'] as const) : []),
    'CPUEnergy',
    ...(has('dram') ? (['DRAMEnergy'] as const) : []),
    ...(has('gpu') ? (['GPUEnergy'] as const) : []),
    ...(gpu_idle_kwh === null ? [] : (['GPUIdle'] as const)),
    ...(gpu_utilization === null ? [] : (['GPUUtil'] as const)),
    ...(has('other') ? (['OtherEnergy'] as const) : []),
    ...(slurm?.compared === undefined ? [] : (['SameEnergy', 'SlurmEnergy'] as const)),
    'Energy',
    ...(slurm?.lost === undefined ? [] : (['LostEnergy'] as const)),
    'CO2e',
    ...SIDE_COLUMNS.filter((name) => hasSide(report, name)),
    'Coverage',
    'Quality',
  ];
  const isModelled = energy_kwh.cpu !== null && !report.factors.domains_measured.includes('cpu');
  return selectAll(names).map((each) =>
    isModelled && each.column.name === 'CPUEnergy' ? select(NODE_ENERGY) : each,
  );
}

/** Figures that are there only where the site has their factor, and one where it is asked for. */
const SIDE_COLUMNS: readonly ColumnName[] = ['MarketCO2e', EMBODIED, 'Water', 'Cost'];

function hasSide({ total }: EitReport, name: ColumnName): boolean {
  if (name === EMBODIED) return total.embodied !== undefined;
  const field = ({ MarketCO2e: 'co2e_market_kg', Water: 'water_l', Cost: 'cost' } as const)[name];
  return field !== undefined && total[field] !== undefined;
}

/** The columns of CSV and -P: the keys, then every figure, whatever the values; what a social cost is nobody expects who has not asked. */
export function programColumns(report: EitReport): SelectedColumn[] {
  const figures = COLUMNS.slice(COLUMNS.findIndex(({ name }) => name === 'Jobs'))
    .map(({ name }) => name)
    .filter((name) => !SIDE_COLUMNS.includes(name) || hasSide(report, name))
    .filter((name) => !name.includes('SocialCost'))
    .filter((name) => name !== 'Extrapolated' || report.total.extrapolated_kwh !== undefined)
    .filter((name) => !OF_LOST.includes(name) || report.total.slurm?.lost !== undefined)
    .filter((name) => !OF_SLURM.includes(name) || report.total.slurm !== undefined)
    .filter((name) => !OF_COMPARISON.includes(name) || report.total.slurm?.compared !== undefined);
  const ofJob: ColumnName[] = report.group_by.includes('job')
    ? ['Cluster', 'User', 'Account', 'Partition', ...(report.total.slurm === undefined ? [] : OF_SLURM_JOB)]
    : [];
  return selectAll([...new Set([...keysAsked(report), ...ofJob, ...figures])]);
}

/** The values of a report's lines for programs; last, if there is one, that of the lines that are not shown. */
export function* programLines(
  report: EitReport,
  columns: readonly SelectedColumn[],
): Iterable<(string | number | null)[]> {
  for (const group of report.groups) yield columns.map(({ column }) => column.raw(group));
  const { others } = report;
  if (others === undefined) return;
  const values = columns.map(({ column }) => column.raw(others));
  const label = labelColumn(report, columns);
  if (label !== -1) values[label] = OTHERS;
  yield values;
}

/** The columns of what the lines are by. */
export function keysAsked(report: EitReport): ColumnName[] {
  return report.group_by.flatMap((groupKey) => {
    const field = groupKey === 'name' ? 'job_name' : fieldOfKey(groupKey);
    return COLUMNS.filter(({ name }) => name.toLowerCase() === field.replaceAll('_', '')).map(
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
    ...(report.total.slurm !== undefined && report.total.slurm.told_runs > 0 ? (['JobName'] as const) : []),
  ];
  return [...new Set([...keysAsked(report), ...ofJob])];
}

/** Of columns that which says of a line of no group what it is: the first key, else the first that has nothing to say. -1: none. */
export function labelColumn(report: EitReport, columns: readonly SelectedColumn[]): number {
  const row: Row = report.total;
  const keys: readonly string[] = keysAsked(report);
  const first = columns.findIndex(({ column }) => keys.includes(column.name));
  if (first !== -1) return first;
  return columns.findIndex(({ column }) => column.raw(row) === null && column.human(row) === '');
}

function selectAll(names: readonly ColumnName[]): SelectedColumn[] {
  return names.flatMap((name) => COLUMNS.filter((column) => column.name === name).map(select));
}

function select(column: Column): SelectedColumn {
  return { column, align: column.isText ? 'left' : 'right' };
}
