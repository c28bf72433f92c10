import type { NowSnapshot } from '../generated/now';
import { cut, pad, visible, wrap } from '../report/printable';
import { co2eText, joulesText, shortBytes, shortPercent, shortTime, wattsText } from './amounts';
import { type JobRow, filterRows, hostPower, jobRow, sortRows, sumKnown } from './host-now';
import { type Line, cutLine, fitting, line, span } from './screen-line';
import { sparkline } from './sparkline';
import { type RowSurroundings, type TopColumn, columnsFor, cpusText, wantedColumns } from './top-columns';
import type { TopState } from './top-state';

/** What turns energy into CO2eq, and where it is from. */
export interface LiveFactor {
  /** With PUE and the node's overhead. */
  readonly gPerKwh: number;
  /** `DE 380 g/kWh, PUE 1.25`. */
  readonly text: string;
}

/** All that the screen shows. */
export interface TopModel {
  /** null: why there is none is in `notice`. */
  readonly snapshot: NowSnapshot | null;
  readonly factor: LiveFactor | null;
  readonly nowMs: number;
  /** The host's local time, hh:mm:ss. */
  readonly clock: string;
  /** What is to be said; '' nothing. */
  readonly notice: string;
  readonly history: (key: string) => readonly (number | null)[];
  readonly isUnicode: boolean;
  /** Only his jobs; null: all that are told. */
  readonly user: string | null;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const MOST_NOTICE_LINES = 4;

/** The host's own series among those of jobs. */
export const HOST_KEY = '';

/** The jobs as the list has them. */
export function rowsOf(
  model: Pick<TopModel, 'snapshot' | 'user'>,
  state: Pick<TopState, 'sort' | 'filter'>,
): JobRow[] {
  const rows = (model.snapshot?.runs ?? [])
    .map(jobRow)
    .filter(({ user }) => model.user === null || user === model.user);
  return sortRows(filterRows(rows, state.filter), state.sort);
}

/** The whole screen: as many lines as it has rows, none wider than it is. */
export function topScreen(model: TopModel, state: TopState, { columns, rows }: Size): Line[] {
  const head = headLines(model, columns);
  const notice =
    model.notice === ''
      ? []
      : wrap(visible(model.notice), columns)
          .slice(0, MOST_NOTICE_LINES)
          .map((text) => line(text, 'yellow'));
  const foot = rows > head.length + notice.length + 3 ? [footLine(state, columns)] : [];
  const space = Math.max(0, rows - head.length - notice.length - foot.length);
  const body = bodyLines(model, state, columns, space).slice(0, space);
  const filled = [...head, ...notice, ...body];
  while (filled.length < rows - foot.length) filled.push([]);
  return [...filled.slice(0, rows - foot.length), ...foot].map((each) => cutLine(each, columns));
}

function bodyLines(model: TopModel, state: TopState, columns: number, space: number): Line[] {
  if (state.view === 'help') return HELP.map((text) => line(text));
  const rows = rowsOf(model, state);
  if (state.view === 'detail') {
    const row = rows.find(({ key }) => key === state.selected);
    return row === undefined
      ? [line('That job is no longer here.', 'dim')]
      : detailLines(model, row, columns);
  }
  return listLines(model, state, rows, { columns, rows: space });
}

/** The jobs as a table; for a listing too. */
export function listLines(model: TopModel, state: TopState, rows: readonly JobRow[], size: Size): Line[] {
  if (model.snapshot === null) return [];
  if (rows.length === 0) return [line(emptyText(model, state), 'dim')];
  const shown = columnsFor(size.columns, wantedColumns(rows));
  const surroundings: RowSurroundings = {
    nowMs: model.nowMs,
    gPerKwh: model.factor?.gPerKwh ?? null,
    totalW: hostPower(model.snapshot).totalW ?? sumKnown(rows.map(({ totalW }) => totalW)),
    isUnicode: model.isUnicode,
    history: model.history,
  };
  const title = line(
    rowText(shown, (column) => column.title),
    'bold',
  );
  const fit = Math.max(1, size.rows - 1);
  const at = Math.max(
    0,
    rows.findIndex(({ key }) => key === state.selected),
  );
  // The selected one stays in sight, in whole pages.
  const from = Math.floor(at / fit) * fit;
  const lines = rows.slice(from, from + fit).map((row) => {
    const text = rowText(shown, (column) => column.cell(row, surroundings));
    if (row.key === state.selected) return line(pad(visible(text), size.columns, 'left'), 'inverse');
    return line(text, row.endedMs === null ? 'plain' : 'dim');
  });
  return [title, ...lines];
}

function rowText(columns: readonly TopColumn[], cell: (column: TopColumn) => string): string {
  return columns
    .map((column) => pad(cut(visible(cell(column)), column.width), column.width, column.align))
    .join(' ')
    .trimEnd();
}

function emptyText({ snapshot, user }: TopModel, { filter }: TopState): string {
  if (filter !== '') return `No job has "${filter}" in its number, user, account, partition or node.`;
  if (user !== null) return `No job of ${user} is measured here.`;
  if (snapshot === null || snapshot.scope === 'all') return 'No job is measured here.';
  return snapshot.totals.runs === 0 ? 'No job is measured here.' : 'None of your jobs is measured here.';
}

/** Of the host: what it draws, to whom it goes, and what it used today. */
export function headLines(model: TopModel, columns: number): Line[] {
  const { snapshot, factor, clock, isUnicode } = model;
  if (snapshot === null) return [line(fitting(['eit top', clock], columns), 'bold')];
  const { totals } = snapshot;
  const power = hostPower(snapshot);
  const { byClass } = power;
  const first = fitting(
    [
      `eit top - ${snapshot.host}`,
      clock,
      `${totals.runs} ${totals.runs === 1 ? 'job' : 'jobs'}`,
      `CPUs ${cpusText(totals.cpus_busy, totals.cpus)}`,
      totals.memory_total_bytes === null
        ? ''
        : `mem ${shortBytes(totals.memory_bytes)}/${shortBytes(totals.memory_total_bytes)}`,
      `policy ${snapshot.policy}`,
    ],
    columns,
  );
  const second = fitting(
    [
      `${wattsText(power.totalW)} W`,
      ...(['cpu', 'dram', 'gpu', 'other'] as const).map((name) =>
        name in byClass
          ? `${name === 'other' ? 'other' : name.toUpperCase()} ${wattsText(byClass[name])}`
          : '',
      ),
      `| jobs ${wattsText(power.runsW)}`,
      `idle ${wattsText(power.idleW)}`,
      `system ${wattsText(power.systemW)}`,
      ...totals.whole.map(({ name, power_w: watts }) => `| ${name} ${wattsText(watts)}`),
    ],
    columns,
  );
  const today = fitting(
    [
      `today ${joulesText(power.energyJ)}`,
      factor === null ? '' : `${co2eText(power.energyJ, factor.gPerKwh)} CO2e`,
      factor === null ? '' : `(${factor.text})`,
    ],
    columns,
  );
  const space = columns - today.length - 2;
  const drawn = space >= 8 ? sparkline(model.history(HOST_KEY), Math.min(60, space), isUnicode) : '';
  return [
    line(first, 'bold'),
    line(second),
    drawn === '' ? line(today) : [span(today), span('  '), span(drawn, 'green')],
  ];
}

function detailLines(model: TopModel, row: JobRow, columns: number): Line[] {
  const { nowMs, factor, isUnicode } = model;
  const facts = [
    `Job ${row.job}`,
    row.user,
    row.account === '' ? '' : `account ${row.account}`,
    row.partition === '' ? '' : `partition ${row.partition}`,
    `node ${row.node}`,
  ];
  const memory = `memory ${shortBytes(row.memoryBytes)}${row.memoryLimitBytes === null ? '' : ` of ${shortBytes(row.memoryLimitBytes)}`}`;
  const uses = [
    `${row.endedMs === null ? 'runs' : 'ran'} ${shortTime(((row.endedMs ?? nowMs) - row.startedMs) / 1000)}`,
    `CPUs ${cpusText(row.cpusBusy, row.cpus)}`,
    memory,
    row.gpus > 0 ? `GPUs ${row.gpus}, busy ${shortPercent(row.gpuBusy)}` : '',
  ];
  const sums = [
    `${wattsText(row.totalW)} W`,
    joulesText(row.energyJ),
    factor === null ? '' : `${co2eText(row.energyJ, factor.gPerKwh)} CO2e`,
  ];
  const nameWidth = Math.max(6, Math.min(28, columns - 34));
  const domains = row.domains.map(
    ({ name, power_w: watts, energy_j: energyJ, quality, missing_s: missingS }) =>
      line(
        [
          pad(cut(visible(name), nameWidth), nameWidth, 'left'),
          pad(wattsText(watts), 7, 'right'),
          pad(joulesText(energyJ), 9, 'right'),
          ` ${quality}${missingS > 0 ? `, ${shortTime(missingS)} missing` : ''}`,
        ].join(' '),
      ),
  );
  const drawn = sparkline(model.history(row.key), Math.max(8, columns - 6), isUnicode);
  return [
    line(fitting(facts, columns), 'bold'),
    line(fitting(uses, columns)),
    line(fitting(sums, columns)),
    ...(drawn === '' ? [] : [[span('last  '), span(drawn, 'green')]]),
    line(
      `${pad('DOMAIN', nameWidth, 'left')} ${pad('WATTS', 7, 'right')} ${pad('ENERGY', 9, 'right')}  HOW`,
      'bold',
    ),
    ...domains,
  ];
}

function footLine(state: TopState, columns: number): Line {
  if (state.view === 'filter') return [span('/', 'bold'), span(state.filter), span('_', 'inverse')];
  if (state.view === 'detail')
    return line(fitting(['q quit', 'Esc back', 'Up/Down other job'], columns), 'dim');
  if (state.view === 'help') return line(fitting(['q quit', 'Esc back'], columns), 'dim');
  const filter = state.filter === '' ? '/ filter' : `/ filter (${state.filter})`;
  return line(
    fitting(
      ['q quit', 'h help', `s sort (${state.sort})`, filter, 'Up/Down select', 'Enter detail'],
      columns,
    ),
    'dim',
  );
}

const HELP = [
  'Watts are the mean since the reading before; energy is since the job began.',
  '',
  's          sort by watts, energy, cpu, job in turn (w e c j: at once)',
  '/          filter by job, user, account, partition or node; Enter keeps it',
  'Up Down    select a job (k j too); PgUp PgDn Home End',
  'Enter      the selected job by domain; Esc goes back',
  'space      read anew',
  'q Ctrl-C   quit',
  '',
  'SHARE is of all that the host draws. CPUS: busy of those allocated.',
  '? not known now, - there is none, x before a job: it has ended.',
];
