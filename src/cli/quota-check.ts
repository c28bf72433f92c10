import { parseArgs } from 'node:util';
import { chooseConfigPath, readConfigText } from '../config/config-text';
import { plainPath } from '../config/plain-path';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import { type CheckedQuota, type CheckedSubject, judge, type Verdict } from '../quota/check';
import { readStateText } from '../quota/state-folder';
import { quotaAmountText } from '../report/units';
import {
  encodeName,
  OTHERS,
  parseStateFile,
  parseUserNames,
  stateFileName,
  USER_NAMES,
} from '../quota/state-file';

// A job's submission may wait for this: no command-line parser, no YAML, no time zones are loaded.

const DEFAULT_DIR = '/var/lib/eit/quota';
const DEFAULT_MAX_AGE_MIN = 120;

/** What `eit quota check` ends with. */
const STATUS = { within: 0, over: 3, unknown: 4 } as const;

const OPTIONS = {
  user: { type: 'string', short: 'u' },
  account: { type: 'string', short: 'A' },
  partition: { type: 'string', short: 'p' },
  qos: { type: 'string', short: 'q' },
  'max-age': { type: 'string' },
  dir: { type: 'string' },
  config: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const HELP = `eit quota check [options]

Whether a job may start, as far as quotas go: from the files that eit quota refresh left on this host, without the ledger.

  -u, --user USER            name or uid; default: you, where nothing else is asked for
  -A, --account ACCOUNT
  -p, --partition PARTITION
  -q, --qos QOS
      --max-age MINUTES      older data are unknown; default: ${DEFAULT_MAX_AGE_MIN}
      --dir FOLDER           instead of quota_dir of the config
      --config FILE          default: $EIT_CONFIG, else /etc/eit/eit.yaml
      --json                 print JSON

Exit status 0: within every quota; 3: over one; 4: unknown or too old; 2: a wrong option or config.
`;

/** The process as far as the check needs it. */
export interface CheckSurroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly uid: number;
  readonly nowMs: number;
}

/** What the check says and ends with. */
export interface CheckOutcome {
  readonly status: number;
  readonly text: string;
}

/**
 * `eit quota check`.
 * @param args without the command's own words
 * @throws EitError EIT_USAGE, EIT_CONFIG_UNREADABLE, EIT_CONFIG_INVALID
 */
export function quotaCheck(args: readonly string[], { env, uid, nowMs }: CheckSurroundings): CheckOutcome {
  const values = parse(args);
  if (values.help === true) return { status: 0, text: HELP };
  const maxAgeS = maxAge(values['max-age']) * 60;
  const dir = values.dir ?? quotaDir(values.config, env);
  const { account, partition, qos } = values;
  const user = values.user ?? ((account ?? partition ?? qos) ? undefined : String(uid));
  const subjects: CheckedSubject[] = [
    ...(user === undefined ? [] : [ofUser(dir, user)]),
    ...(account === undefined ? [] : [read(dir, 'account', account, stateFileName(account))]),
    ...(partition === undefined ? [] : [read(dir, 'partition', partition, stateFileName(partition))]),
    ...(qos === undefined ? [] : [read(dir, 'qos', qos, stateFileName(qos))]),
  ];
  const verdict = judge(subjects, Math.floor(nowMs / 1000), maxAgeS);
  const text = values.json === true ? jsonOf(verdict) : textOf(verdict);
  return { status: STATUS[verdict.state], text };
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: false });
    for (const name of ['user', 'account', 'partition', 'qos', 'dir', 'config'] as const) {
      if (values[name] === '') throw new EitError('EIT_USAGE', `--${name} is empty`);
    }
    return values;
  } catch (error) {
    if (error instanceof EitError) throw error;
    throw new EitError('EIT_USAGE', `${(error as Error).message}. See eit quota check --help.`, {
      cause: error,
    });
  }
}

function maxAge(text: string | undefined): number {
  if (text === undefined) return DEFAULT_MAX_AGE_MIN;
  if (/^\d{1,6}$/.test(text) && Number(text) > 0) return Number(text);
  throw new EitError(
    'EIT_USAGE',
    `--max-age takes a whole number of minutes above 0, not ${JSON.stringify(text)}`,
  );
}

