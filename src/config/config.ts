import type { Pair, Scalar } from 'yaml';
import { EitError } from '../errors';
import type { EitConfig, QuotaConfig, SiteConfig } from '../generated/config';
import validate from '../generated/config-validator';
import { adviceProblems } from './advice-problems';
import { combinations, fillIn } from './combinations';
import { chooseConfigPath, readConfigText } from './config-text';
import { PLACE_KEYS, placeProblems } from './place-problems';
import { quotaProblems } from './quota-problems';
import { siteProblems } from './site-problems';
import { schemaKeyOf, schemaKeys } from './schema-keys';
import { schemaProblems } from './schema-problems';
import { whyMisread } from './plain-path';
import { visible, visibleValue } from './visible';
import { type Place, type Problem, type YamlTree, parseYamlTree, placeKey } from './yaml-tree';

/** A config as the file gives it, its gaps filled with the schema's defaults. */
export interface LoadedConfig {
  readonly config: EitConfig;
  /** The file; null where there is none and all is default. */
  readonly path: string | null;
  /** Dotted keys that the file itself gives, such as `agent.interval_seconds` or `clusters.alpha.pue`; no groups. */
  readonly set: ReadonlySet<string>;
}

const MOST_PROBLEMS = 20;

/** Keys that others read too, line by line and without YAML. */
const READ_ALONE = [
  [
    'state_dir',
    { name: "the hooks' shell", reads: 'reads it too', they: 'they', fallback: '/run/eit' },
    '/run/eit',
  ],
  [
    'quota_dir',
    { name: '`eit quota check`', reads: 'reads it line by line', they: 'it', fallback: '/var/lib/eit/quota' },
    '/var/lib/eit/quota',
  ],
  [
    'mail_dir',
    { name: "eit-mail's shell", reads: 'reads it too', they: 'it', fallback: '/var/spool/eit-mail' },
    '/var/spool/eit-mail',
  ],
  [
    'next_mailprog',
    { name: "eit-mail's shell", reads: 'reads it too', they: 'it', fallback: '' },
    '/usr/bin/mail',
  ],
] as const;

/**
 * Reads the config: `path`, else the file that EIT_CONFIG in `env` names, else /etc/eit/eit.yaml, which may be absent.
 * @throws EitError EIT_CONFIG_UNREADABLE where the file cannot be read, or is absent though it was named
 * @throws EitError EIT_CONFIG_INVALID with every problem, each with its place, key, value and what was expected
 */
export function loadConfig(options: {
  path?: string | undefined;
  env: NodeJS.ProcessEnv;
  defaultPath?: string;
}): LoadedConfig {
  const { path, namedBy } = chooseConfigPath(options);
  const text = readConfigText(path, namedBy);
  return text === null ? parseConfig('', null) : parseConfig(text, path);
}

/**
 * The quotas in force: those of the config, or of the file that its `quotas_file` names, which has the key `quotas` alone.
 * @throws EitError EIT_CONFIG_UNREADABLE, EIT_CONFIG_INVALID as {@link loadConfig}, with the place in that file
 */
export function loadQuotas({ config }: LoadedConfig): readonly QuotaConfig[] {
  const path = config.quotas_file;
  if (path === undefined) return config.quotas;
  const text = readConfigText(path, 'by quotas_file');
  const tree = parseYamlTree(text ?? '');
  refuse(tree.problems, tree, path);
  const data = tree.data ?? {};
  const isGroup = typeof data === 'object' && !Array.isArray(data);
  const others = isGroup ? Object.keys(data).filter((key) => key !== 'quotas') : [];
  const problems = others.map((key) => ({
    at: tree.places.get(placeKey([key]))?.keyAt ?? 0,
    message: `the key ${visible(key)} has no place here; expected quotas alone`,
  }));
  if (!isGroup)
    problems.push({ at: 0, message: `the file is ${visibleValue(data)}; expected the key quotas` });
  refuse(problems, tree, path);
  dropEmptyGroups(data, tree.places);
  const wrong = validate(data) ? [] : schemaProblems(validate.errors ?? [], tree.places);
  refuse(wrong, tree, path);
  const { quotas } = data as EitConfig;
  refuse(quotaProblems({ ...config, quotas }, tree.places), tree, path);
  return quotas;
}

/** Keys of one factor: a cluster that gives one of them does without those of the site. */
const ONE_FACTOR: readonly (readonly (keyof SiteConfig)[])[] = [
  ['pue', 'pue_file'],
  ['price', 'price_per_kwh', 'price_file'],
];

