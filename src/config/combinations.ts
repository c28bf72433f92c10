import { normalize } from 'node:path';
import type { EitConfig } from '../generated/config';
import { visibleValue } from './visible';

/** Values that are right each by itself and impossible together. */
interface Combination {
  /** Dotted keys that take part; the problem stands at the first that the file gives. */
  readonly keys: readonly string[];
  /** What is wrong, if it is; `{key}` becomes the key with its value and whether that is the default. */
  readonly problem: (config: EitConfig) => string | undefined;
}

const FOLDERS = ['ledger', 'state_dir', 'var_dir', 'spool_dir', 'quota_dir', 'mail_dir'] as const;

export const combinations: readonly Combination[] = [
  {
    keys: ['agent.record_seconds', 'agent.interval_seconds'],
    problem: ({ agent }) =>
      agent.record_seconds < agent.interval_seconds
        ? '{agent.record_seconds}; expected at least {agent.interval_seconds}: a record covers one reading or more'
        : undefined,
  },
  {
    keys: ['gpu.order', 'gpu.map'],
    problem: ({ gpu }) =>
      gpu.order === 'map' && gpu.map.length === 0
        ? '{gpu.order}; expected gpu.map to list the GPUs with index 0, 1, ...'
        : undefined,
  },
  {
    keys: ['gpu.map', 'gpu.order'],
    problem: ({ gpu }) =>
      gpu.order !== 'map' && gpu.map.length > 0
        ? '{gpu.map}; expected gpu.order: map with it, else it is not looked at ({gpu.order})'
        : undefined,
  },
  {
    keys: ['gpu.map'],
    problem: ({ gpu }) =>
      new Set(gpu.map.map((entry) => entry.toLowerCase().replace(/^0+:/, ''))).size < gpu.map.length
        ? '{gpu.map}; expected each GPU once'
        : undefined,
  },
  {
    keys: ['quotas', 'quotas_file'],
    problem: ({ quotas, quotas_file: file }) =>
      quotas.length > 0 && file !== undefined
        ? '{quotas}; expected the quotas here or in {quotas_file}, not in both'
        : undefined,
  },
  {
    keys: ['mail.smtp.user', 'mail.smtp.password_file'],
    problem: ({ mail: { smtp } }) =>
      (smtp.user === undefined) !== (smtp.password_file === undefined)
        ? '{mail.smtp.user}, {mail.smtp.password_file}; expected both or none'
        : undefined,
  },
  {
    keys: ['mail.transport', 'mail.domain'],
    problem: ({ mail }) =>
      mail.transport === 'smtp' && mail.domain === undefined
        ? '{mail.transport}; expected mail.domain with it: a server knows addresses, not the names of users'
        : undefined,
  },
  {
    keys: ['time_zone'],
    problem: ({ time_zone: zone }) =>
      zone !== undefined && !isTimeZone(zone)
        ? '{time_zone}, which this machine does not know; expected a name such as Europe/Berlin'
        : undefined,
  },
  ...FOLDERS.flatMap((a, i) =>
    FOLDERS.slice(i + 1).map((b) => ({
      keys: [a, b],
      problem: (config: EitConfig) =>
        folder(config[a]) === folder(config[b]) ? `{${a}}; expected another folder than {${b}}` : undefined,
    })),
  ),
  ...FOLDERS.map((other) => ({
    keys: ['intensity_dir', other],
    problem: (config: EitConfig) =>
      config.intensity_dir !== undefined && folder(config.intensity_dir) === folder(config[other])
        ? `{intensity_dir}; expected another folder than {${other}}, such as one in the ledger that is no cluster's name`
        : undefined,
  })),
  {
    keys: ['intensity'],
    problem: ({ intensity }) => {
      const all = intensity.map(({ zone, provider, provider_zone: name, basis }) =>
        JSON.stringify([zone, provider, name, basis]),
      );
      return new Set(all).size < all.length ? '{intensity}; expected each series once' : undefined;
    },
  },
  within('ledger', 'state_dir', 'which does not outlive a reboot'),
  within('ledger', 'spool_dir', 'where records only wait for the ledger'),
  within('state_dir', 'ledger', 'which is shared, and this folder is for one host'),
  within('var_dir', 'ledger', 'which is shared, and this folder is for one host'),
  within('spool_dir', 'ledger', 'which is shared, and this folder is for one host'),
  within('quota_dir', 'ledger', 'which is shared, and this folder is for one host'),
];

function within(inner: (typeof FOLDERS)[number], outer: (typeof FOLDERS)[number], why: string): Combination {
  return {
    keys: [inner, outer],
    problem: (config) => {
      const [innerFolder, outerFolder] = [folder(config[inner]), folder(config[outer])];
      const inside = innerFolder !== outerFolder && innerFolder.startsWith(outerFolder);
      return inside ? `{${inner}}; expected a folder outside {${outer}}, ${why}` : undefined;
    },
  };
}

/** A path by its names alone, ended by a slash. */
function folder(path: string): string {
  return normalize(`${path}/`);
}

/** Fills `{key}` of a problem in: `ledger is "/x"` at its beginning, `state_dir ("/run/eit", the default)` after that. */
export function fillIn(problem: string, config: EitConfig, set: ReadonlySet<string>): string {
  return problem.replaceAll(/\{([a-z_.]+)\}/g, (_, key: string, offset: number) => {
    const value = visibleValue(valueAt(config, key));
    const origin = set.has(key) ? '' : ', the default';
    return offset === 0 ? `${key} is ${value}${origin}` : `${key} (${value}${origin})`;
  });
}

function valueAt(config: EitConfig, key: string): unknown {
  let value: unknown = config;
  for (const part of key.split('.')) value = (value as Record<string, unknown>)[part];
  return value;
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