function quotaDir(config: string | undefined, env: NodeJS.ProcessEnv): string {
  const { path, namedBy } = chooseConfigPath({ ...(config === undefined ? {} : { path: config }), env });
  const dir = plainPath(readConfigText(path, namedBy) ?? '', 'quota_dir', DEFAULT_DIR);
  if (dir !== null) return dir;
  throw new EitError(
    'EIT_CONFIG_INVALID',
    `quota_dir in ${visible(path)} must be one absolute path on one line, such as: quota_dir: ${DEFAULT_DIR}`,
  );
}

/** A name that no run and no quota has is of someone who has used nothing. */
function ofUser(dir: string, user: string): CheckedSubject {
  if (/^\d{1,10}$/.test(user)) return read(dir, 'user', user, user);
  const text = textIn(dir, USER_NAMES);
  const uids = typeof text === 'string' ? parseUserNames(text) : null;
  if (uids === null) {
    const reason = `user ${user}: ${typeof text === 'string' ? `${dir}/${USER_NAMES} is damaged` : text.reason}`;
    return { per: 'user', name: user, file: null, reason };
  }
  const uid = uids.get(encodeName(user));
  return read(dir, 'user', user, uid === undefined ? OTHERS : String(uid));
}

/** @param file its file's name; null: it can have none */
function read(dir: string, per: CheckedSubject['per'], name: string, file: string | null): CheckedSubject {
  const unknown = (reason: string): CheckedSubject => ({
    per,
    name,
    file: null,
    reason: `${per} ${name}: ${reason}`,
  });
  if (file === null) return unknown('the name is too long for a file');
  for (const one of [file, OTHERS]) {
    const text = textIn(dir, `${per}/${one}`);
    if (typeof text !== 'string') {
      if (text.isAbsent && one !== OTHERS) continue;
      return unknown(text.reason);
    }
    const parsed = parseStateFile(text);
    return parsed === null
      ? unknown(`${dir}/${per}/${one} is damaged`)
      : { per, name, file: parsed, reason: '' };
  }
  return unknown(`nothing in ${dir}`);
}

function textIn(dir: string, path: string): string | { isAbsent: boolean; reason: string } {
  try {
    return (
      readStateText(dir, path) ?? {
        isAbsent: true,
        reason: `there is no ${dir}/${path}; run eit quota refresh on this host`,
      }
    );
  } catch (error) {
    return {
      isAbsent: false,
      reason: `cannot read ${dir}/${path}: ${String((error as NodeJS.ErrnoException).code)}`,
    };
  }
}

function textOf(verdict: Verdict): string {
  const { state, quotas, reason } = verdict;
  const shown = state === 'over' ? quotas.filter((quota) => quota.isOver) : quotas;
  const lines = shown.map((quota) => `${quota.isOver ? 'over' : 'within'}: ${quotaText(quota)}`);
  if (reason !== '') lines.push(`unknown: ${reason}`);
  if (lines.length === 0) lines.push('within: no quota concerns this');
  if (state !== 'unknown') lines[lines.length - 1] += `; data until ${utc(verdict.dataUntilS) ?? 'unknown'}`;
  return `${lines.map((line) => visible(line)).join('\n')}\n`;
}

function quotaText({ per, name, used, limit, unit, period, untilS, isOver }: CheckedQuota): string {
  const by = isOver ? `, ${quotaAmountText(Math.max(0, used - limit), unit)} over` : '';
  const end = untilS === null ? '' : `, until ${utc(untilS) ?? ''}`;
  return `${per} ${name}, ${period}: ${quotaAmountText(used, unit)} of ${quotaAmountText(limit, unit)}${by}${end}`;
}

function jsonOf({ state, dataUntilS, quotas, reason }: Verdict): string {
  const value = {
    state,
    data_until: utc(dataUntilS),
    reason: reason === '' ? null : reason,
    quotas: quotas.map(({ per, name, used, limit, unit, period, untilS, isOver }) => ({
      per,
      name,
      state: isOver ? 'over' : 'within',
      used,
      limit,
      over_by: isOver ? Number(Math.max(0, used - limit).toFixed(9)) : 0,
      unit,
      period,
      until: utc(untilS),
    })),
  };
  // Names are the caller's: nothing that a terminal obeys comes out.
  const text = JSON.stringify(value).replaceAll(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${text}\n`;
}

function utc(seconds: number | null): string | null {
  return seconds === null ? null : new Date(seconds * 1000).toISOString().replace('.000', '');
}