/** What holds for one cluster: its own keys of `clusters`, over those of `site`. */
export function siteFor(config: EitConfig, cluster: string): SiteConfig {
  const own = Object.hasOwn(config.clusters, cluster) ? config.clusters[cluster] : undefined;
  const site = { ...config.site };
  if (own !== undefined && PLACE_KEYS.some((key) => own[key] !== undefined)) {
    // A cluster in a place of its own is not in the site's, nor in its country: that follows from the zone.
    for (const key of [...PLACE_KEYS, 'country'] as const) delete site[key];
  }
  for (const keys of ONE_FACTOR) {
    if (own !== undefined && keys.some((key) => own[key] !== undefined))
      for (const key of keys) delete site[key];
  }
  return { ...site, ...own };
}

function parseConfig(text: string, path: string | null): LoadedConfig {
  const tree = parseYamlTree(text);
  const { places } = tree;
  refuse(tree.problems, tree, path);

  const data = tree.data ?? {};
  dropEmptyGroups(data, places);
  const set = new Set(
    [...places.values()].filter((place) => isLeaf(place, data)).map(({ path: p }) => p.join('.')),
  );
  const problems = findProblems(text, data, set, places);
  refuse(problems, tree, path);
  return { config: data as EitConfig, path, set };
}

/** A group whose keys are all commented out (`agent:` and nothing below) has no value of its own: as if absent. */
function dropEmptyGroups(data: unknown, places: YamlTree['places']): void {
  for (const { path } of places.values()) {
    const parent = valueAt(data, path.slice(0, -1)) as Record<string, unknown> | null | undefined;
    const key = path.at(-1);
    const { type } = schemaKeys.get(schemaKeyOf(path)) ?? {};
    if (key === undefined || parent?.[key] !== null || type !== 'object') continue;
    if (path[0] === 'clusters' && path.length === 2) parent[key] = {};
    else delete parent[key];
  }
}

/** Whether a place holds a value of a key: not a group, not an item of a list or a part of one. */
function isLeaf({ path, pair }: Place, data: unknown): boolean {
  if (pair === null || path.some((_, i) => Array.isArray(valueAt(data, path.slice(0, i))))) return false;
  const value = valueAt(data, path);
  return value !== undefined && (typeof value !== 'object' || value === null || Array.isArray(value));
}

function valueAt(data: unknown, path: readonly string[]): unknown {
  let value = data;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

/** Everything wrong with the data; fills in the defaults on the way. */
function findProblems(
  text: string,
  data: unknown,
  set: ReadonlySet<string>,
  places: YamlTree['places'],
): Problem[] {
  const wrong = validate(data) ? [] : schemaProblems(validate.errors ?? [], places);
  if (wrong.some(({ path }) => path.length === 0)) return wrong;
  const config = data as EitConfig;
  const isWrong = (key: string): boolean =>
    wrong.some(({ path }) => key === path.join('.') || key.startsWith(`${path.join('.')}.`));
  const problems: Problem[] = [...wrong];

  for (const [key, reader, such] of READ_ALONE) {
    const place = places.get(placeKey([key]));
    if (!place?.pair || isWrong(key)) continue;
    const why = whyMisread(text, place.pair as Pair<Scalar, Scalar>, reader);
    if (why === undefined) continue;
    const message = `${key} is ${visibleValue(config[key])}, but ${reader.name} ${reader.reads}, and ${why}; expected one line such as ${key}: ${such}`;
    problems.push({ at: place.valueAt, message });
  }
  if (!isWrong('site') && !isWrong('clusters')) problems.push(...placeProblems(config, places));
  if (!wrong.some(({ path: [top] }) => top === 'mail')) problems.push(...adviceProblems(config, places));
  if (!wrong.some(({ path: [top] }) => top === 'quotas')) problems.push(...quotaProblems(config, places));
  if (!['site', 'clusters', 'currency'].some((top) => wrong.some(({ path }) => path[0] === top)))
    problems.push(...siteProblems(config, set, places));
  const named = new Set<string>();
  for (const { keys, problem } of combinations) {
    if (keys.some(isWrong)) continue;
    const message = problem(config);
    if (message === undefined) continue;
    const key = keys.find((one) => set.has(one)) ?? '';
    const place = places.get(placeKey(key.split('.')));
    if (!named.has(keys.join()))
      problems.push({ at: place?.valueAt ?? 0, message: fillIn(message, config, set) });
    named.add(keys.join());
  }
  return problems;
}

function refuse(problems: readonly Problem[], { position }: YamlTree, path: string | null): void {
  if (problems.length === 0) return;
  const file = visible(path ?? 'the built-in defaults');
  const sorted = problems.toSorted((a, b) => a.at - b.at);
  const lines = sorted
    .slice(0, MOST_PROBLEMS)
    .map(({ at, message }) => `  ${file}:${position(at)}: ${message}`);
  const more = problems.length - lines.length;
  if (more > 0) lines.push(`  and ${more} more`);
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  throw new EitError('EIT_CONFIG_INVALID', `${file} has ${count}:\n${lines.join('\n')}`);
}
