import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Pair, Scalar } from 'yaml';
import { EitError, isErrno } from '../errors';
import type { EitConfig, SiteConfig } from '../generated/config';
import validate from '../generated/config-validator';
import { combinations, fillIn } from './combinations';
import { ANY_NAME, schemaKeys } from './schema-keys';
import { schemaProblems } from './schema-problems';
import { whyHooksMisread } from './state-dir';
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

const DEFAULT_PATH = '/etc/eit/eit.yaml';
/** Hundreds of clusters fit; what is longer was not meant to be a config. */
const LONGEST_BYTES = 256 * 1024;
const MOST_PROBLEMS = 20;

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
  const { path, namedBy } = choosePath(options);
  const text = readConfig(path, namedBy);
  return text === null ? parseConfig('', null) : parseConfig(text, path);
}

/** What holds for one cluster: its own keys of `clusters`, over those of `site`. */
export function siteFor(config: EitConfig, cluster: string): SiteConfig {
  const own = Object.hasOwn(config.clusters, cluster) ? config.clusters[cluster] : undefined;
  if (own?.zone === undefined || own.country !== undefined) return { ...config.site, ...own };
  // A cluster in a zone of its own is not in the site's country: the country follows from that zone.
  const site = { ...config.site, ...own };
  delete site.country;
  return site;
}

function choosePath({ path, env, defaultPath = DEFAULT_PATH }: Parameters<typeof loadConfig>[0]): {
  path: string;
  namedBy: string | null;
} {
  if (path !== undefined)
    return { path: isAbsolute(path) ? path : join(process.cwd(), path), namedBy: 'on the command line' };
  const fromEnv = env['EIT_CONFIG'];
  if (fromEnv === undefined || fromEnv === '') return { path: defaultPath, namedBy: null };
  // oxlint-disable-next-line no-control-regex -- the hooks refuse them too
  if (!isAbsolute(fromEnv) || /[\u0000-\u001f\u007f]/.test(fromEnv)) {
    throw new EitError(
      'EIT_CONFIG_UNREADABLE',
      `EIT_CONFIG is "${visible(fromEnv)}"; expected an absolute path, such as ${DEFAULT_PATH}`,
    );
  }
  return { path: fromEnv, namedBy: 'by EIT_CONFIG' };
}

/** The text of the file; null where it is absent and nobody named it. */
function readConfig(path: string, namedBy: string | null): string | null {
  const unreadable = (what: string, mend: string, cause?: unknown): EitError =>
    new EitError(
      'EIT_CONFIG_UNREADABLE',
      `cannot read ${visible(path)}${namedBy === null ? '' : `, named ${namedBy}`}: ${what}; ${mend}`,
      { cause },
    );
  let fd: number;
  try {
    // Not to wait for the writer of a named pipe.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) {
      if (namedBy === null) return null;
      throw unreadable(
        'there is no such file',
        'create it (slurm-examples/eit.yaml shows every key) or name another',
        error,
      );
    }
    if (isErrno(error, 'EACCES', 'EPERM')) {
      throw unreadable('permission denied', 'let this user read it and enter the folders above it', error);
    }
    throw unreadable(describeError(error), 'name a file that can be read', error);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw unreadable('it is not a file', 'name a file');
    if (stat.size > LONGEST_BYTES) {
      throw unreadable(`it has ${stat.size} bytes`, `a config has at most ${LONGEST_BYTES}`);
    }
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(fd));
  } catch (error) {
    if (error instanceof EitError) throw error;
    if (isErrno(error, 'ERR_ENCODING_INVALID_ENCODED_DATA'))
      throw unreadable('it is not UTF-8', 'save it as UTF-8', error);
    throw unreadable(describeError(error), 'mend the file system or name another file', error);
  } finally {
    closeSync(fd);
  }
}

function describeError(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code ?? error);
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
    const schemaKey = path.map((part, i) => (i === 1 && path[0] === 'clusters' ? ANY_NAME : part)).join('.');
    if (key === undefined || parent?.[key] !== null || schemaKeys.get(schemaKey)?.type !== 'object') continue;
    if (path[0] === 'clusters' && path.length === 2) parent[key] = {};
    else delete parent[key];
  }
}

/** Whether a place holds a value of a key: not a group, not an item of a list. */
function isLeaf({ path, pair }: Place, data: unknown): boolean {
  if (pair === null) return false;
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

  const stateDir = places.get(placeKey(['state_dir']));
  if (stateDir?.pair && !isWrong('state_dir')) {
    const why = whyHooksMisread(text, stateDir.pair as Pair<Scalar, Scalar>);
    if (why !== undefined) {
      const message = `state_dir is ${visibleValue(config.state_dir)}, but the hooks' shell reads it too, and ${why}; expected one line such as state_dir: /run/eit`;
      problems.push({ at: stateDir.valueAt, message });
    }
  }
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
