import { bar } from '../report/bar';
import { co2eText, joulesText, shortBytes, shortPercent, shortTime, wattsText } from './amounts';
import type { JobRow } from './host-now';
import { sparkline } from './sparkline';

/** What cells need besides their row. */
export interface RowSurroundings {
  readonly nowMs: number;
  /** What a kilowatt-hour counts for, with PUE; null: no CO2e is shown. */
  readonly gPerKwh: number | null;
  /** Of all that is shown: a share is of it. */
  readonly totalW: number | null;
  readonly isUnicode: boolean;
  readonly history: (key: string) => readonly (number | null)[];
}

/** A column of the list of jobs. */
export interface TopColumn {
  readonly name: string;
  readonly title: string;
  readonly width: number;
  readonly align: 'left' | 'right';
  cell(row: JobRow, surroundings: RowSurroundings): string;
}

const right = (name: string, title: string, width: number, cell: TopColumn['cell']): TopColumn => ({
  name,
  title,
  width,
  align: 'right',
  cell,
});
const left = (name: string, title: string, width: number, cell: TopColumn['cell']): TopColumn => ({
  name,
  title,
  width,
  align: 'left',
  cell,
});

const SHARE_WIDTH = 8;
const SPARK_WIDTH = 12;

/** In the order in which they stand. */
export const COLUMNS: readonly TopColumn[] = [
  right('job', 'JOB', 8, ({ job, endedMs }) => `${endedMs === null ? '' : 'x'}${job}`),
  left('user', 'USER', 8, ({ user }) => user),
  left('node', 'NODE', 8, ({ node }) => node),
  right('watts', 'WATTS', 6, ({ totalW }) => wattsText(totalW)),
  left('share', 'SHARE', SHARE_WIDTH, ({ totalW: own }, { totalW, isUnicode }) => {
    const part = own === null || totalW === null || totalW <= 0 ? 0 : Math.min(1, own / totalW);
    return isUnicode ? bar(part, SHARE_WIDTH) : '#'.repeat(Math.round(part * SHARE_WIDTH));
  }),
  right('cpuW', 'CPU W', 6, ({ powerW }) => wattsText(powerW.cpu)),
  right('dramW', 'DRAM W', 6, ({ powerW }) => wattsText(powerW.dram)),
  right('gpuW', 'GPU W', 6, ({ powerW }) => wattsText(powerW.gpu)),
  right('otherW', 'OTH W', 6, ({ powerW }) => wattsText(powerW.other)),
  right('energy', 'ENERGY', 8, ({ energyJ }) => joulesText(energyJ)),
  right('co2e', 'CO2e', 7, ({ energyJ }, { gPerKwh }) => co2eText(energyJ, gPerKwh)),
  right('cpus', 'CPUS', 8, ({ cpusBusy, cpus }) => cpusText(cpusBusy, cpus)),
  right('memory', 'MEM', 5, ({ memoryBytes }) => shortBytes(memoryBytes)),
  right('gpuBusy', 'GPU%', 4, ({ gpuBusy }) => shortPercent(gpuBusy)),
  right('time', 'TIME', 8, ({ startedMs, endedMs }, { nowMs }) =>
    shortTime(((endedMs ?? nowMs) - startedMs) / 1000),
  ),
  left('account', 'ACCOUNT', 10, ({ account }) => account),
  left('partition', 'PARTITION', 10, ({ partition }) => partition),
  left('spark', 'LAST', SPARK_WIDTH, ({ key }, { history, isUnicode }) =>
    sparkline(history(key), SPARK_WIDTH, isUnicode),
  ),
];

/** Those that say most first: on a narrow terminal the last of them go. */
const BY_IMPORTANCE = [
  'job',
  'watts',
  'energy',
  'user',
  'time',
  'cpuW',
  'gpuW',
  'dramW',
  'cpus',
  'co2e',
  'node',
  'memory',
  'share',
  'gpuBusy',
  'spark',
  'otherW',
  'account',
  'partition',
];

/** Busy CPUs of the allocated ones. */
export function cpusText(busy: number | null, allocated: number | null): string {
  const used = busy === null ? '?' : busy >= 99.95 ? busy.toFixed(0) : busy.toFixed(1);
  return allocated === null ? used : `${used}/${allocated}`;
}

/**
 * The columns that a terminal is wide enough for.
 * @param wanted names of those that this host has something for
 */
export function columnsFor(width: number, wanted: ReadonlySet<string>): TopColumn[] {
  const chosen = new Set<string>();
  let used = -1;
  for (const name of BY_IMPORTANCE) {
    if (!wanted.has(name)) continue;
    const column = COLUMNS.find((one) => one.name === name);
    if (column === undefined || used + 1 + column.width > width) continue;
    chosen.add(name);
    used += 1 + column.width;
  }
  return COLUMNS.filter(({ name }) => chosen.has(name));
}

/** Of the rows that are shown: what no job here has needs no column. */
export function wantedColumns(rows: readonly JobRow[]): ReadonlySet<string> {
  const has = (of: 'dram' | 'gpu' | 'other'): boolean => rows.some(({ powerW }) => of in powerW);
  const nodes = new Set(rows.map(({ node }) => node));
  const without = new Set([
    ...(has('dram') ? [] : ['dramW']),
    ...(has('gpu') ? [] : ['gpuW', 'gpuBusy']),
    ...(has('other') ? [] : ['otherW']),
    ...(nodes.size > 1 ? [] : ['node']),
  ]);
  return new Set(BY_IMPORTANCE.filter((name) => !without.has(name)));
}
