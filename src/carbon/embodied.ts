import { visible } from '../config/visible';
import { EitError } from '../errors';
import type { EmbodiedConfig } from '../generated/config';
import { expandHostlist } from '../slurm/hostlist';

/** Over which what making a machine emitted is spread, where the site does not say: as Green Algorithms of a local server. */
export const DEFAULT_LIFETIME_YEARS = 5;

/** Of a mean year, 365.25 days. */
const HOURS_PER_YEAR = 8766;

/** What an hour of a machine takes of what making it emitted. */
export interface EmbodiedRates {
  /** kgCO2eq/h of a whole node without its GPUs; null: no class fits. */
  nodeKgPerHour(node: string, cpuModel: string | null): number | null;
  /** kgCO2eq/h of a GPU; null: no class fits. */
  gpuKgPerHour(model: string): number | null;
}

/**
 * The rates of a site: kgCO2eq of a machine over the hours of its life, used or not.
 * @param place where it stands in the config, for messages
 * @throws EitError EIT_CONFIG_INVALID where names of nodes cannot be read
 */
export function embodiedRates(
  { lifetime_years: years = DEFAULT_LIFETIME_YEARS, node_classes: nodes = [], gpus = [] }: EmbodiedConfig,
  place: string,
): EmbodiedRates {
  const kgPerHour = (kg: number, own: number | undefined): number => kg / ((own ?? years) * HOURS_PER_YEAR);
  const classes = nodes.map(({ nodes: names, cpu_model: model, kg, lifetime_years: own }, i) => ({
    isOfNode: names === undefined ? () => true : nodeNames(names, `${place}: node_classes.${i}.nodes`),
    isOfModel: model === undefined ? () => true : wildcards(model),
    isOfAnyModel: model === undefined,
    rate: kgPerHour(kg, own),
  }));
  const models = gpus.map(({ model, kg, lifetime_years: own }) => ({
    isOfModel: wildcards(model),
    rate: kgPerHour(kg, own),
  }));
  return {
    nodeKgPerHour: (node, cpuModel) =>
      classes.find(
        ({ isOfNode, isOfModel, isOfAnyModel }) =>
          isOfNode(node) && (isOfAnyModel || (cpuModel !== null && isOfModel(cpuModel))),
      )?.rate ?? null,
    gpuKgPerHour: (model) => models.find(({ isOfModel }) => isOfModel(model))?.rate ?? null,
  };
}

/** Names with `*`, or a list as Slurm writes it. */
function nodeNames(text: string, place: string): (name: string) => boolean {
  if (text.includes('*')) return wildcards(text);
  try {
    const names = new Set(expandHostlist(text));
    return (name) => names.has(name);
  } catch (error) {
    if (!(error instanceof EitError)) throw error;
    throw new EitError(
      'EIT_CONFIG_INVALID',
      `${place} is "${visible(text, 80)}"; expected nodes' names, such as gpu[1-8] or gpu*`,
      { cause: error },
    );
  }
}

/** `*` stands for any characters; case does not count: drivers write names in both. */
function wildcards(pattern: string): (text: string) => boolean {
  const parts = pattern.toLowerCase().split('*');
  const [first = ''] = parts;
  const last = parts.length > 1 ? (parts.at(-1) ?? '') : '';
  const between = parts.slice(1, -1);
  // No regular expression: many stars would make one slow.
  return (given) => {
    const text = given.toLowerCase();
    if (parts.length === 1) return text === first;
    if (!text.startsWith(first)) return false;
    let at = first.length;
    for (const part of between) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return text.length - last.length >= at && text.endsWith(last);
  };
}
