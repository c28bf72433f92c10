import { EitError } from '../errors';
import { columnNamed } from '../report/columns';
import { type LineChoice, parseSort } from '../report/line-choice';

/** What of the command line says which lines are shown; undefined where it says nothing. */
export interface LineOptions {
  readonly sort: readonly string[];
  readonly top: string | undefined;
  readonly 'min-kwh': string | undefined;
}

/**
 * Turns options into a choice of lines. --top without --sort takes those with the most Energy.
 * @throws EitError EIT_USAGE for what is no column or no number
 */
export function lineChoice({ sort, top, 'min-kwh': minKwh }: LineOptions): LineChoice {
  const energy = columnNamed('Energy');
  const byEnergy = energy === undefined || top === undefined ? [] : [{ column: energy, descending: true }];
  return {
    sort: sort.length > 0 ? parseSort(sort.join(',')) : byEnergy,
    top: top === undefined ? null : lineCount(top),
    minKwh: minKwh === undefined ? 0 : energyKwh(minKwh),
  };
}

function lineCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count > 0 && Number.isSafeInteger(count)) return count;
  throw new EitError(
    'EIT_USAGE',
    `--top: ${JSON.stringify(text)} is no number of lines: give 1 or more (--top 10)`,
  );
}

function energyKwh(text: string): number {
  const kwh = Number(text);
  if (/^(\d+\.?\d*|\.\d+)$/.test(text) && Number.isFinite(kwh)) return kwh;
  throw new EitError(
    'EIT_USAGE',
    `--min-kwh: ${JSON.stringify(text)} is no energy: give a number of kWh, 0 or more (--min-kwh 0.5)`,
  );
}
