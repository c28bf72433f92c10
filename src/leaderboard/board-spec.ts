import schema from '../../schemas/leaderboard.schema.json';
import { specProblems } from '../config/spec-problems';
import { visible } from '../config/visible';
import { parseYamlTree, placeKey, type Problem, type YamlTree } from '../config/yaml-tree';
import { EitError } from '../errors';
import type { BoardEntry, BoardGroup, BoardMetric, LeaderboardSpec } from '../generated/leaderboard';
import validate from '../generated/leaderboard-validator';

/** A spec with its gaps filled by the schema's defaults. */
export interface BoardSpec extends Omit<LeaderboardSpec, 'groups' | 'entries'> {
  readonly metric: Required<Omit<BoardMetric, 'unit' | 'title'>> & Pick<BoardMetric, 'unit' | 'title'>;
  readonly energy: 'it' | 'total';
  readonly policy: 'usage' | 'allocation' | 'hybrid';
  readonly rank: RankingName;
  readonly groups: readonly (BoardGroup & { readonly weight: number })[];
  readonly entries: readonly BoardEntry[];
}

export type RankingName = NonNullable<LeaderboardSpec['rank']>;

const MOST_PROBLEMS = 20;

/**
 * Parses a spec: YAML as schemas/leaderboard.schema.json has it.
 * @param path what messages call it
 * @throws EitError EIT_LEADERBOARD with every problem, each with line and column
 */
export function parseBoardSpec(text: string, path: string): BoardSpec {
  const tree = parseYamlTree(text);
  refuse(tree.problems, tree, path);
  const data: unknown = tree.data ?? {};
  if (!validate(data))
    refuse(specProblems(validate.errors ?? [], tree, schema, 'title, task and metric'), tree, path);
  const spec = data as BoardSpec;
  const filled = { ...spec, groups: spec.groups ?? [], entries: spec.entries ?? [] };
  refuse(meaningProblems(filled, tree), tree, path);
  return filled;
}

function refuse(problems: readonly Problem[], tree: YamlTree, path: string): void {
  if (problems.length === 0) return;
  const told = problems
    .toSorted((a, b) => a.at - b.at)
    .slice(0, MOST_PROBLEMS)
    .map(({ at, message }) => `${visible(path)}:${tree.position(at)}: ${message}`);
  const more = problems.length - told.length;
  throw new EitError('EIT_LEADERBOARD', [...told, ...(more > 0 ? [`and ${more} more`] : [])].join('\n'));
}

/** What no schema says. */
function meaningProblems(spec: BoardSpec, { places }: YamlTree): Problem[] {
  const problems: Problem[] = [];
  const at = (...path: string[]): number => places.get(placeKey(path))?.valueAt ?? 0;
  const twice = (names: readonly string[], list: string, key: string): void => {
    names.forEach((name, i) => {
      if (names.indexOf(name) < i)
        problems.push({
          at: at(list, String(i), key),
          message: `${list}: ${visible(name, 80)} stands here twice; name them apart`,
        });
    });
  };
  twice(
    spec.groups.map(({ name }) => name),
    'groups',
    'name',
  );
  twice(
    spec.groups.map(({ tag }) => tag),
    'groups',
    'tag',
  );
  twice(
    spec.entries.map(({ name }) => name),
    'entries',
    'name',
  );
  if (spec.groups.length > 0 && spec.groups.every(({ weight }) => weight === 0))
    problems.push({ at: at('groups'), message: 'groups: all weights are 0; give one that counts' });
  const sign = spec.metric.direction === 'higher' ? 1 : -1;
  const scopes = spec.groups.length === 0 ? [null] : spec.groups.map((_, i) => i);
  for (const i of scopes) {
    const own = i === null ? undefined : spec.groups[i];
    const baseline = own?.baseline ?? spec.baseline;
    const reference = own?.reference ?? spec.reference;
    const place = i === null ? at('metric', 'direction') : at('groups', String(i));
    const whose = own === undefined ? '' : ` of ${visible(own.name, 80)}`;
    if (baseline === undefined && sign < 0)
      problems.push({
        at: place,
        message: `the baseline${whose} is lacking: of a metric of which less is better, what counts is how far below the baseline it comes`,
      });
    if (reference === undefined) continue;
    if (baseline === undefined)
      problems.push({ at: place, message: `the reference${whose} has no baseline to be measured from` });
    else if (sign * (reference - baseline) <= 0)
      problems.push({
        at: place,
        message: `the reference${whose} (${reference}) is no better than the baseline (${baseline})`,
      });
  }
  return problems;
}
