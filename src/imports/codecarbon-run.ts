import { createHash } from 'node:crypto';
import { DateTime } from 'luxon';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import type { CodecarbonRow } from './codecarbon-csv';
import { checkLength, countOf, type ImportedDomain, type ImportedRun, MOST_WATTS } from './imported-run';

const J_PER_KWH = 3.6e6;

/** Rounding in the file; below it parts and whole are the same. */
const SAME = 1e-6;

/** How the CPU's energy came about. CodeCarbon's file does not tell: without RAPL it is a table's TDP times load. */
export type CpuQuality = 'measured' | 'modelled';

/**
 * A run out of a row of CodeCarbon's. Its energies have its PUE in them, which is taken out; power is taken as even over the run. RAM is modelled by that
 * tool (watts by size), GPUs are read from NVML or amdsmi, CPUs are what `cpu` says. What the whole has beyond CPU, GPU and RAM is of the node, modelled.
 * @param zone in which the machine's clock was
 * @throws EitError EIT_IMPORT where the timestamp is none, or the run had no energy
 */
export function codecarbonRun(
  row: CodecarbonRow,
  { file, zone, cpu }: { readonly file: string; readonly zone: string; readonly cpu: CpuQuality },
): ImportedRun {
  const place = `${file}:${row.line}`;
  const end = DateTime.fromISO(row.timestamp, { zone });
  if (!end.isValid || end.year < 1970 || end.year > 3000)
    throw new EitError(
      'EIT_IMPORT',
      `${place}: timestamp ${JSON.stringify(visible(row.timestamp, 40))} is no time`,
    );
  const toMs = end.toMillis();
  const fromMs = toMs - Math.max(1, Math.round(row.durationS * 1000));
  checkLength(place, fromMs, toMs);
  const meanW =
    (Math.max(row.totalKwh, row.cpuKwh ?? 0, row.gpuKwh ?? 0, row.ramKwh ?? 0) * J_PER_KWH * 1000) /
    (toMs - fromMs);
  if (meanW > MOST_WATTS)
    throw new EitError(
      'EIT_IMPORT',
      `${place}: ${row.totalKwh} kWh in ${row.durationS} s is more than a machine draws`,
    );
  const pue = row.pue ?? 1;
  const notes: string[] = [];
  const parts = [
    ['cpu', row.cpuKwh, cpu === 'measured'],
    ['gpu', row.gpuKwh, true],
    ['dram', row.ramKwh, false],
  ] as const;
  const told = parts.reduce((sum, [, kwh]) => sum + (kwh ?? 0), 0);
  const rest = row.totalKwh - told;
  if (rest < -SAME * told)
    notes.push(
      `CPU, GPU and RAM are more than the whole (${told} and ${row.totalKwh} kWh): the parts were taken`,
    );
  const isEstimated = row.trackingMode === 'process';
  const domains = [...parts, ['node', rest > SAME * row.totalKwh ? rest : null, false] as const].flatMap(
    ([name, kwh, isMeasured]): ImportedDomain[] =>
      kwh === null || (kwh === 0 && name !== 'cpu')
        ? []
        : [
            {
              name,
              isEstimated,
              pieces: [
                {
                  ...{ fromMs, toMs, isMeasured, isObserved: true },
                  powerW: (kwh / pue) * J_PER_KWH * (1000 / (toMs - fromMs)),
                },
              ],
            },
          ],
  );
  if (domains.length === 0) throw new EitError('EIT_IMPORT', `${place}: the row has no energy`);
  const hasGpu = domains.some(({ name }) => name === 'gpu');
  return {
    source: row.version === null ? 'codecarbon' : `codecarbon ${row.version}`,
    cluster: 'imported-codecarbon',
    identity: createHash('sha256')
      .update(`codecarbon\0${row.runId}\0${row.taskName ?? ''}`)
      .digest('hex'),
    place,
    fromMs,
    toMs,
    domains,
    cpuSeconds: [],
    cpus: countOf(row.cpus),
    cpuModel: row.cpuModel,
    gpus: hasGpu ? (countOf(row.gpus) ?? 1) : 0,
    gpuModel: hasGpu ? row.gpuModel : null,
    toolPue: row.pue,
    tags: tagsOf(row),
    notes,
  };
}

function tagsOf(row: CodecarbonRow): Record<string, string> {
  const told: readonly (readonly [string, string | number | null])[] = [
    ['project', row.project],
    ['task', row.taskName],
    ['run_id', row.runId],
    ['tool_version', row.version],
    ['tool_pue', row.pue],
    ['tool_country', row.country],
    ['tool_region', row.region],
    ['tool_co2e_kg', row.emissionsKg],
    ['tracking_mode', row.trackingMode],
  ];
  return {
    imported_from: 'codecarbon',
    ...Object.fromEntries(told.flatMap(([name, value]) => (value === null ? [] : [[name, String(value)]]))),
  };
}
