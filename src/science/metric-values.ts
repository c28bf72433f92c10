import { parseCsv } from '../carbon/csv';
import { visible, visibleValue } from '../config/visible';
import { EitError } from '../errors';
import type { FactLine, FactMetric } from '../generated/facts';

export type SaidMetrics = NonNullable<FactLine['metrics']>;

/** What was taken of a file of results, and what not, in words. */
export interface TakenMetrics {
  readonly metrics: Readonly<Record<string, FactMetric>>;
  readonly faults: readonly string[];
}

/** The schema's bounds. */
const MOST_POINTS = 100_000;
const MOST_METRICS = 256;
const NAME = /^[^\s=:,;\p{Cc}\p{Cf}\p{Cs}\p{Co}-][^=:,;\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]{0,63}$/u;
const UNIT = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]{1,32}$/u;
const TEXT = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]{0,256}$/u;

const NUMBER = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*)$/su;

/** What a unit does not begin with: the rest of a number that is written in another way. */
const REST_OF_NUMBER = /^(?:[,._:]|[^\p{L}]*\d|e[+-]|x\s*\d)/iu;
/** What would stand behind the 0 of another base. */
const OTHER_BASE = /^(?:x.|[bo]\d)/iu;

/**
 * Names of tags and metrics: up to 64 characters that can be seen, without `=`, `:`, comma and semicolon, which options split at.
 * @throws EitError EIT_USAGE
 */
export function checkName(name: string): string {
  if (NAME.test(name) && name === name.trim()) return name;
  throw new EitError(
    'EIT_USAGE',
    `${JSON.stringify(visible(name, 80))} is no name: up to 64 characters without = : , ; and with no minus in front`,
  );
}

/**
 * `key=value` of a tag.
 * @throws EitError EIT_USAGE
 */
export function parseTag(text: string): readonly [key: string, value: string] {
  const at = text.indexOf('=');
  if (at === -1)
    throw new EitError(
      'EIT_USAGE',
      `${JSON.stringify(visible(text, 80))} is no tag: give key=value, such as set=resnet`,
    );
  const value = text.slice(at + 1);
  if (!TEXT.test(value))
    throw new EitError(
      'EIT_USAGE',
      `the tag ${visible(text.slice(0, at), 80)} has a value of over 256 characters, or one with characters that cannot be seen`,
    );
  return [checkName(text.slice(0, at)), value];
}

/**
 * `name=value`, with a unit behind the value where it has one: `accuracy=93.1%`, `fpos=1.2e18`, `score=310 points`.
 * @throws EitError EIT_USAGE
 */
export function parseMetric(text: string): readonly [name: string, metric: FactMetric] {
  const at = text.indexOf('=');
  const name = checkName(text.slice(0, Math.max(0, at)));
  const [, digits, unit = ''] = NUMBER.exec(text.slice(at + 1).trim()) ?? [];
  const value = Number(digits);
  if (digits === undefined || !Number.isFinite(value))
    throw new EitError(
      'EIT_USAGE',
      `${JSON.stringify(visible(text, 80))}: give name=number, with a unit where it has one, such as accuracy=93.1%; NaN and infinity are no results`,
    );
  if (REST_OF_NUMBER.test(unit) || (/^[+-]?0$/.test(digits) && OTHER_BASE.test(unit)))
    throw new EitError(
      'EIT_USAGE',
      `${JSON.stringify(visible(text, 80))}: ${visible(digits, 40)} with the unit ${JSON.stringify(visible(unit, 40))} is hardly what is meant; ` +
        'write the number with a point and without separators, such as 93.1 or 1200 or 1.2e18, and no sum, fraction or other base',
    );
  return [name, { ...unitOf(unit, name), points: [[null, value]] }];
}

/** @throws EitError EIT_USAGE */
export function unitOf(unit: string, name: string): { unit?: string } {
  if (unit === '') return {};
  if (UNIT.test(unit)) return { unit };
  throw new EitError(
    'EIT_USAGE',
    `the unit of ${visible(name, 80)} has over 32 characters, or some that cannot be seen`,
  );
}

/**
 * Results as training programs write them: an object of names, each with a number, a list of numbers, a list of [step, value],
 * or `{"value" or "points": ..., "unit": ..., "best": "max" or "min"}`. Objects in it are read too, as `outer.inner`.
 * Python's NaN and Infinity, which are no JSON, make a fault of that name alone.
 * @param file named in errors
 * @throws EitError EIT_DATA_FILE where it is no such object
 */
