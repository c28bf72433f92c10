// eit.yaml(5), of schemas/config.schema.json.
import { escaped, page, prose, section, term } from './roff.mjs';

/**
 * @param schema of the config
 * @param of `{ version, dateS }`
 */
export function configPage(schema, { version, dateS }) {
  return page({ name: 'eit.yaml', volume: 5, dateS, version }, [
    section('NAME', 'eit.yaml \\- configuration of EIT for Slurm'),
    section('SYNOPSIS', '/etc/eit/eit.yaml'),
    section(
      'DESCRIPTION',
      prose(
        'YAML 1.2, the same file on every node and where reports are made. Without it, and without a key, the default holds. ' +
          'Only root may be able to write it. What is wrong in it is refused with the line, the key and what was expected. ' +
          'A key `a.b` is the key `b` in the group `a`; `NAME` stands for a name of the site, `[]` for each entry of a list.',
      ),
    ),
    section('KEYS', ...keysOf(schema, schema, '').map(({ key, text }) => term(key, text))),
    section('FILES', term('/opt/eit/slurm-examples/eit.yaml', 'Every key, with its default and its reason.')),
    section('SEE ALSO', `.BR eit (1),\n.BR ${escaped('eit-doctor')} (1)`),
  ]);
}

/** Every key below a schema, with what is said of it. */
function keysOf(root, schema, path, depth = 0) {
  const at = resolve(root, schema);
  if (depth > 8) throw new Error(`the schema of the config goes deeper than can be told: ${path}`);
  const inside = (key, of) => keysOf(root, of, path === '' ? key : `${path}.${key}`, depth + 1);
  const own = path === '' ? [] : [{ key: path, text: textOf(at) }];
  const named = Object.entries(at.properties ?? {}).flatMap(([key, of]) => inside(key, of));
  const others = typeof at.additionalProperties === 'object' ? inside('NAME', at.additionalProperties) : [];
  const entries =
    at.items === undefined
      ? []
      : keysOf(root, at.items, `${path}[]`, depth + 1).filter(({ key }) => key !== `${path}[]`);
  // A group whose keys say it all needs no line of its own.
  const isTold = own.length > 0 && own[0].text === '' && named.length > 0;
  return [...(isTold ? [] : own), ...named, ...others, ...entries];
}

function resolve(root, schema) {
  if (schema.$ref === undefined) return schema;
  const target = schema.$ref
    .replace('#/', '')
    .split('/')
    .reduce((at, part) => at[part], root);
  return { ...resolve(root, target), ...schema };
}

function textOf(at) {
  const parts = [at.description, at.$comment && `Form: ${at.$comment}.`];
  if (at.enum !== undefined) parts.push(`One of ${at.enum.map(String).join(', ')}.`);
  if (at.minimum !== undefined && at.maximum !== undefined)
    parts.push(`From ${at.minimum} to ${at.maximum}.`);
  if (at.default !== undefined && typeof at.default !== 'object')
    parts.push(`Default: ${String(at.default)}.`);
  return parts.filter(Boolean).join(' ');
}
