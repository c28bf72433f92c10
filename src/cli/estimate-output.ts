import type { IntensityBasis } from '../carbon/intensity';
import { energyText, massText } from '../report/units';
import { METHODS } from '../science/energy-estimate';
import { type EstimateBar, estimateSvg } from '../science/estimate-svg';
import {
  assumptions,
  type CarbonWay,
  different,
  errorText,
  estimateColumns,
  type EstimateRow,
  lackText,
  methodTitle,
  pueText,
  rowCells,
} from '../science/estimate-words';
import { version } from '../version';
import type { EstimateResult } from './estimate-result';
import { alignedRows } from './plain-text';

export interface ShownEstimate extends EstimateResult {
  readonly ways: readonly CarbonWay[];
  /** Of the averages among them. */
  readonly basis: IntensityBasis;
  /** Factors that neither the site nor an option told. */
  readonly assumed: readonly string[];
}

/** The table, and what its numbers rest on. */
export function estimateLines(shown: ShownEstimate): string[] {
  const { estimates, work, hardware, input, measured, ways, pue, notes, assumed } = shown;
  const hasErrors = measured !== null;
  const told = Object.values(estimates ?? {});
  return [
    ...alignedRows(
      estimateColumns(pue, ways, hasErrors),
      rowsOf(shown).map((row) => rowCells(row, ways, hasErrors)),
    ),
    '',
    ...predictionSentences(shown),
    ...(work === null || hardware === null
      ? []
      : assumptions(told, {
          ...{ work, hardware, utilisation: input.utilisation, precision: input.precision },
        })),
    ...told.flatMap((one) => (one.lacks === null ? [] : [lackText(one, input.utilisation)])),
    ...ways.map(({ title, source }) => `${title}: ${source}.`),
    ...(assumed.length === 0 ? [] : [`Not told by the site, so assumed: ${assumed.join('; ')}.`]),
    ...notes.map((note) => `Warning: ${note}.`),
  ];
}

function rowsOf({ estimates, input, measured, prediction, pue }: ShownEstimate): EstimateRow[] {
  const methods = METHODS.flatMap((method): EstimateRow[] => {
    const found = estimates?.[method];
    if (found === undefined || found.itKwh === null) return [];
    const error = measured?.errors.find((one) => one.method === method);
    return [
      {
        ...found,
        kind: method,
        title: methodTitle(method, input.utilisation),
        // Jobs of several clusters have a PUE each.
        energyKwh: error?.estimatedKwh ?? found.itKwh * pue,
        error:
          error === undefined || error.error === null
            ? '-'
            : `${errorText(error.error)}${error.stars === null ? '' : ` ${error.stars}`}`,
      },
    ];
  });
  const none = { gpuKwh: null, cpuKwh: null, dramKwh: null, error: '' };
  return [
    ...methods,
    ...(prediction === null
      ? []
      : [
          {
            ...{ ...none, kind: 'past' as const, title: `past jobs (${prediction.n}), median` },
            energyKwh: prediction.median,
          },
        ]),
    ...(measured === null
      ? []
      : [
          {
            ...{ ...none, ...measured, kind: 'measured' as const },
            title: `measured (${measured.set.report.groups.length})`,
          },
        ]),
  ];
}

function predictionSentences({ prediction, input, ways, pue }: ShownEstimate): string[] {
  if (prediction === null) return [];
  const { n, interval, perHour, pastPue } = prediction;
  const [, zone] = ways;
  const scaled = perHour ? `, by the mean power of each and ${input.hours} h` : '';
  const other =
    Math.abs(pue / pastPue - 1) < 1e-9
      ? []
      : [
          `Past jobs ran with a PUE of ${pueText(pastPue)}: what they took before it is here times ${pueText(pue)}.`,
        ];
  if (interval === null) return [`Of ${n} past job there is no interval${scaled}.`, ...other];
  const kg = (kwh: number): string => massText((kwh * (zone?.gPerKwh ?? NaN)) / 1000);
  return [
    `The next job lies between ${energyText(interval.low)} and ${energyText(interval.high)} (${kg(interval.low)} to ${kg(interval.high)} by the zone's average) with a chance of ` +
      `${Math.floor(interval.chance * 100)} %, if it is of the same kind as these ${n}${scaled}: by their order, without assuming a distribution.`,
    ...other,
  ];
}

