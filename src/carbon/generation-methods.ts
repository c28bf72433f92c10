import { EitError } from '../errors';
import { parseGrams, parseTable, readDataFile } from './data-table';

/** A way to make electricity, with its emissions over the whole life of plant and fuel. */
export interface GenerationMethod {
  readonly name: string;
  /** gCO2eq/kWh of the studies: the least, the middle one, the most. */
  readonly minG: number;
  readonly medianG: number;
  readonly maxG: number;
}

const FILE = 'generation/methods-ipcc-2014.csv';

/** Where the figures are from, in a line. */
export const METHODS_SOURCE = 'IPCC AR5 (2014), WG III, Annex III, table A.III.2: medians, life cycle';

/**
 * The ways to make electricity, the most carbon first.
 * @throws EitError EIT_DATA_FILE
 */
export function loadGenerationMethods(dataDir: string): GenerationMethod[] {
  return parseGenerationMethods(readDataFile(dataDir, FILE), `data/${FILE}`);
}

export function parseGenerationMethods(text: string, file: string): GenerationMethod[] {
  const columns = { name: 'method', min: 'min', median: 'median', max: 'max' };
  return parseTable(text, file, columns)
    .map(({ place, fields }) => {
      const [minG, medianG, maxG] = [
        parseGrams(fields.min, place),
        parseGrams(fields.median, place),
        parseGrams(fields.max, place),
      ];
      if (fields.name === '' || minG > medianG || medianG > maxG)
        throw new EitError('EIT_DATA_FILE', `${place}: no way to make electricity with min, median and max`);
      return { name: fields.name, minG, medianG, maxG };
    })
    .toSorted((a, b) => b.medianG - a.medianG);
}
