import { visible } from '../config/visible';
import { EitError } from '../errors';
import type { BoardSpec } from './board-spec';
import type { Entry, EntryRun } from './entry-run';
import { LIMITS } from './submission-limits';

/**
 * Refuses an entry that nothing can be said of: without runs, with runs that lack the metric or have it in another unit, with a metric below 0 where
 * the spec has no baseline.
 * @throws EitError EIT_LEADERBOARD
 */
export function checkEntry({ name, runs }: Entry, spec: BoardSpec): void {
  const entry = visible(name, 80);
  const metric = visible(spec.metric.name, 64);
  const wrong = (run: EntryRun, what: string): EitError =>
    new EitError('EIT_LEADERBOARD', `${run.name} of ${entry} ${what}`);
  if (runs.length === 0) throw new EitError('EIT_LEADERBOARD', `${entry} has no runs`);
  for (const run of runs) {
    if (run.metric === null)
      throw wrong(
        run,
        `has no metric ${metric}: tell it (eit metric JOB ${metric}=VALUE, or eit run --metric-file), or leave the run out`,
      );
    const { unit, points } = run.metric;
    if (spec.metric.unit !== undefined && unit !== spec.metric.unit)
      throw wrong(
        run,
        `has ${metric} in ${unitText(unit)}, the leaderboard in ${unitText(spec.metric.unit)}`,
      );
    if (points.some(({ step, value }) => !isAmount(value) || !isAmount(step ?? 0)))
      throw wrong(run, `has a ${metric} or a step of it beyond ±${LIMITS.amount}`);
    const below = points.find(({ value }) => value < 0);
    if (below !== undefined && baselineOf(run, spec) === undefined && spec.metric.direction === 'higher')
      throw wrong(
        run,
        `has a ${metric} of ${below.value}: what is below 0 is worth more by the kWh the more energy it took. ` +
          'Give the spec a baseline, such as what guessing gets',
      );
  }
  if (spec.groups.length > 0 && !runs.some((run) => groupOf(run, spec) !== null))
    throw new EitError(
      'EIT_LEADERBOARD',
      `no run of ${entry} has a tag of the groups (${spec.groups.map(({ tag }) => visible(tag, 80)).join(', ')}): eit tag JOB KEY=VALUE gives it one`,
    );
}

/**
 * The one unit of all entries; what a spec says holds already.
 * @throws EitError EIT_LEADERBOARD where there are several
 */
export function unitOfAll(entries: readonly Entry[], spec: BoardSpec): string {
  if (spec.metric.unit !== undefined) return spec.metric.unit;
  const found = new Map(
    entries.flatMap(({ name, runs }) => runs.map(({ metric }) => [metric?.unit ?? '', name] as const)),
  );
  const units = [...found];
  if (units.length > 1)
    throw new EitError(
      'EIT_LEADERBOARD',
      `${visible(spec.metric.name, 64)} comes in several units: ${units.map(([unit, name]) => `${unitText(unit)} (${visible(name, 80)})`).join(', ')}. Give the spec metric.unit, and what has another is refused`,
    );
  return units[0]?.[0] ?? '';
}

/** The group of the spec that a run's tags put it into; null: none. */
export function groupOf({ tags }: EntryRun, { groups }: BoardSpec): string | null {
  for (const { name, tag } of groups) {
    const at = tag.indexOf('=');
    const key = tag.slice(0, at);
    if (Object.hasOwn(tags, key) && tags[key] === tag.slice(at + 1)) return name;
  }
  return null;
}

function baselineOf(run: EntryRun, spec: BoardSpec): number | undefined {
  const name = groupOf(run, spec);
  return spec.groups.find((group) => group.name === name)?.baseline ?? spec.baseline;
}

function isAmount(value: number): boolean {
  return Math.abs(value) <= LIMITS.amount;
}

function unitText(unit: string): string {
  return unit === '' ? 'no unit' : visible(unit, 32);
}
