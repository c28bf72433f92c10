import appendixSchema from '../../schemas/appendix.schema.json';
import { specProblems } from '../config/spec-problems';
import { visible, visibleValue } from '../config/visible';
import { parseYamlTree, placeKey } from '../config/yaml-tree';
import { EitError } from '../errors';
import type { AppendixPlot, AppendixSet, AppendixSpec } from '../generated/appendix';
import validate from '../generated/appendix-validator';
import { parseRunSet, type RunSetFilter } from '../science/run-set';
import { type Variable, variableNamed } from '../science/variable';

/** Two figures against each other. */
export interface PlannedPlot {
  readonly x: Variable;
  readonly y: Variable;
}

/** By what runs are listed. */
export interface RunOrder {
  readonly by: Variable;
  readonly greatestFirst: boolean;
}

/** What is told of a set, or of the whole. */
export interface Told {
  readonly description: string;
  readonly figures: readonly Variable[];
  readonly plots: readonly PlannedPlot[];
  /** null: by job id. */
  readonly order: RunOrder | null;
  /** As the spec names them, from its folder. */
  readonly files: readonly string[];
}

/** A set of runs as it was asked for. */
export interface PlannedSet extends Told {
  readonly name: string;
  /** Its own runs; null: those of the sets within it. */
  readonly filter: RunSetFilter | null;
  readonly sets: readonly PlannedSet[];
}

/** What an appendix is made of. */
export interface AppendixPlan extends Told {
  readonly title: string;
  /** Whether users, hosts and the like are numbered. */
  readonly hidesNames: boolean;
  readonly allowIncomplete: boolean;
  readonly sets: readonly PlannedSet[];
}

export const DEFAULT_TITLE = 'Energy and CO2eq';

/** Sets within sets within sets ...: pages have to say where one is. */
const DEEPEST = 6;

/** What is told where nobody says what. */
export function defaultTold(): Told {
  const [energy, co2e, time] = ['energy', 'co2e', 'time'].map((name) => variableNamed(name)) as [
    Variable,
    Variable,
    Variable,
  ];
  return {
    description: '',
    figures: [energy, co2e, time],
    plots: [{ x: time, y: energy }],
    order: null,
    files: [],
  };
}

/** Sets of the command line, without a spec. */
export function planOf(filters: readonly RunSetFilter[]): AppendixPlan {
  const told = defaultTold();
  return {
    ...{ ...told, title: DEFAULT_TITLE, hidesNames: true, allowIncomplete: false },
    sets: filters.map((filter) => ({ ...told, name: filter.name, filter, sets: [] })),
  };
}

/** All sets of a plan, each before those within it. */
export function setsIn(sets: readonly PlannedSet[]): PlannedSet[] {
  return sets.flatMap((set) => [set, ...setsIn(set.sets)]);
}

/**
 * Reads a site.yaml (schemas/appendix.schema.json).
 * @param name of the file, for messages
 * @param figureNamed what a figure's name means; throws EIT_USAGE where it means nothing
 * @throws EitError EIT_APPENDIX with line and column of each fault
 */
