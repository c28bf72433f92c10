import { visible } from '../config/visible';
import { EitError } from '../errors';
import { parseCsv } from './csv';
import { isCountry, WORLD_COUNTRY } from './country';
import { readDataFile } from './data-table';

/** What is worth citing with every figure. */
export const SOCIAL_COST_SOURCE = 'Ricke et al. 2018 (SSP2, RCP6.0, BHM-SR, growth-adjusted discounting)';
export const SOCIAL_COST_YEAR = 2018;
export const SOCIAL_COST_UNIT = 'USD of 2010 per tonne CO2';

/** Median, and the 66 % interval: 16.7 % and 83.3 %. */
export interface CostRange {
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

/** What a tonne of CO2 costs, in USD of 2010. */
export interface SocialCost {
  /** ISO 3166 alpha-3; WLD: the world. */
  readonly country: string;
  /** null: the source has no such country. */
  readonly usdPerTonne: CostRange | null;
  readonly worldUsdPerTonne: CostRange;
}

/** The social cost of carbon of each country of the table, the world's among them. */
export type SocialCosts = ReadonlyMap<string, CostRange>;

const FILE = 'social-cost/social-cost-of-carbon.csv';
const HEADER = 'country,low,median,high';

/**
 * Reads data/social-cost: Ricke et al. 2018, doi:10.1038/s41558-018-0282-y.
 * @param dataDir the folder `data` of the package
 * @throws EitError EIT_DATA_FILE where the file is missing or is not what it should be
 */
export function loadSocialCosts(dataDir: string): SocialCosts {
  return parseSocialCosts(readDataFile(dataDir, FILE), `data/${FILE}`);
}

/** @throws EitError EIT_DATA_FILE with the line of what is no country with three costs in order */
export function parseSocialCosts(text: string, file: string): SocialCosts {
  const fail = (line: number, what: string): never => {
    throw new EitError('EIT_DATA_FILE', `${file}:${line}: ${what}; install EIT again`);
  };
  const [header, ...records] = parseCsv(text, file);
  if (header?.fields.join() !== HEADER) fail(1, `expected the columns ${HEADER}`);
  const costs = new Map<string, CostRange>();
  for (const { line, fields } of records) {
    const [country = '', ...amounts] = fields;
    const [low, median, high] = amounts.map((amount) =>
      /^-?\d+(\.\d+)?$/.test(amount) ? Number(amount) : NaN,
    );
    const isWhole = amounts.length === 3 && low! <= median! && median! <= high!;
    if (!isCountry(country) || costs.has(country) || !isWhole)
      return fail(line, `"${visible(country, 80)}" is no country with three costs, or stands twice`);
    costs.set(country, { low: low!, median: median!, high: high! });
  }
  if (!costs.has(WORLD_COUNTRY)) fail(1, `there is no line ${WORLD_COUNTRY}`);
  return costs;
}

/** The costs of a country with the world's beside them. */
export function socialCostOf(country: string, costs: SocialCosts): SocialCost {
  return {
    country,
    usdPerTonne: costs.get(country) ?? null,
    worldUsdPerTonne: costs.get(WORLD_COUNTRY)!,
  };
}

/** What an amount of CO2eq costs, USD of 2010. */
export function costOf(co2eKg: number, { low, median, high }: CostRange): CostRange {
  const tonnes = co2eKg / 1000;
  return { low: low * tonnes, median: median * tonnes, high: high * tonnes };
}

/** As in the paper's impact statement: `$0.38 ($0.00, $0.95)`. */
export function costText({ low, median, high }: CostRange): string {
  return `${dollarText(median)} (${dollarText(low)}, ${dollarText(high)})`;
}

/** To the cent: `-$0.04`. */
function dollarText(usd: number): string {
  const cents = Math.abs(usd).toFixed(2);
  return `${usd < 0 && cents !== '0.00' ? '-' : ''}$${cents}`;
}
