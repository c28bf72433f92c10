import configSchema from '../../schemas/config.schema.json';

/** As much of JSON Schema (draft 7) as config.schema.json uses. */
export interface Schema {
  readonly $ref?: string;
  readonly $comment?: string;
  readonly type?: string;
  readonly enum?: readonly (string | number)[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
}

/** The place of a name that the file chooses, such as a cluster's. */
export const ANY_NAME = '<name>';

/** The place of an item of a list of groups. */
export const ITEM = '[]';

/** Every key of the config's schema by its dotted path: `agent`, `agent.interval_seconds`, `clusters.<name>.pue`. */
export const schemaKeys: ReadonlyMap<string, Schema> = new Map(keysBelow(configSchema, []));

function keysBelow(schema: Schema, path: readonly string[]): Array<[string, Schema]> {
  const children = Object.entries(schema.properties ?? {});
  if (typeof schema.additionalProperties === 'object') children.push([ANY_NAME, schema.additionalProperties]);
  const items = schema.items && resolve(schema.items);
  if (items?.type === 'object') children.push([ITEM, items]);
  return children.flatMap(([key, child]) => {
    const resolved = resolve(child);
    const below = [...path, key];
    return [[below.join('.'), resolved] as [string, Schema], ...keysBelow(resolved, below)];
  });
}

/** The key of the schema that a path of a config is of: `clusters.beta.pue` is `clusters.<name>.pue`. */
export function schemaKeyOf(path: readonly string[]): string {
  let key = '';
  for (const part of path) {
    const below = (name: string): string => (key === '' ? name : `${key}.${name}`);
    key = below([part, ITEM, ANY_NAME].find((name) => schemaKeys.has(below(name))) ?? part);
  }
  return key;
}

function resolve(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const definitions: Readonly<Record<string, Schema>> = configSchema.definitions;
  const { $ref, ...rest } = schema;
  return { ...definitions[$ref.slice('#/definitions/'.length)], ...rest };
}

/** What a value must be, in words that go on after `expected`. */
export function expectation(schema: Schema): string {
  if (schema.enum) return `one of ${schema.enum.join(', ')}`;
  if (schema.$comment !== undefined) return schema.$comment;
  if (schema.type === 'number') return `a number${range(schema)}`;
  if (schema.type === 'integer') return `a whole number${range(schema)}`;
  if (schema.type === 'array')
    return `a list, such as [a, b]${schema.items ? `, each ${expectation(resolve(schema.items))}` : ''}`;
  if (schema.type !== 'object') return 'a text';
  return schema.properties
    ? `keys below it: ${Object.keys(schema.properties).join(', ')}`
    : "clusters' names below it";
}

function range({ minimum, maximum }: Schema): string {
  return minimum === undefined || maximum === undefined ? '' : ` from ${minimum} to ${maximum}`;
}
