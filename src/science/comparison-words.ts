import type { Comparison, Difference, TestName } from './comparison';
import type { Correlation } from './correlation';
import { deltaInWords } from './effect-size';
import type { DocumentTable } from './document-table';
import type { Variable } from './variable';

export const TEST_TITLES: Readonly<Record<TestName, string>> = {
  welch: "Welch's t test",
  'mann-whitney': 'Mann-Whitney U test',
  permutation: 'permutation test',
};

/** The sets: mean ± standard error over jobs; of one job no error. */
export function setTable({ sets }: Comparison, variable: Variable): DocumentTable {
  return {
    columns: [
      { title: 'Set', align: 'left' },
      { title: 'n', align: 'right' },
      { title: `${variable.name}, mean ± SE`, align: 'right' },
      { title: 'Median', align: 'right' },
      { title: 'Least', align: 'right' },
      { title: 'Most', align: 'right' },
      { title: 'Sum', align: 'right' },
    ],
    rows: sets.map((set) => [
      set.name,
      String(set.n),
      `${variable.text(set.mean)}${set.standardError === null ? '' : ` ± ${variable.text(set.standardError)}`}`,
      ...[set.median, set.least, set.most, set.sum].map((value) => variable.text(value)),
    ]),
  };
}

/** The pairs: difference with its interval, P of each test, effect. */
export function differenceTable({ differences, level, test }: Comparison, variable: Variable): DocumentTable {
  return {
    columns: [
      { title: 'Pair', align: 'left' },
      { title: 'Difference', align: 'right' },
      { title: `${level * 100} % interval (Welch)`, align: 'right' },
      { title: `${level * 100} % interval (bootstrap)`, align: 'right' },
      { title: 'p Welch', align: 'right' },
      { title: 'p Mann-Whitney', align: 'right' },
      { title: 'p permutation', align: 'right' },
      { title: `p Holm (${test})`, align: 'right' },
      { title: '', align: 'left' },
      { title: 'g', align: 'right' },
      { title: 'delta', align: 'right' },
    ],
    rows: differences.map((pair) => [
      `${pair.b} - ${pair.a}`,
      variable.text(pair.difference),
      intervalText(pair.welch, variable),
      intervalText(pair.bootstrap, variable),
      pText(pair.welch?.p ?? null),
      pText(pair.mannWhitney?.p ?? null),
      pText(pair.permutation?.p ?? null),
      pText(pair.pCorrected),
      pair.stars ?? '-',
      numberText(pair.hedgesG),
      numberText(pair.cliffsDelta),
    ]),
  };
}

/** One sentence a pair on what was found, without more than the numbers say. */
export function sentences({ differences, test, level }: Comparison, variable: Variable): string[] {
  return differences.map((pair) => {
    const { a, b } = pair;
    if (pair.pCorrected === null || pair.stars === null)
      return `${b} has ${amountOf(pair, variable)} than ${a}; whether that is more than chance cannot be told from so few jobs.`;
    const p = `${TEST_TITLES[test]}, p ${pIs(pair.pCorrected)}${differences.length > 1 ? ' after Holm' : ''}`;
    if (pair.stars === 'ns')
      return (
        `The ${variable.name} of ${b} and ${a} does not differ significantly (${p}). That is no proof that they are the same` +
        `${pair.welch === null ? '' : `: differences from ${variable.text(pair.welch.low)} to ${variable.text(pair.welch.high)} fit the data`}.`
      );
    const interval =
      pair.welch === null
        ? ''
        : `, ${level * 100} % interval ${variable.text(pair.welch.low)} to ${variable.text(pair.welch.high)}`;
    const effect =
      pair.cliffsDelta === null ? '' : `; the effect is ${deltaInWords(pair.cliffsDelta)} (Cliff's delta)`;
    return `${b} has ${amountOf(pair, variable)} than ${a}, significantly so (${p}${interval})${effect}.`;
  });
}

function amountOf({ difference, ratio }: Difference, variable: Variable): string {
  if (difference === 0) return `no other mean ${variable.name}`;
  const size = variable.text(Math.abs(difference));
  const part = ratio === null || ratio <= 0 ? '' : ` (${timesText(ratio)})`;
  return `${size}${part} ${difference > 0 ? 'more' : 'less'} ${variable.name} on average`;
}

function timesText(ratio: number): string {
  return ratio >= 2 ? `${Number(ratio.toPrecision(3))} times` : `${numberText((ratio - 1) * 100)} %`;
}

/** A correlation as a line. */
export function correlationText(name: string, found: Correlation | null): string {
  if (found === null)
    return `${name}: none can be told (too few points, or one of the two is the same everywhere)`;
  const interval =
    found.low === null || found.high === null ? '' : ` [${numberText(found.low)}, ${numberText(found.high)}]`;
  const p = found.p === null ? '' : `, p ${pIs(found.p)}`;
  return `${name}: ${numberText(found.r)}${interval}${p}, n = ${found.n}`;
}

function intervalText(of: { low: number; high: number } | null, variable: Variable): string {
  return of === null ? '-' : `${variable.text(of.low)} to ${variable.text(of.high)}`;
}

export function pText(p: number | null): string {
  if (p === null) return '-';
  return p < 0.0001 ? '<0.0001' : String(Number(p.toPrecision(2)));
}

function pIs(p: number): string {
  return p < 0.0001 ? '< 0.0001' : `= ${pText(p)}`;
}

export function numberText(value: number | null): string {
  return value === null ? '-' : String(Number(value.toPrecision(3)));
}
