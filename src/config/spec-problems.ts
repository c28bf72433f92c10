import type { ErrorObject } from 'ajv';
import { nearest } from './nearest';
import { visible, visibleValue } from './visible';
import { placeKey, type Problem, type YamlTree } from './yaml-tree';

/** As much of a schema as specs use. */
export interface SpecSchema {
  readonly $ref?: string;
  /** What a value has to be, in words. */
  readonly $comment?: string;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, SpecSchema>>;
  readonly items?: SpecSchema;
  readonly definitions?: Readonly<Record<string, SpecSchema>>;
}

/**
 * What is wrong with a spec that a user wrote, one problem a place.
 * @param errors of the schema's validator
 * @param least what a spec has at least, in words
 */
export function specProblems(
  errors: readonly ErrorObject[],
  { places }: YamlTree,
  schema: SpecSchema,
  least: string,
): Problem[] {
  const found = new Map<string, Problem>();
  for (const error of errors) {
    const parent = error.instancePath
      .split('/')
      .slice(1)
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
    const { additionalProperty: unknown, missingProperty: missing } = error.params as {
      additionalProperty?: string;
      missingProperty?: string;
    };
    const path = unknown === undefined ? parent : [...parent, unknown];
    const place = places.get(placeKey(path)) ?? places.get(placeKey(parent));
    // Of the whole file one problem says all that it lacks.
    const key = `${placeKey(path)}${path.length === 0 ? '' : (missing ?? '')}`;
    if (found.has(key)) continue;
    const at = (unknown === undefined ? place?.valueAt : place?.keyAt) ?? 0;
    found.set(key, { at, message: messageOf(error, path, schemaAt(schema, parent), least) });
  }
  return [...found.values()];
}

function messageOf(
  error: ErrorObject,
  path: readonly string[],
  of: SpecSchema | undefined,
  least: string,
): string {
  const { additionalProperty: unknown, missingProperty: missing } = error.params as {
    additionalProperty?: string;
    missingProperty?: string;
  };
  const name = visible(path.join('.')) || 'the file';
  if (unknown !== undefined) {
    const keys = Object.keys(of?.properties ?? {});
    const [near] = nearest(unknown, keys, 1);
    return `unknown key ${name}; ${near === undefined ? `known here: ${keys.join(', ')}` : `did you mean ${near}?`}`;
  }
  if (missing !== undefined)
    return `${name} lacks the key ${missing}${path.length === 0 ? `: a spec has at least ${least}` : ''}`;
  const expected =
    path.length === 0 ? 'keys and values, such as title: My paper' : expectation(error, of ?? {});
  return `${name} is ${visibleValue(error.data)}; expected ${expected}`;
}

function schemaAt(schema: SpecSchema, path: readonly string[]): SpecSchema | undefined {
  let at: SpecSchema | undefined = schema;
  for (const part of path) {
    at = at?.properties?.[part] ?? at?.items;
    const definition: string | undefined = at?.$ref?.slice('#/definitions/'.length);
    if (definition !== undefined) at = schema.definitions?.[definition];
  }
  return at;
}

/** What a value should be, by the rule that it broke. */
function expectation({ keyword, params }: ErrorObject, of: SpecSchema): string {
  const limit = (params as { limit?: number }).limit ?? 0;
  if (of.enum !== undefined) return `one of ${of.enum.join(', ')}`;
  if (of.$comment !== undefined) return of.$comment;
  if (of.type === 'number')
    return `a number${of.minimum === undefined ? '' : ` from ${of.minimum} to ${of.maximum}`}`;
  if (keyword === 'type' && of.type === 'object')
    return `keys below it: ${Object.keys(of.properties ?? {}).join(', ')}`;
  if (keyword === 'type') return TYPES[of.type ?? ''] ?? String(of.type);
  if (keyword === 'maxLength') return `at most ${limit} characters`;
  if (keyword === 'maxItems') return `a list of at most ${limit}`;
  return keyword === 'minItems' ? `a list of at least ${limit}` : 'a text that is not empty';
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text (in quotes, where it is a number)',
  array: 'a list',
  boolean: 'true or false',
};
