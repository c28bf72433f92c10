import { createHmac } from 'node:crypto';
import { type Column, quoted } from './column';
import { sqlText } from './duckdb';

/** Whose runs are nobody's any more: reports show them under this name. */
export const ERASED = '(erased)';

/** Real job ids are below: an id from here on is a veiled one. With 52 bits a million jobs share none. */
const FIRST_VEILED_JOB = 2 ** 52;
const JOB_DIGITS = 13;

/** How pseudonyms look. No system takes a name that begins so. */
const PSEUDONYM = /^~[0-9a-f]{16}$/;
export const PSEUDONYM_SQL = '^~[0-9a-f]{16}$';

export function isPseudonym(name: string): boolean {
  return PSEUDONYM.test(name);
}

/**
 * What takes the place of a user: a keyed hash. The same user has the same one in all months of a cluster, so that a year's report
 * counts people rightly; without the key nobody can try names out.
 * @param user the name; where there is none `uid:` and the uid
 */
export function pseudonymOf(key: Uint8Array, cluster: string, user: string): string {
  const hash = createHmac('sha256', key).update(`user\0${cluster}\0${user}`).digest('hex');
  return `~${hash.slice(0, 16)}`;
}

/** How what tells of a person is made untellable. */
export interface Veil {
  /** SQL of the text that takes the place of the user's name; the row is `held`, without which "user" in a query within is DuckDB's own. */
  readonly user: string;
  /** Keys the hash of job ids: one that is thrown away leaves no way back. */
  readonly secret: string;
  /** Names beside the row's own that must be in no text of it: an account of her own goes by the user's name. */
  readonly names: readonly string[];
}

/** SQL of what takes the place of a job id: the same for the same job, everywhere. */
export function veiledJobSql(column: string, secret: string): string {
  const hash = `sha256(${sqlText(secret)} || ':' || ${column})`;
  return `${FIRST_VEILED_JOB} + ('0x' || left(${hash}, ${JOB_DIGITS}))::BIGINT`;
}

/** Texts that a user, or her job, is known by; the rest of the texts are of the machines and of how they are shared. */
const GONE = new Set(['nodelist', 'reservation', 'name']);

/**
 * SQL that gives rows with those of some people veiled: name, uid, job ids, node lists; what they used stays as it is.
 * @param from SQL relation
 * @param where which rows
 */
export function veiledSql(
  columns: readonly Pick<Column<never>, 'name' | 'type'>[],
  from: string,
  where: string,
  veil: Veil,
): string {
  const userColumn = columns.some(({ name }) => name === 'user_name') ? 'user_name' : '"user"';
  const selected = columns.map(({ name, type }) => {
    const value = quoted(name);
    const veiled = veiledValueSql(name, type, veil, userColumn);
    return veiled === value ? value : `CASE WHEN ${where} THEN ${veiled} ELSE ${value} END AS ${value}`;
  });
  return `SELECT ${selected.join(', ')} FROM ${from} AS held`;
}

function veiledValueSql(name: string, type: Column<never>['type'], veil: Veil, userColumn: string): string {
  const value = quoted(name);
  if (name === 'user' || name === 'user_name') return veil.user;
  if (name === 'uid' || name === 'cancelled_by_uid') return 'NULL';
  if (name === 'sluid') return `left(sha256(${sqlText(veil.secret)} || ':' || ${value}), 16)`;
  if (GONE.has(name)) return 'NULL';
  if (/^(job|job_id|het_job|het_job_id|array_job_id)$/.test(name)) return veiledJobSql(value, veil.secret);
  if (type === 'VARCHAR' && !OF_MACHINES.has(name)) {
    const known = [...veil.names.map((each) => sqlText(each)), userColumn];
    return `CASE WHEN ${known.map((each) => holdsSql(value, each)).join(' OR ')} THEN ${veil.user} ELSE ${value} END`;
  }
  return value;
}

/** Whether a text holds a name as a word of its own: `alice-lab` is of alice, `malice` is not. */
function holdsSql(text: string, name: string): string {
  const pattern = `'(^|[^a-z0-9])' || regexp_escape(lower(${name})) || '([^a-z0-9]|$)'`;
  return `coalesce(regexp_matches(lower(${text}), ${pattern}), false)`;
}

/** Keys by which rows are one, and what hosts are called: a user who has a node's name does not own the node. */
const OF_MACHINES = new Set([
  ...['node', 'host', 'instance', 'state', 'exit_code', 'end_by', 'gpu_domains', 'gpu_conflict'],
  ...['month', 'cpu_models', 'gpu_models'],
]);
