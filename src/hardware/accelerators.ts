import { nearest } from '../config/nearest';
import { visible } from '../config/visible';
import { dataPath } from '../data-path';
import { EitError } from '../errors';
import {
  badLine,
  type HardwareLine,
  parseHardwareTable,
  positiveField,
  readHardwareTable,
} from './hardware-table';
import { plainModel } from './model-name';
import { findModel, type ModelTable, modelTable } from './model-table';

/** Kinds of numbers that a peak is told of; `_matrix`: by matrix units, where they do it too. */
export const PRECISIONS = ['fp64', 'fp64_matrix', 'fp32', 'tf32', 'fp16', 'bf16', 'fp8', 'int8'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** A model of accelerators; figures are of one GPU as Slurm and the driver count them. */
export interface Accelerator {
  readonly name: string;
  /** Other names: the driver's, of sizes of memory. */
  readonly aliases: readonly string[];
  readonly form: string;
  /** Thermal design power, or the board's or module's; the most that it is made to draw for long. */
  readonly tdpW: number;
  /** 2: a card or module of two, each a GPU of its own to Slurm and the driver. */
  readonly gpusPerCard: number;
  /** Whether CPUs and their memory are in tdpW: a module of both. */
  readonly holdsCpu: boolean;
  /** TFLOP/s (of int8 TOP/s), dense: without the factor 2 that makers print for sparse matrices. */
  readonly peakTflops: Readonly<Partial<Record<Precision, number>>>;
  readonly memoryGb: number;
  readonly source: string;
  readonly sourceYear: number;
}

const COLUMNS = [
  ...(['name', 'aliases', 'form', 'tdp_w', 'gpus_per_card', 'holds_cpu'] as const),
  ...PRECISIONS,
  ...(['memory_gb', 'source', 'source_year'] as const),
];

/** data/hardware/accelerators.csv, explained in its README. @throws EitError EIT_DATA_FILE */
export function readAccelerators(path = dataPath('hardware', 'accelerators.csv')): ModelTable<Accelerator> {
  return parseAccelerators(readHardwareTable(path), path);
}

/**
 * A line a model; power and peaks in the file are of the card or module, as its data sheet has them.
 * @throws EitError EIT_DATA_FILE with the line
 */
export function parseAccelerators(text: string, path = 'accelerators.csv'): ModelTable<Accelerator> {
  const found = parseHardwareTable(text, path, COLUMNS).map(acceleratorOf);
  const names = found.flatMap((one) => [...new Set(allNames(one).map(plainModel))]);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw badLine(path, `two models are called ${twice}`);
  return modelTable(found, allNames);
}

function acceleratorOf({ place, fields }: HardwareLine<(typeof COLUMNS)[number]>): Accelerator {
  const gpusPerCard = positiveField(place, fields.gpus_per_card);
  const isGood =
    plainModel(fields.name) !== '' &&
    fields.source.startsWith('https:') &&
    ['yes', 'no'].includes(fields.holds_cpu);
  if (!isGood) throw badLine(place, fields.name);
  return {
    name: fields.name,
    aliases: fields.aliases.split(';').filter((alias) => alias !== ''),
    form: fields.form,
    tdpW: positiveField(place, fields.tdp_w) / gpusPerCard,
    gpusPerCard,
    holdsCpu: fields.holds_cpu === 'yes',
    peakTflops: Object.fromEntries(
      PRECISIONS.filter((precision) => fields[precision] !== '').map((precision) => [
        precision,
        positiveField(place, fields[precision]) / gpusPerCard,
      ]),
    ),
    memoryGb: positiveField(place, fields.memory_gb),
    source: fields.source,
    sourceYear: positiveField(place, fields.source_year),
  };
}

function allNames({ name, aliases }: Accelerator): string[] {
  return [name, ...aliases];
}

/**
 * The model that a person names.
 * @throws EitError EIT_USAGE with what may be meant
 */
export function acceleratorNamed(known: ModelTable<Accelerator>, name: string): Accelerator {
  const found = findModel(known, name);
  if (found !== null) return found;
  const asked = plainModel(name);
  const alike = asked === '' ? [] : known.models.filter((one) => plainModel(one.name).startsWith(asked));
  const names =
    alike.length > 0 ? alike.map((one) => one.name) : nearest(name, known.models.flatMap(shortNames));
  throw new EitError(
    'EIT_USAGE',
    `data/hardware has no GPU ${JSON.stringify(visible(name, 80))}` +
      (names.length === 0 ? '' : `: did you mean ${names.join(' or ')}?`) +
      (alike.length > 1 ? ' Their power differs.' : ''),
  );
}

function shortNames({ name, aliases }: Accelerator): string[] {
  return [name, name.replace(/^(NVIDIA|AMD|Intel) (Tesla |Instinct |GeForce )?/, ''), ...aliases];
}
