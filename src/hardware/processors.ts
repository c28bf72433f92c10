import { nearest } from '../config/nearest';
import { visible } from '../config/visible';
import { dataPath } from '../data-path';
import { EitError } from '../errors';
import { badLine, parseHardwareTable, positiveField, readHardwareTable } from './hardware-table';
import { plainModel } from './model-name';
import { findModel, type ModelTable, modelTable } from './model-table';

/** A model of CPUs, one package of it. */
export interface Processor {
  readonly name: string;
  readonly cores: number;
  /** Thermal design power. */
  readonly tdpW: number;
}

/** data/hardware/processors.csv, explained in its README. @throws EitError EIT_DATA_FILE */
export function readProcessors(path = dataPath('hardware', 'processors.csv')): ModelTable<Processor> {
  return parseProcessors(readHardwareTable(path), path);
}

/** @throws EitError EIT_DATA_FILE with the line */
export function parseProcessors(text: string, path = 'processors.csv'): ModelTable<Processor> {
  const found = parseHardwareTable(text, path, ['name', 'cores', 'tdp_w']).map(({ place, fields }) => {
    const cores = positiveField(place, fields.cores);
    if (!Number.isInteger(cores) || plainModel(fields.name) === '') throw badLine(place, fields.name);
    return { name: fields.name, cores, tdpW: positiveField(place, fields.tdp_w) };
  });
  return modelTable(found, ({ name }) => [name]);
}

/**
 * The model that a person names.
 * @throws EitError EIT_USAGE with what may be meant
 */
export function processorNamed(known: ModelTable<Processor>, name: string): Processor {
  // `EPYC 7763` and `Gold 6148` are enough where one model ends so.
  const asked = plainModel(name);
  const exact = findModel(known, name);
  const ending = asked === '' ? [] : known.models.filter((one) => plainModel(one.name).endsWith(asked));
  const found = exact ?? (ending.length === 1 ? ending[0] : undefined);
  if (found !== undefined) return found;
  const near =
    ending.length > 1
      ? ending.map((one) => one.name)
      : nearest(
          name,
          known.models.flatMap((one) => [one.name, one.name.replace(/^(Intel|AMD) (Xeon |Core )?/, '')]),
        );
  throw new EitError(
    'EIT_USAGE',
    `data/hardware has no CPU ${JSON.stringify(visible(name, 80))}` +
      (near.length === 0 ? '' : `: did you mean ${near.slice(0, 5).join(' or ')}?`),
  );
}