/** The picture: what the first energy emits, and each energy. */
export function estimatePicture(shown: ShownEstimate): string {
  const { measured, prediction, ways } = shown;
  const rows = rowsOf(shown).filter(({ energyKwh }) => energyKwh !== null);
  const main = measured === null ? rows[0] : rows.at(-1);
  const plain = { range: null, stars: '', isMeasured: false };
  const energy = rows.map(({ kind, title, energyKwh }): EstimateBar => ({
    ...{ title, value: energyKwh ?? 0, isMeasured: kind === 'measured' },
    range: kind === 'past' ? (prediction?.interval ?? null) : null,
    stars: measured?.errors.find(({ method }) => method === kind)?.stars ?? '',
  }));
  const carbon = ways.flatMap(({ title, gPerKwh }): EstimateBar[] =>
    gPerKwh === null || main?.energyKwh === null || main === undefined
      ? []
      : [{ ...plain, title, value: (main.energyKwh * gPerKwh) / 1000, isMeasured: false }],
  );
  return estimateSvg(carbon, energy, `${main?.title ?? 'nothing'}: CO2eq; and the energy of a run by method`);
}

export function estimateJson(shown: ShownEstimate): Record<string, unknown> {
  const { estimates, hardware, work, input, measured, prediction, ways, pue, basis, notes, assumed } = shown;
  const all = hardware ?? [];
  const carbon = (kwh: number | null): Record<string, number | null> =>
    Object.fromEntries(
      ways.map(({ name, gPerKwh }) => [
        name.replace(' ', '_'),
        kwh === null || gPerKwh === null ? null : (kwh * gPerKwh) / 1000,
      ]),
    );
  return {
    ...{
      schema: 1,
      tool_version: version,
      pue,
      basis,
      utilisation: input.utilisation,
      precision: input.precision,
    },
    gpus: different(all.flatMap(({ gpu }) => gpu ?? [])).map((gpu) => ({
      ...{ name: gpu.name, tdp_w: gpu.tdpW, peak_tflops: gpu.peakTflops },
      holds_cpu: gpu.holdsCpu,
    })),
    cpus: different(all.flatMap(({ cpu }) => cpu ?? [])).map(({ name, wattsPerCore }) => ({
      ...{ name, w_per_core: wattsPerCore },
    })),
    work:
      work === null
        ? null
        : {
            ...{ hours: work.hours, gpu_hours: work.gpuHours, used_gpu_hours: work.usedGpuHours },
            ...{ core_hours: work.coreHours, used_core_hours: work.usedCoreHours },
            ...{ memory_bytes: work.memoryBytes, pflops_hours: work.pflopsHours },
          },
    carbon: ways.map(({ name, gPerKwh, source }) => ({ way: name, g_per_kwh: gPerKwh, source })),
    estimates: METHODS.flatMap((method) => {
      const found = estimates?.[method];
      if (found === undefined) return [];
      const error = measured?.errors.find((one) => one.method === method);
      const kwh = error?.estimatedKwh ?? (found.itKwh === null ? null : found.itKwh * pue);
      return [
        {
          ...{ method, gpu_kwh: found.gpuKwh, cpu_kwh: found.cpuKwh, dram_kwh: found.dramKwh },
          ...{ energy_kwh: kwh, co2e_kg: carbon(kwh), lacks: found.lacks },
          runs_without: found.without,
          ...(error === undefined ? {} : { error: error.error, p_holm: error.p, stars: error.stars }),
        },
      ];
    }),
    prediction:
      prediction === null
        ? null
        : {
            ...{ jobs: prediction.n, median_kwh: prediction.median, per_hour: prediction.perHour },
            past_pue: prediction.pastPue,
            interval: prediction.interval,
            co2e_kg: carbon(prediction.median),
          },
    measured:
      measured === null
        ? null
        : {
            ...{ jobs: measured.set.report.groups.length, filter: measured.set.filter.text },
            ...{ gpu_kwh: measured.gpuKwh, cpu_kwh: measured.cpuKwh, dram_kwh: measured.dramKwh },
            ...{
              energy_kwh: measured.energyKwh,
              co2e_kg: measured.set.report.total.co2e_kg / measured.set.report.groups.length,
            },
          },
    assumed,
    warnings: notes,
  };
}