export function parseAppendixSpec(
  text: string,
  name: string,
  figureNamed: (name: string) => Variable = (named) => variableNamed(named),
): AppendixPlan {
  const tree = parseYamlTree(text);
  const faults: { readonly at: number; readonly message: string }[] = [...tree.problems];
  const refuse = (): void => {
    if (faults.length === 0) return;
    const lines = faults
      .toSorted((a, b) => a.at - b.at)
      .map(({ at, message }) => `${visible(name)}:${tree.position(at)}: ${message}`);
    throw new EitError('EIT_APPENDIX', lines.join('\n'));
  };
  refuse();
  if (!validate(tree.data))
    faults.push(
      ...specProblems(validate.errors ?? [], tree, appendixSchema, 'sets, each with a name and runs'),
    );
  refuse();
  const spec = tree.data as AppendixSpec;

  /** What throws an EitError is a fault of its place in the file. */
  const at = <T>(path: readonly (string | number)[], make: () => T): T | null => {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof EitError)) throw error;
      const place = tree.places.get(placeKey(path.map(String)));
      faults.push({ at: place?.valueAt ?? 0, message: error.message });
      return null;
    }
  };
  const told = (of: AppendixSpec | AppendixSet, path: readonly (string | number)[], above: Told): Told => {
    const figures = of.figures?.map((figure, i) => at([...path, 'figures', i], () => figureNamed(figure)));
    const plots = of.plots?.map((plot, i) => plotOf(plot, [...path, 'plots', i]));
    const order = of.order;
    return {
      description: of.description ?? '',
      figures: figures?.filter((one) => one !== null) ?? above.figures,
      plots: plots?.filter((one) => one !== null) ?? above.plots,
      order: order === undefined ? above.order : at([...path, 'order'], () => orderOf(order, figureNamed)),
      files: of.files ?? [],
    };
  };
  const plotOf = ({ x, y }: AppendixPlot, path: readonly (string | number)[]): PlannedPlot | null => {
    const [onX, onY] = [at([...path, 'x'], () => figureNamed(x)), at([...path, 'y'], () => figureNamed(y))];
    return onX === null || onY === null ? null : { x: onX, y: onY };
  };
  const setOf = (
    set: AppendixSet,
    path: readonly (string | number)[],
    above: Told,
    names: readonly string[],
  ): PlannedSet => {
    const own = told(set, path, above);
    const sets = set.sets ?? [];
    const { runs } = set;
    const pathName = [...names, set.name];
    if (runs === undefined && sets.length === 0)
      fault(
        path,
        `the set ${visibleValue(set.name)} has neither runs nor sets: say which runs are in it, such as runs: 1234_[1-5]`,
      );
    if (pathName.length > DEEPEST) fault(path, `sets are nested more than ${DEEPEST} deep`);
    twice(sets, [...path, 'sets']);
    return {
      ...{ ...own, name: set.name },
      filter:
        runs === undefined
          ? null
          : at([...path, 'runs'], () => ({ ...parseRunSet(`set=${runs}`), name: pathName.join(' / ') })),
      sets:
        pathName.length > DEEPEST
          ? []
          : sets.map((below, i) => setOf(below, [...path, 'sets', i], own, pathName)),
    };
  };
  const fault = (path: readonly (string | number)[], message: string): void => {
    faults.push({ at: tree.places.get(placeKey(path.map(String)))?.valueAt ?? 0, message });
  };
  const twice = (sets: readonly AppendixSet[], path: readonly (string | number)[]): void => {
    const seen = new Set<string>();
    sets.forEach((set, i) => {
      if (seen.has(set.name))
        fault([...path, i, 'name'], `a second set is called ${visibleValue(set.name)} here: name them apart`);
      seen.add(set.name);
    });
  };

  twice(spec.sets, ['sets']);
  const whole = told(spec, [], defaultTold());
  const plan: AppendixPlan = {
    ...whole,
    title: spec.title ?? DEFAULT_TITLE,
    hidesNames: spec.names !== 'shown',
    allowIncomplete: spec.allow_incomplete === true,
    sets: spec.sets.map((set, i) => setOf(set, ['sets', i], whole, [])),
  };
  refuse();
  return plan;
}

function orderOf(text: string, figureNamed: (name: string) => Variable): RunOrder {
  const greatestFirst = text.startsWith('-');
  return { by: figureNamed(greatestFirst ? text.slice(1) : text), greatestFirst };
}

/**
 * For a first look, before runs are read: what is no figure of reports may be one of users' metrics, of which runs will tell.
 */
export function figureToCome(name: string): Variable {
  try {
    return variableNamed(name);
  } catch (error) {
    if (!(error instanceof EitError)) throw error;
    return { name, unit: '', valueOf: () => null, text: String };
  }
}