export function parseMetricsJson(text: string, file: string): TakenMetrics {
  let value: unknown;
  try {
    value = JSON.parse(withoutNonNumbers(text));
  } catch (cause) {
    throw new EitError(
      'EIT_DATA_FILE',
      `${visible(file)} is no JSON: ${visible(String(cause), 200)}; write an object such as {"accuracy": 0.93}`,
      { cause },
    );
  }
  if (!isObject(value))
    throw new EitError(
      'EIT_DATA_FILE',
      `${visible(file)} holds ${visibleValue(value)}: write an object such as {"accuracy": 0.93}`,
    );
  const metrics: [string, FactMetric][] = [];
  const faults: string[] = [];
  const take = (object: object, before: string, depth: number): void => {
    for (const [key, each] of Object.entries(object)) {
      const name = before + key;
      const points = pointsOf(isObject(each) ? (each['points'] ?? each['value']) : each);
      if (isObject(each) && !('points' in each) && !('value' in each) && depth < 4)
        take(each, `${name}.`, depth + 1);
      else if (!NAME.test(name) || name !== name.trim())
        faults.push(`${JSON.stringify(visible(name, 80))} is no name of a metric`);
      else if (typeof points === 'string') faults.push(`${visible(name, 80)} ${points}`);
      else {
        const extra = isObject(each) ? extraOf(each) : {};
        if (typeof extra === 'string') faults.push(`${visible(name, 80)} ${extra}`);
        else metrics.push([name, { ...extra, points }]);
      }
    }
  };
  take(value, '', 0);
  if (metrics.length > MOST_METRICS)
    faults.push(`only the first ${MOST_METRICS} of ${metrics.length} metrics were taken`);
  return { metrics: Object.fromEntries(metrics.slice(0, MOST_METRICS)), faults };
}

/** null for Python's NaN and Infinity. Texts are passed over, so that one that says NaN stays. */
function withoutNonNumbers(text: string): string {
  const parts: string[] = [];
  for (let at = 0; at < text.length;) {
    const quote = text.indexOf('"', at);
    const end = quote === -1 ? text.length : endOfText(text, quote);
    parts.push(
      text.slice(at, quote === -1 ? end : quote).replaceAll(/-?\bInfinity\b|\bNaN\b/g, 'null'),
      quote === -1 ? '' : text.slice(quote, end),
    );
    at = end;
  }
  return parts.join('');
}

/** Behind the quote that ends it. No pattern: of a long text one overflows the stack. */
function endOfText(text: string, quote: number): number {
  let at = quote + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return Math.min(at + 1, text.length);
}

type Points = FactMetric['points'];

/** @returns why it has none, in words that go on behind its name */
function pointsOf(value: unknown): Points | string {
  if (isNumber(value)) return [[null, value]];
  if (!Array.isArray(value)) return `is ${visibleValue(value)}, not a number`;
  if (value.length === 0) return 'is an empty list';
  if (value.length > MOST_POINTS) return `has ${value.length} values, and at most ${MOST_POINTS} are kept`;
  const points = value.map((one): [number | null, number] | null => {
    if (isNumber(one)) return [null, one];
    const [step, amount, ...more] = Array.isArray(one) ? (one as unknown[]) : [];
    return isNumber(step) && isNumber(amount) && more.length === 0 ? [step, amount] : null;
  });
  const bad = points.indexOf(null);
  return bad === -1
    ? (points as Points)
    : `has a value that is no number and no [step, value], the ${bad + 1}. of the list`;
}

function extraOf(said: Readonly<Record<string, unknown>>): Pick<FactMetric, 'unit' | 'best'> | string {
  const { unit = '', best } = said;
  if (typeof unit !== 'string' || (unit !== '' && !UNIT.test(unit))) return 'has a unit that is none';
  if (best !== undefined && best !== 'max' && best !== 'min') return 'has a best that is neither max nor min';
  return { ...(unit === '' ? {} : { unit }), ...(best === undefined ? {} : { best }) };
}

/**
 * A column of a CSV file with a line of names. Rows in which the column is empty are left out.
 * @param columns `value`, and `step` where a column has the steps
 * @throws EitError EIT_DATA_FILE
 */
export function parseMetricCsv(
  text: string,
  file: string,
  columns: { readonly value: string; readonly step?: string | undefined },
): FactMetric {
  const [head, ...rows] = parseCsv(text.replace(/^\uFEFF/, ''), visible(file));
  const names = (head?.fields ?? []).map((name) => name.trim());
  const columnOf = (name: string): number => {
    const at = names.indexOf(name);
    if (at !== -1) return at;
    throw new EitError(
      'EIT_DATA_FILE',
      `${visible(file)} has no column ${JSON.stringify(visible(name, 80))} (there are: ${names.map((one) => visible(one, 40)).join(', ')})`,
    );
  };
  const value = columnOf(columns.value);
  const step = columns.step === undefined ? null : columnOf(columns.step);
  const points = rows.flatMap(({ line, fields }): [number | null, number][] => {
    const cell = (fields[value] ?? '').trim();
    if (cell === '') return [];
    const number = (of: string, name: string): number => {
      const [, digits, rest] = NUMBER.exec(of) ?? [];
      if (digits !== undefined && rest === '' && Number.isFinite(Number(digits))) return Number(digits);
      throw new EitError(
        'EIT_DATA_FILE',
        `${visible(file)}:${line}: ${visible(name, 80)} is ${visibleValue(of)}, not a number`,
      );
    };
    return [
      [
        step === null ? null : number((fields[step] ?? '').trim(), columns.step ?? ''),
        number(cell, columns.value),
      ],
    ];
  });
  const [first, ...more] = points;
  if (first === undefined || points.length > MOST_POINTS)
    throw new EitError(
      'EIT_DATA_FILE',
      `${visible(file)}: the column ${visible(columns.value, 80)} has ${points.length} values; give 1 to ${MOST_POINTS}`,
    );
  return { points: [first, ...more] };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
