import { visible } from '../report/printable';
import { counted, percentText } from '../report/units';
import { largest, mean, smallest, sum } from '../science/sample';
import type { BoardSpec, RankingName } from './board-spec';
import { groupOf, unitOfAll } from './check-entry';
import type { Entry, EntryRun } from './entry-run';
import { metricValues } from './metric-value';
import { paretoFront, RANKINGS, type RankingKind, ranksOf } from './ranking';
import { type Estimate, meanOf, ratioOfMeans } from './ratio';

/** What a ranking says of an entry. */
export interface Ranked {
  /** null: there is none, and the entry's marks say why. */
  readonly estimate: Estimate | null;
  readonly rank: number | null;
}

/** An entry in one part of the task. */
export interface BoardRow {
  readonly entry: Entry;
  /** Those of this part. */
  readonly runs: readonly EntryRun[];
  readonly metric: Estimate;
  readonly average: Estimate;
  readonly asymptotic: Estimate;
  /** Of the energy that ranks. */
  readonly energyKwh: Estimate;
  readonly hours: Estimate;
  readonly co2eKg: Estimate;
  /** The least of a run; null: of one nothing tells. */
  readonly coverage: number | null;
  readonly isCovered: boolean;
  /** Part of all joules that was read from counters; null: no joules. */
  readonly measuredFraction: number | null;
  /** Whether no other comes as far for less energy; what is no better than the baseline has come nowhere. */
  readonly isOnFront: boolean;
  readonly rankings: Readonly<Record<RankingName, Ranked>>;
  /** What is to be known before its figures are believed. */
  readonly marks: readonly string[];
}

/** A part of the task, with all entries that have runs of it; of a task without parts the whole. */
export interface BoardPart {
  /** null: the task has no parts. */
  readonly name: string | null;
  readonly weight: number;
  readonly baseline: number | null;
  readonly reference: number | null;
  /** In the order of the spec's ranking; those without a rank last. */
  readonly rows: readonly BoardRow[];
}

/** An entry over all parts: for each ranking the mean of what it reaches of the best in each, by the parts' weights. */
export interface OverallRow {
  readonly entry: Entry;
  readonly rankings: Readonly<Record<RankingName, { readonly score: number; readonly rank: number }>>;
  readonly marks: readonly string[];
}

export interface Board {
  readonly spec: BoardSpec;
  readonly unit: string;
  /** Whether some run has a series: else what is made of one is all the same. */
  readonly hasSeries: boolean;
  readonly parts: readonly BoardPart[];
  /** null: the task has no parts. */
  readonly overall: readonly OverallRow[] | null;
}

/** Which way a ranking goes. */
export function betterOf({ name, per }: RankingKind, direction: 'higher' | 'lower'): 'higher' | 'lower' {
  // Of what is to be little, energy by the unit gained ranks.
  return name === 'energy' ? 'lower' : per === null || direction === 'higher' ? direction : 'lower';
}

/**
 * Ranks entries that `checkEntry` let through. An entry with runs that were observed in part has no rank where energy or time counts: what was not
 * observed would make it look better than it is.
 * @throws EitError EIT_LEADERBOARD where units are mixed
 */
export function makeBoard(spec: BoardSpec, entries: readonly Entry[]): Board {
  const unit = visible(unitOfAll(entries, spec), 32);
  const scopes =
    spec.groups.length === 0
      ? [{ name: null, weight: 1, baseline: spec.baseline, reference: spec.reference }]
      : spec.groups.map(({ name, weight, baseline, reference }) => ({
          ...{ name, weight },
          baseline: baseline ?? spec.baseline,
          reference: reference ?? spec.reference,
        }));
  const parts = scopes.map(({ name, weight, baseline = null, reference = null }) => {
    const scope = { baseline: baseline ?? 0, reference };
    const found = entries.flatMap((entry) => {
      const runs = name === null ? entry.runs : entry.runs.filter((run) => groupOf(run, spec) === name);
      return runs.length === 0 ? [] : [figuresOf(entry, runs, spec, scope)];
    });
    return { name, weight, baseline, reference, rows: ranked(found, spec) };
  });
  return {
    ...{ spec, unit, parts },
    hasSeries: entries.some(({ runs }) => runs.some(({ metric }) => (metric?.points.length ?? 0) > 1)),
    overall: spec.groups.length === 0 ? null : overallRows(entries, parts, spec),
  };
}

