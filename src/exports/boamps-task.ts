import type { ErrorObject } from 'ajv';
import { nearest } from '../config/nearest';
import { visible, visibleValue } from '../config/visible';
import { parseYamlTree, placeKey, type Problem, type YamlTree } from '../config/yaml-tree';
import { EitError } from '../errors';
import type { BoampsTask } from '../generated/boamps';
import validate from '../generated/boamps-validator';

/**
 * What a user says of a task: YAML as schemas/boamps.schema.json has it.
 * @param path named in errors
 * @throws EitError EIT_USAGE with every problem, each with line and column
 */
export function parseBoampsTask(text: string, path: string): BoampsTask {
  const tree = parseYamlTree(text);
  const data: unknown = tree.data ?? {};
  if (tree.problems.length === 0 && validate(data)) return data;
  const problems = tree.problems.length > 0 ? tree.problems : problemsOf(validate.errors ?? [], tree);
  throw new EitError(
    'EIT_USAGE',
    problems
      .toSorted((a, b) => a.at - b.at)
      .map(({ at, message }) => `${visible(path)}:${tree.position(at)}: ${message}`)
      .join('\n'),
  );
}

function problemsOf(errors: readonly ErrorObject[], { places }: YamlTree): Problem[] {
  return errors.map((error) => {
    const parent = error.instancePath.split('/').slice(1);
    const params = error.params as {
      readonly additionalProperty?: string;
      readonly missingProperty?: string;
      readonly allowedValues?: readonly string[];
    };
    const { additionalProperty: unknown, missingProperty: missing, allowedValues: allowed } = params;
    const path = unknown === undefined ? parent : [...parent, unknown];
    const at = (places.get(placeKey(path)) ?? places.get(placeKey(parent)))?.keyAt ?? 0;
    const name = visible(path.join('.'), 200) || 'the file';
    if (missing !== undefined) return { at, message: `${name} lacks ${missing}` };
    if (unknown !== undefined) {
      const known = Object.keys(
        (error.parentSchema as { properties?: object } | undefined)?.properties ?? {},
      );
      const [near] = nearest(unknown, known, 1);
      return {
        at,
        message: `unknown key ${name}; ${near === undefined ? `known here: ${known.join(', ')}` : `did you mean ${near}?`}`,
      };
    }
    const wanted =
      allowed === undefined
        ? (error.message ?? 'is not as it should be')
        : `expected one of ${allowed.join(', ')}`;
    return { at, message: `${name} is ${visibleValue(error.data)}; ${wanted}` };
  });
}
