import { type CsvRecord, parseCsv } from '../carbon/csv';
import { visible } from '../config/visible';
import { EitError } from '../errors';

/** A row of emissions.csv: a run, or with `task_name` a part of one. */
export interface CodecarbonRow {
  /** Of the file, from 1. */
  readonly line: number;
  readonly runId: string;
  readonly taskName: string | null;
  readonly project: string | null;
  /** As written: the local time of the machine at which the row was written, without a zone. */
  readonly timestamp: string;
  readonly durationS: number;
  /** With the tool's PUE in them; null: the column is not there or empty. */
  readonly cpuKwh: number | null;
  readonly gpuKwh: number | null;
  readonly ramKwh: number | null;
  readonly totalKwh: number;
  readonly emissionsKg: number | null;
  readonly pue: number | null;
  readonly cpuModel: string | null;
  readonly cpus: number | null;
  readonly gpuModel: string | null;
  readonly gpus: number | null;
  readonly trackingMode: string | null;
  readonly version: string | null;
  readonly country: string | null;
  readonly region: string | null;
}

export interface CodecarbonFile {
  readonly rows: readonly CodecarbonRow[];
  /** What could not be read, with its line and why. */
  readonly refused: readonly string[];
}

/** Without these there is no run to speak of; the others came and went with the versions. */
const NEEDED = ['timestamp', 'duration', 'energy_consumed'] as const;

/**
 * Reads emissions.csv of CodeCarbon (https://github.com/mlco2/codecarbon), or the file of its tasks. Columns are found by name: version 1 has
 * `experiment_id` and one energy, 2 and 3 `run_id` and the energies of CPU, GPU and RAM. A run that was written down several times counts once, with its
 * longest row: rows hold all since the run's start.
 * @param file named in errors
 * @throws EitError EIT_IMPORT where it is another file; EIT_DATA_FILE where it is no CSV
 */
export function parseCodecarbonCsv(text: string, file: string): CodecarbonFile {
  const [head, ...records] = parseCsv(text.replace(/^\uFEFF/, ''), file);
  const columns = new Map((head?.fields ?? []).map((name, at) => [name.trim(), at]));
  const lacking = [...NEEDED, ...(columns.has('experiment_id') ? [] : ['run_id'])].filter(
    (name) => !columns.has(name),
  );
  if (lacking.length > 0)
    throw new EitError(
      'EIT_IMPORT',
      `${file}:1: no column ${lacking.join(', ')}: give the emissions.csv that CodeCarbon wrote`,
    );
  const rows = new Map<string, CodecarbonRow>();
  const refused: string[] = [];
  for (const record of records) {
    const row = parseRow(record, columns);
    if (typeof row === 'string') {
      refused.push(`${file}:${record.line}: ${row}`);
      continue;
    }
    const key = `${row.runId}\0${row.taskName ?? ''}`;
    const known = rows.get(key);
    if (known === undefined || row.durationS > known.durationS) rows.set(key, row);
  }
  return { rows: [...rows.values()], refused };
}

/** @returns why it is none, where it is none */
function parseRow({ line, fields }: CsvRecord, columns: ReadonlyMap<string, number>): CodecarbonRow | string {
  const text = (column: string): string | null => {
    const field = fields[columns.get(column) ?? -1]?.trim() ?? '';
    return field === '' || field.toLowerCase() === 'nan' ? null : field;
  };
  const faults: string[] = [];
  const number = (column: string, least = 0): number | null => {
    const field = text(column);
    if (field === null) return null;
    const value = Number(field);
    if (Number.isFinite(value) && value >= least) return value;
    faults.push(`${column} is ${JSON.stringify(visible(field, 40))}, no number from ${least} on`);
    return null;
  };
  const needed = (column: string): number => {
    const value = number(column);
    if (value === null && faults.length === 0) faults.push(`${column} is empty`);
    return value ?? 0;
  };
  const row: CodecarbonRow = {
    line,
    runId: text('run_id') ?? text('experiment_id') ?? '',
    taskName: text('task_name'),
    project: text('project_name'),
    timestamp: text('timestamp') ?? '',
    durationS: needed('duration'),
    cpuKwh: number('cpu_energy'),
    gpuKwh: number('gpu_energy'),
    ramKwh: number('ram_energy'),
    totalKwh: needed('energy_consumed'),
    emissionsKg: number('emissions'),
    pue: number('pue', 1),
    cpuModel: text('cpu_model'),
    cpus: number('cpu_count'),
    gpuModel: text('gpu_model'),
    gpus: number('gpu_count'),
    trackingMode: text('tracking_mode'),
    version: text('codecarbon_version'),
    country: text('country_iso_code') ?? text('country_name'),
    region: text('region'),
  };
  if (row.runId === '') faults.push('run_id is empty');
  if (row.durationS === 0 && faults.length === 0) faults.push('duration is 0');
  return faults.length > 0 ? faults.join('; ') : row;
}