interface Scope {
  readonly baseline: number;
  readonly reference: number | null;
}

type Figures = Omit<BoardRow, 'rankings' | 'isOnFront'> & {
  readonly isNoBetter: boolean;
  readonly estimates: Readonly<Record<RankingName, Estimate | null>>;
};

function figuresOf(entry: Entry, runs: readonly EntryRun[], spec: BoardSpec, scope: Scope): Figures {
  const { direction, take, asymptotic_part: asymptoticPart } = spec.metric;
  const values = runs.map(({ metric }) => metricValues(metric!, { direction, asymptoticPart }));
  const energies = runs.map((run) => (spec.energy === 'it' ? run.itKwh : run.totalKwh));
  const hours = runs.map(({ seconds }) => seconds / 3600);
  const scale = scope.reference === null ? 1 : Math.abs(scope.reference - scope.baseline);
  const gainsOf = (of: keyof (typeof values)[number]): number[] =>
    values.map((value) => ((value[of] - scope.baseline) * (direction === 'higher' ? 1 : -1)) / scale);
  const isCovered = runs.every((run) => run.isCovered);
  const isNoBetter = mean(gainsOf(take)) <= 0;
  const metric = meanOf(values.map((value) => value[take]));
  const energyKwh = meanOf(energies);
  const estimates = Object.fromEntries(
    RANKINGS.map(({ name, of, per }): [string, Estimate | null] => {
      if (name === 'metric') return [name, metric];
      if (name === 'energy') return [name, energyKwh.value > 0 ? energyKwh : null];
      const gains = gainsOf(of ?? take);
      const cost = per === 'kwh' ? energies : hours;
      if (mean(gains) <= 0 || mean(cost) <= 0) return [name, null];
      return [name, direction === 'higher' ? ratioOfMeans(gains, cost) : ratioOfMeans(cost, gains)];
    }),
  ) as Record<RankingName, Estimate | null>;
  const coverages = runs.map(({ coverage }) => coverage);
  const allItKwh = sum(runs.map(({ itKwh }) => itKwh));
  const measuredKwh = sum(runs.map(({ itKwh, measuredFraction }) => itKwh * (measuredFraction ?? 0)));
  const measuredFraction = allItKwh > 0 ? measuredKwh / allItKwh : null;
  return {
    ...{ entry, runs, metric, energyKwh, estimates, isCovered, isNoBetter, measuredFraction },
    average: meanOf(values.map(({ average }) => average)),
    asymptotic: meanOf(values.map(({ asymptotic }) => asymptotic)),
    hours: meanOf(hours),
    co2eKg: meanOf(runs.map(({ co2eKg }) => co2eKg)),
    coverage: coverages.reduce<number | null>(
      (least, one) => (least === null || one === null ? null : Math.min(least, one)),
      1,
    ),
    marks: marksOf(runs, {
      isCovered,
      measuredFraction,
      isNoBetter,
      hasEnergy: energyKwh.value > 0,
    }),
  };
}

function marksOf(
  runs: readonly EntryRun[],
  told: { isCovered: boolean; measuredFraction: number | null; isNoBetter: boolean; hasEnergy: boolean },
): string[] {
  const partly = runs.filter((run) => !run.isCovered).length;
  const failed = runs.filter(({ state }) => state !== null && state !== 'COMPLETED').length;
  const { measuredFraction: measured } = told;
  return [
    ...(told.isCovered ? [] : [`incomplete: ${partly} of ${counted(runs.length, 'run')} observed in part`]),
    ...(told.hasEnergy ? [] : ['no energy recorded']),
    ...(measured === null || measured >= 1
      ? []
      : [measured <= 0 ? 'modelled' : `${percentText(measured)} measured, the rest modelled`]),
    ...(told.isNoBetter ? ['no better than the baseline'] : []),
    ...(failed === 0 ? [] : [`${failed} of ${counted(runs.length, 'run')} did not complete`]),
  ];
}

