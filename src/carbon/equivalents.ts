import { visible } from '../config/visible';
import { EitError } from '../errors';
import { parseCsv } from './csv';
import { readDataFile } from './data-table';

const KINDS = ['distance', 'count', 'years', 'months'] as const;
const MEASURES = ['kgCO2e', 'kWh'] as const;

/** Something that an amount of CO2eq or of energy can be compared with. */
export interface Equivalent {
  readonly name: string;
  readonly kind: (typeof KINDS)[number];
  readonly per: (typeof MEASURES)[number];
  /** kg CO2eq or kWh of one km, one piece, one year or one month. */
  readonly amount: number;
  /** Of the data. */
  readonly year: number;
  readonly source: string;
  readonly url: string;
}

/** How much of something an energy and its CO2eq are. */
export interface EquivalentValue extends Equivalent {
  /** km, pieces, years or months. */
  readonly value: number;
}

const FILE = 'equivalents/equivalents.csv';
const HEADER = 'name,kind,per,amount,year,source,url';

/**
 * Reads data/equivalents.
 * @param dataDir the folder `data` of the package
 * @throws EitError EIT_DATA_FILE where the file is missing or is not what it should be
 */
export function loadEquivalents(dataDir: string): Equivalent[] {
  return parseEquivalents(readDataFile(dataDir, FILE), `data/${FILE}`);
}

/** @throws EitError EIT_DATA_FILE with the line that lacks its amount, year or source */
export function parseEquivalents(text: string, file: string): Equivalent[] {
  const [header, ...records] = parseCsv(text, file);
  const fail = (line: number, what: string): never => {
    throw new EitError('EIT_DATA_FILE', `${file}:${line}: ${what}; install EIT again`);
  };
  if (header?.fields.join() !== HEADER) fail(1, `expected the columns ${HEADER}`);
  return records.map(({ line, fields }) => {
    const [name = '', kindName, perName, amount = '', year = '', source = '', url = ''] = fields;
    const kind = KINDS.find((known) => known === kindName);
    const per = MEASURES.find((known) => known === perName);
    const isNumber = /^\d+(\.\d+)?$/.test(amount) && Number(amount) > 0 && /^(19|20)\d\d$/.test(year);
    if (kind === undefined || per === undefined || !isNumber || name === '' || source === '' || url === '')
      return fail(line, `"${visible(name, 80)}" lacks its kind, amount, year or source`);
    return { name, kind, per, amount: Number(amount), year: Number(year), source, url };
  });
}

/**
 * @param totalKwh energy with PUE
 * @param co2eKg what it emitted
 */
export function equivalentsOf(
  known: readonly Equivalent[],
  totalKwh: number,
  co2eKg: number,
): EquivalentValue[] {
  return known.map((one) => ({ ...one, value: (one.per === 'kWh' ? totalKwh : co2eKg) / one.amount }));
}

interface Unit {
  readonly name: string;
  readonly size: number;
}

/** The largest first. */
const DISTANCES: readonly Unit[] = [
  { name: 'km', size: 1 },
  { name: 'm', size: 1e-3 },
  { name: 'cm', size: 1e-5 },
  { name: 'mm', size: 1e-6 },
];

/** Of a mean year, 365.25 days. */
const TIMES: readonly Unit[] = [
  { name: 'year', size: 1 },
  { name: 'month', size: 1 / 12 },
  { name: 'day', size: 1 / 365.25 },
  { name: 'hour', size: 1 / 8766 },
  { name: 'minute', size: 1 / 525_960 },
  { name: 'second', size: 1 / 31_557_600 },
];

/**
 * How much of something, with three significant digits, in a unit in which a person can imagine it: `1.23 km by car (USA)`,
 * `3.1 days of a tree`, `12 years of a home`, `1/850 of a flight`.
 */
export function equivalentText({
  name,
  kind,
  value,
}: Pick<EquivalentValue, 'name' | 'kind' | 'value'>): string {
  if (kind === 'distance') {
    const what = name.replace(/^km /, '');
    const { text, unit } = inUnit(value, DISTANCES);
    return `${text} ${unit} ${what}`;
  }
  if (kind === 'count') {
    if (value === 0 || value >= 0.095)
      return `${numberText(value)} ${value === 1 ? name : name.replace(/ |$/, 's$&')}`;
    return `1/${numberText(1 / value)} of a ${name}`;
  }
  const { text, unit } = inUnit(kind === 'years' ? value : value / 12, TIMES);
  return `${text} ${unit}${text === '1' ? '' : 's'} of ${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`;
}

/** The largest unit of which there is one; the smallest takes what is smaller still. */
function inUnit(value: number, units: readonly Unit[]): { text: string; unit: string } {
  // Rounded first: 0.9999 of a month is one.
  const fitting = units.find(({ size }) => Number((value / size).toPrecision(3)) >= 1);
  const unit = value === 0 ? units[0]! : (fitting ?? units[units.length - 1]!);
  return { text: numberText(value / unit.size), unit: unit.name };
}

const LARGE: readonly Unit[] = [
  { name: 'billion', size: 1e9 },
  { name: 'million', size: 1e6 },
];

/** Three significant digits, without an exponent where that can be: `12,300`, `1.23 million`. */
function numberText(value: number): string {
  const rounded = Number(value.toPrecision(3));
  const large = LARGE.find(({ size }) => rounded >= size);
  if (large !== undefined) return `${Number((rounded / large.size).toPrecision(3))} ${large.name}`;
  return rounded >= 1000 ? rounded.toLocaleString('en-US') : String(rounded);
}
