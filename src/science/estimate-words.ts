import type { Precision } from '../hardware/accelerators';
import { energyText, massText, plainNumber } from '../report/units';
import type { EstimateHardware, MethodName, Workload } from './energy-estimate';
import type { MeanEstimate } from './mean-estimate';

/** A way to make carbon of an energy. */
export interface CarbonWay {
  readonly name: 'by time' | 'zone' | 'country';
  /** For a column. */
  readonly title: string;
  /** null: it is not known. */
  readonly gPerKwh: number | null;
  /** Whose figure it is; else why there is none. */
  readonly source: string;
}

/** A line of the table: one method, the measured value, or a prediction. Energies are means of a run. */
export interface EstimateRow {
  readonly kind: MethodName | 'past' | 'measured';
  readonly title: string;
  readonly gpuKwh: number | null;
  readonly cpuKwh: number | null;
  readonly dramKwh: number | null;
  /** With PUE; null: not known. */
  readonly energyKwh: number | null;
  /** Against what was measured; '' where there is nothing to say. */
  readonly error: string;
}

/** The name of a method with what it multiplies. */
export function methodTitle(method: MethodName, utilisation: number): string {
  switch (method) {
    case 'time-part':
      return `time × TDP × ${part(utilisation)}`;
    case 'time-full':
      return 'time × TDP';
    case 'time-in-use':
      return 'time in use × TDP';
    case 'operations':
      return 'operations × TDP / peak';
  }
}

/** Cells of a row, in the order of {@link estimateColumns}. */
export function rowCells(row: EstimateRow, carbon: readonly CarbonWay[], hasErrors: boolean): string[] {
  const energy = (kwh: number | null): string => (kwh === null ? '-' : energyText(kwh));
  return [
    row.title,
    ...[row.gpuKwh, row.cpuKwh, row.dramKwh, row.energyKwh].map(energy),
    ...carbon.map(({ gPerKwh }) =>
      gPerKwh === null || row.energyKwh === null ? '-' : massText((row.energyKwh * gPerKwh) / 1000),
    ),
    ...(hasErrors ? [row.error] : []),
  ];
}

export function estimateColumns(
  pue: number,
  carbon: readonly CarbonWay[],
  hasErrors: boolean,
): { title: string; align: 'left' | 'right' }[] {
  const right = (title: string) => ({ title, align: 'right' as const });
  return [
    { title: 'Method', align: 'left' },
    ...['GPU', 'CPU', 'DRAM'].map(right),
    right(`Energy (PUE ${pueText(pue)})`),
    ...carbon.map(({ title }) => right(title)),
    ...(hasErrors ? [right('Error')] : []),
  ];
}

export function pueText(pue: number): string {
  return plainNumber(Number(pue.toPrecision(4)));
}

/** What each number rests on, sentence by sentence. */
export function assumptions(
  estimates: readonly MeanEstimate[],
  {
    work,
    hardware,
    utilisation,
    precision,
  }: {
    readonly work: Workload;
    /** All that runs had. */
    readonly hardware: readonly EstimateHardware[];
    readonly utilisation: number;
    readonly precision: Precision;
  },
): string[] {
  const gpus = different(hardware.flatMap(({ gpu }) => gpu ?? []));
  const withCpu = hardware.filter(({ gpu }) => gpu?.holdsCpu !== true);
  const cpus = different(withCpu.flatMap(({ cpu }) => cpu ?? []));
  const made = estimates.filter(({ itKwh }) => itKwh !== null);
  const byTime = made.some(({ method }) => method === 'time-part' || method === 'time-full');
  const byOperations = made.some(({ method }) => method === 'operations');
  const runs = made[0]?.runs ?? 0;
  const most = (of: (one: MeanEstimate) => number): number => Math.max(0, ...made.map(of));
  const [noCpu, noDram] = [most(({ without }) => without.cpu), most(({ without }) => without.dram)];
  const peak = (tflops: number | null): string =>
    byOperations ? `, peak ${plainNumber(tflops ?? 0)} TFLOP/s dense (${precision})` : '';
  const some = (n: number, what: string): string =>
    n < runs ? `Of ${n} of ${runs} jobs no ${what}` : `No ${what}`;
  const sentences: readonly (string | false)[] = [
    made.length > 0 && 'GPU, CPU and DRAM are before PUE.',
    ...gpus.map(
      ({ name, tdpW, peakTflops, holdsCpu }) =>
        `${name}: TDP ${plainNumber(tdpW)} W a GPU${peak(peakTflops)}.` +
        (holdsCpu ? ' Its TDP has the CPUs and their memory in it: none are added.' : ''),
    ),
    ...cpus.map(
      ({ name, wattsPerCore }) =>
        `${name}: TDP / cores = ${plainNumber(Number(wattsPerCore.toPrecision(3)))} W a core.`,
    ),
    byTime &&
      `× ${part(utilisation)}: ${gpus.length === 0 ? 'cores draw' : 'GPUs, and the CPU with them, draw'} that part of their TDP all the time; without it all of it. Idle power is not told apart, and turbo can draw more than TDP.`,
    byOperations &&
      `${plainNumber(work.pflopsHours ?? 0)} PFLOP/s-hours as if they ran at the dense peak: a run that reaches half of it takes twice the time.`,
    noCpu > 0 && `${some(noCpu, 'CPU')} is added: its model, its cores or its time is not told.`,
    noDram > 0 && `${some(noDram, 'memory')} is added: how much, or how long, is not told.`,
    made.length > 0 && noDram < runs && withCpu.length > 0 && 'Memory: 0.3725 W a GiB, in use or not.',
  ];
  return sentences.filter((sentence) => sentence !== false);
}

/** Each once, in the order in which they come. */
export function different<T>(all: readonly T[]): T[] {
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
}

/** Why a method has no row; of several runs, of how many. */
export function lackText({ method, lacks, runs, without }: MeanEstimate, utilisation: number): string {
  const some = without.energy < runs ? `of ${without.energy} of ${runs} jobs ` : '';
  return `No ${methodTitle(method, utilisation)}: ${some}${lacks}.`;
}

function part(utilisation: number): string {
  return Math.abs(utilisation - 1 / 3) < 1e-9 ? '1/3' : plainNumber(Number(utilisation.toPrecision(3)));
}

/** `+45 %`, `-12 %`, `×3.1` from three times on. */
export function errorText(error: number): string {
  if (error >= 2) return `×${Number((1 + error).toPrecision(3))}`;
  const percent = Number((error * 100).toPrecision(Math.abs(error) < 0.1 ? 2 : 3));
  return `${percent > 0 ? '+' : ''}${plainNumber(percent)} %`;
}