function ranked(found: readonly Figures[], spec: BoardSpec): BoardRow[] {
  const { direction } = spec.metric;
  const ranks = new Map(
    RANKINGS.map((kind) => {
      const values = found.map(({ estimates, isCovered }) =>
        isCovered || kind.name === 'metric' ? (estimates[kind.name]?.value ?? null) : null,
      );
      return [kind.name, ranksOf(values, betterOf(kind, direction))] as const;
    }),
  );
  const onFront = new Set<Figures>();
  const candidates = found.filter(
    ({ isCovered, isNoBetter, energyKwh }) => isCovered && !isNoBetter && energyKwh.value > 0,
  );
  paretoFront(
    candidates.map(({ energyKwh, metric }) => ({ energyKwh: energyKwh.value, metric: metric.value })),
    direction,
  ).forEach((is, i) => is && onFront.add(candidates[i]!));
  const rows = found.map((figures, i): BoardRow => {
    const { estimates, isNoBetter: _isNoBetter, ...rest } = figures;
    return {
      ...rest,
      isOnFront: onFront.has(figures),
      rankings: Object.fromEntries(
        RANKINGS.map(({ name }) => [name, { estimate: estimates[name], rank: ranks.get(name)?.[i] ?? null }]),
      ) as Record<RankingName, Ranked>,
    };
  });
  return inOrder(rows, (row) => row.rankings[spec.rank].rank);
}

/** By rank, then by name; without a rank last. */
export function inOrder<R extends { readonly entry: Entry }>(
  rows: readonly R[],
  rankOf: (row: R) => number | null,
): R[] {
  return rows.toSorted(
    (a, b) =>
      (rankOf(a) ?? Infinity) - (rankOf(b) ?? Infinity) || (a.entry.name < b.entry.name ? -1 : 1) || 0,
  );
}

function overallRows(
  entries: readonly Entry[],
  parts: readonly BoardPart[],
  { metric: { direction }, rank }: BoardSpec,
): OverallRow[] {
  const counting = parts.filter(({ weight }) => weight > 0);
  const allWeight = sum(counting.map(({ weight }) => weight));
  const scores = new Map(
    RANKINGS.map((kind) => [
      kind.name,
      entries.map((entry) =>
        sum(counting.map((part) => (part.weight * reached(entry, part, kind, direction)) / allWeight)),
      ),
    ]),
  );
  const ranks = new Map([...scores].map(([name, all]) => [name, ranksOf(all, 'higher')]));
  const rows = entries.map((entry, i): OverallRow => {
    const own = parts.map((part) => ({ part, row: part.rows.find((row) => row.entry === entry) }));
    return {
      entry,
      rankings: Object.fromEntries(
        RANKINGS.map(({ name }) => [
          name,
          { score: scores.get(name)?.[i] ?? 0, rank: ranks.get(name)?.[i] ?? 0 },
        ]),
      ) as OverallRow['rankings'],
      marks: own.flatMap(({ part, row }) =>
        row === undefined ? [`no runs of ${part.name}`] : row.marks.map((mark) => `${part.name}: ${mark}`),
      ),
    };
  });
  return inOrder(rows, (row) => row.rankings[rank].rank);
}

/** How far an entry comes to the best of a part, from 0 to 1; what has no rank there reaches nothing. */
function reached(entry: Entry, part: BoardPart, kind: RankingKind, direction: 'higher' | 'lower'): number {
  const valueOf = (row: BoardRow): number | null => {
    const { estimate, rank } = row.rankings[kind.name];
    if (estimate === null || rank === null) return null;
    // A metric as such can be below 0 and has no zero of its own: how much better than the baseline it is has one.
    return kind.name === 'metric'
      ? Math.max(0, (estimate.value - (part.baseline ?? 0)) * (direction === 'higher' ? 1 : -1))
      : estimate.value;
  };
  const better = kind.name === 'metric' ? 'higher' : betterOf(kind, direction);
  const values = part.rows.flatMap((row) => valueOf(row) ?? []);
  const row = part.rows.find((one) => one.entry === entry);
  const own = row === undefined ? null : valueOf(row);
  if (own === null) return 0;
  const best = better === 'higher' ? largest(values) : smallest(values);
  if (better === 'higher') return best > 0 ? own / best : 0;
  return best / own;
}
