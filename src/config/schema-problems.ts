import type { ErrorObject } from 'ajv';
import { nearest } from './nearest';
import { type Schema, ANY_NAME, ITEM, expectation, schemaKeyOf, schemaKeys } from './schema-keys';
import { visible, visibleValue } from './visible';
import { type Problem, type YamlTree, placeKey } from './yaml-tree';

/** A problem with one key. */
export interface KeyProblem extends Problem {
  readonly path: readonly string[];
}

/**
 * What the generated validator found, in words: one problem a key, with its place, its value and what was expected.
 * @param errors of a validator made with `verbose` and `allErrors`
 */
export function schemaProblems(errors: readonly ErrorObject[], places: YamlTree['places']): KeyProblem[] {
  const byKey = new Map<string, KeyProblem>();
  for (const error of errors) {
    // Of a wrong name below `clusters` ajv tells twice: here the pattern, then the name itself.
    if (error.propertyName !== undefined) continue;
    const problem = toProblem(error, places);
    const key = placeKey(problem.path);
    if (!byKey.has(key)) byKey.set(key, problem);
  }
  return [...byKey.values()];
}

function toProblem(error: ErrorObject, places: YamlTree['places']): KeyProblem {
  const parent = decodePointer(error.instancePath);
  const params = error.params as { additionalProperty?: string; propertyName?: string };
  const unknown = params.additionalProperty;
  const path = [...parent, unknown ?? params.propertyName ?? []].flat();
  const place = places.get(placeKey(path));
  const key = visible(path.join('.'));

  if (unknown !== undefined) {
    return { path, at: place?.keyAt ?? 0, message: `unknown key ${key}${suggestion(parent, unknown)}` };
  }
  if (params.propertyName !== undefined) {
    const schema = (error.schema ?? {}) as Schema;
    return {
      path,
      at: place?.keyAt ?? 0,
      message: `${key} is no cluster's name; expected ${expectation(schema)}`,
    };
  }
  const schema = (error.parentSchema ?? {}) as Schema;
  const unquoted = typeof error.data === 'number' || typeof error.data === 'boolean';
  const quotes = schema.type === 'string' && unquoted ? '; put it in quotes, or it is no text' : '';
  if (path.length === 0) {
    return {
      path,
      at: place?.valueAt ?? 0,
      message: `the file is ${visibleValue(error.data)}; expected keys and values, such as cluster: alpha`,
    };
  }
  return {
    path,
    at: place?.valueAt ?? 0,
    message: `${key} is ${visibleValue(error.data)}; expected ${expectation(schema)}${quotes}`,
  };
}

/** The nearest keys of the same group, else of any group that have such a last part, else those of the group. */
function suggestion(parent: readonly string[], unknown: string): string {
  const group = schemaKeyOf(parent);
  const siblings = [...schemaKeys.keys()].filter(
    (key) => groupOf(key) === group && ![ANY_NAME, ITEM].includes(lastOf(key)),
  );
  const named = (lastParts: readonly string[]): string =>
    lastParts.map((last) => [...parent.map((part) => visible(part)), last].join('.')).join(' or ');

  const [top, last] = unknown.split('.');
  if (parent.length === 0 && schemaKeys.has(unknown)) {
    return `; keys stand below their group: ${top}: on one line, then ${last}: on the next, further in`;
  }
  const near = nearest(unknown, siblings.map(lastOf));
  if (near.length > 0) return `; did you mean ${named(near)}?`;
  const [elsewhere] = nearest(unknown, new Set([...schemaKeys.keys()].map(lastOf)), 1);
  if (elsewhere !== undefined) {
    return `; did you mean ${[...schemaKeys.keys()].filter((key) => lastOf(key) === elsewhere).join(' or ')}?`;
  }
  return `; known here: ${siblings.map(lastOf).join(', ')}`;
}

const lastOf = (key: string): string => key.slice(key.lastIndexOf('.') + 1);
const groupOf = (key: string): string => key.slice(0, Math.max(0, key.lastIndexOf('.')));

/** A JSON pointer's parts (RFC 6901). */
function decodePointer(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}
